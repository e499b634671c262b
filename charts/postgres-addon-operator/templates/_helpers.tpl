{{/* The name of the objects that exist once per release. At most 63 characters, the limit of Services and label values. */}}
{{- define "postgres-addon-operator.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Distinguishes the pods of this release from others. The selector of a Deployment is immutable. */}}
{{- define "postgres-addon-operator.selectorLabels" -}}
app.kubernetes.io/name: postgres-addon-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "postgres-addon-operator.labels" -}}
{{ include "postgres-addon-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "postgres-addon-operator.serviceAccountName" -}}
{{- $ours := include "postgres-addon-operator.fullname" . -}}
{{- .Values.serviceAccount.name | default (ternary $ours "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "postgres-addon-operator.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* Three quarters of the memory limit in MiB; the rest is for code, stacks and buffers. Empty without a limit. */}}
{{- define "postgres-addon-operator.heapMebibytes" -}}
{{- with dig "limits" "memory" "" (.Values.resources | default dict) -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $mebibytes := ternary (mul $number 1024) $number (hasSuffix "Gi" .) -}}
{{- div (mul $mebibytes 3) 4 -}}
{{- end -}}
{{- end -}}

{{- /* Generated from src/api/resources.ts by `npm run generate`; do not edit. */}}

{{- /* In the watched namespaces. */}}
{{- define "postgres-addon-operator.rules" -}}
- apiGroups: [addons.paas.dev]
  resources: [postgresaddons]
  # list, watch: to watch the addons
  # get: to read the latest state before the owner of an object changes
  # patch: to set the finalizer of protected addons
  verbs: [get, list, watch, patch]
- apiGroups: [addons.paas.dev]
  resources: [postgresaddons/status]
  # to write the status of the addons
  verbs: [patch]
- apiGroups: [addons.paas.dev]
  resources: [postgresaddons/finalizers]
  # for owner references that block the deletion of the addon, where OwnerReferencesPermissionEnforcement is on; never sent
  verbs: [update]
- apiGroups: [postgresql.cnpg.io]
  resources: [clusters]
  # list, watch: to watch the databases
  # get: to read the latest state before the owner changes, and to find out why a database does not come up
  # create, patch: to create and update them
  verbs: [get, list, watch, create, patch]
- apiGroups: [postgresql.cnpg.io]
  resources: [scheduledbackups]
  # list, watch: to watch the schedules
  # get: to read the latest state before the owner changes
  # create, patch: to create and update them
  # delete: to remove them when a plan has no backups
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [postgresql.cnpg.io]
  resources: [databaseroles]
  # list, watch: to watch the login roles of the databases
  # get: to read the latest state before the owner changes
  # create, patch: to create and update those that addons ask for
  # delete: to remove those that can no longer log in
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [barmancloud.cnpg.io]
  resources: [objectstores]
  # list, watch: to watch where backups are written, and what can be restored
  # get: to read the latest state before the owner changes
  # create, patch: to create and update them
  # delete: to remove the one of a restore drill, with the database that was restored from it
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [postgresql.cnpg.io]
  resources: [backups]
  # get: to see how a base backup that it made ends, by its name
  # create, patch: to make the first base backup, and those that are asked for
  # list, delete: to remove those that it made and that failed, once they are older than the retention
  verbs: [get, list, create, patch, delete]
- apiGroups: [""]
  resources: [secrets]
  # get: to read the credentials that CloudNativePG made, and the app's Secret, each by its name
  # create, patch: to write the app's Secrets, and those with the passwords of its roles
  # delete: to remove the extra ones, and those of roles, that the addon does not ask for any more, or that were left behind with a database that it adopted
  verbs: [get, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  # get: to see whether the one with the CA of a database has the current one, by its name
  # create, patch: to write it for the addons that ask for sslMode require or verify-full
  # delete: to remove it when the addon does not ask for one of them any more
  verbs: [get, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  # get: to see how the redaction of a restored database ends, by its name
  # create, patch: to run the redaction that spec.restore asks for
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  # to know whether a disk can grow, and to find out why a database does not come up
  verbs: [list]
- apiGroups: [""]
  resources: [pods, events]
  # to find out why a database does not come up, or why its backup was broken off; without it, status reports that the cause could not be determined
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  # to record what happens to an addon
  verbs: [create]
{{- end -}}

{{- /* For objects without a namespace, or in any. */}}
{{- define "postgres-addon-operator.clusterRules" -}}
- apiGroups: [storage.k8s.io]
  resources: [storageclasses]
  # to know whether a disk can grow
  verbs: [get]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  # to see whether another installation of the operator, which holds an addon, still runs
  verbs: [get]
{{- end -}}

{{- /* In the operator's own namespace. */}}
{{- define "postgres-addon-operator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  # to elect a leader; RBAC cannot limit this verb to a name, since the object has none yet
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "postgres-addon-operator.fullname" . }}]
  # to elect a leader
  verbs: [get, update]
{{- end -}}

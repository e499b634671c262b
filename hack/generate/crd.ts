// Generates the chart's copy of the CRD: the same text with Helm's conditions around it.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** What Helm adds to the metadata: the promise that an uninstall leaves the CRD and all databases alone, and labels. */
const ANNOTATIONS = `  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}`;
const LABELS = '    {{- include "postgres-addon-operator.labels" . | nindent 4 }}';

/**
 * The text of the chart's templates/crds.yaml.
 * @param crdPath the source CRD: one YAML document with `metadata:` and, as its first fields, `name:` and `labels:` in block style
 * @throws Error when the metadata does not look so; file system errors pass through
 */
export async function generateChartCrd(crdPath: string): Promise<string> {
  const source = await readFile(crdPath, 'utf8');
  const literal = withoutLeadingComment(source).replaceAll('{{', '{{ "{{" }}');
  const named = [...literal.matchAll(/^(metadata:\n {2}name: \S+)\n( {2}labels:)$/gm)];
  const [[whole, name, labels] = []] = named;
  if (whole === undefined || named.length > 1) {
    throw new Error(
      `${crdPath}: \`metadata:\` has to start with \`name:\` and \`labels:\`, once, for the chart's copy to be made of it`,
    );
  }
  return [
    `{{- /* Generated from crds/${basename(crdPath)} by \`npm run generate\`; do not edit. */}}`,
    '{{- if .Values.crds.enabled }}',
    literal.replace(whole, () => [name, ANNOTATIONS, labels, LABELS].join('\n')).trimEnd(),
    '{{- end }}',
    '',
  ].join('\n');
}

function withoutLeadingComment(text: string): string {
  return text.replace(/^(#.*\n)+/, '');
}

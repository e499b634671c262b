// Generates the chart's copy of the CRD: the same text with Helm's conditions around it.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** What Helm adds to the metadata: labels, and the promise that an uninstall leaves the CRD and all databases alone. */
const METADATA = `  labels:
    {{- include "postgres-addon-operator.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}`;

/**
 * The text of the chart's templates/crds.yaml.
 * @param crdPath the source CRD: one YAML document with `metadata:` and, as its first field, `name:` in block style
 * @throws Error when the metadata does not look so; file system errors pass through
 */
export async function generateChartCrd(crdPath: string): Promise<string> {
  const source = await readFile(crdPath, 'utf8');
  const literal = withoutLeadingComment(source).replaceAll('{{', '{{ "{{" }}');
  const named = literal.match(/^metadata:\n {2}name: \S+$/gm) ?? [];
  const [metadata] = named;
  if (metadata === undefined || named.length > 1) {
    throw new Error(
      `${crdPath}: \`metadata:\` has to start with \`name:\`, once, for the chart's copy to be made of it`,
    );
  }
  return [
    `{{- /* Generated from crds/${basename(crdPath)} by \`npm run generate\`; do not edit. */}}`,
    '{{- if .Values.crds.enabled }}',
    literal.replace(metadata, () => `${metadata}\n${METADATA}`).trimEnd(),
    '{{- end }}',
    '',
  ].join('\n');
}

function withoutLeadingComment(text: string): string {
  return text.replace(/^(#.*\n)+/, '');
}

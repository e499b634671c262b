// Generates the values schema of the chart postgres-addons from the CRD, so that a mistake in an app's values is found before the API server
// sees it, and so that no field is missing there.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

interface Schema {
  readonly [member: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** The text of charts/postgres-addons/values.schema.json. @param crdPath the source CRD */
export async function generateAddonsSchema(crdPath: string): Promise<string> {
  const crd = parse(await readFile(crdPath, 'utf8'));
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties as { readonly spec: Schema };
  const texts = { type: 'object', additionalProperties: { type: 'string' } };
  const database = closed(spec);
  const items = {
    ...database,
    required: ['name', ...((spec.required as readonly string[] | undefined) ?? [])],
    properties: {
      name: {
        description: 'The name of the PostgresAddon.',
        type: 'string',
        maxLength: 63,
        pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
      },
      annotations: { description: 'Annotations of the PostgresAddon.', ...texts },
      labels: { description: 'Labels of the PostgresAddon.', ...texts },
      ...(database.properties as object),
    },
  };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of postgres-addons',
    type: 'object',
    additionalProperties: false,
    properties: {
      postgresDatabases: { type: 'array', items },
      syncWave: { type: 'string', pattern: '^(-?[0-9]+)?$' },
      // For the chart that depends on this one: its condition, and what Helm adds.
      enabled: { type: 'boolean' },
      global: { type: 'object' },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** The schema for a validator that knows no CEL: no other fields than those, and a rule that is a pattern as one. */
function closed({ 'x-kubernetes-validations': rules = [], properties, ...rest }: Schema): Schema {
  const [pattern] = rules.flatMap(({ rule }) => /^self\.matches\('([^']+)'\)$/.exec(rule)?.[1] ?? []);
  return {
    ...rest,
    ...(pattern === undefined ? {} : { pattern }),
    ...(properties === undefined
      ? {}
      : {
          additionalProperties: false,
          properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, closed(inner)])),
        }),
  };
}

// Generates the TypeScript types of PostgresAddon from the CRD's schema, so that the code always matches it.
import { readFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';

/** The text of src/api/generated/postgresaddon.ts for the CRD at `crdPath`. */
export async function generateTypes(crdPath: string): Promise<string> {
  const crd = parse(await readFile(crdPath, 'utf8'));
  const schema = crd.spec.versions[0].schema.openAPIV3Schema;
  const parts = await Promise.all(
    (['spec', 'status'] as const).map((part) =>
      compile(closed(schema.properties[part]), `addon ${part}`, {
        additionalProperties: false,
        bannerComment: '',
        // A list of up to 20 items would be a tuple of each length.
        ignoreMinAndMaxItems: true,
        style: { printWidth: 120, singleQuote: true },
      }),
    ),
  );
  const banner = '// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.\n';
  const text = parts.join('\n').replace(/^( +)(\w+\??: )/gm, '$1readonly $2');
  return `${banner}\n${text}`;
}

/** The text of src/api/generated/postgresaddon-schema.ts: the schema, without its descriptions. */
export async function generateSchema(crdPath: string): Promise<string> {
  const crd = parse(await readFile(crdPath, 'utf8'));
  const schema = crd.spec.versions[0].schema.openAPIV3Schema;
  const kept = ['properties', 'items', 'enum', 'required', 'x-kubernetes-validations'];
  const banner = '// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.\n';
  const text = JSON.stringify(reduced(schema, kept), null, 2);
  return `${banner}import type { Schema } from '../schema.ts';\n\nexport const addonSchema: Schema = ${text};\n`;
}

/** The schema and those inside it with some of their members. A property may have the name of a member. */
function reduced(schema: Record<string, unknown>, kept: readonly string[]): unknown {
  const members = Object.entries(schema).filter(([key]) => kept.includes(key));
  return Object.fromEntries(
    members.map(([key, value]) => {
      if (key === 'items') return [key, reduced(value as Record<string, unknown>, kept)];
      if (key !== 'properties') return [key, value];
      const properties = Object.entries(value as Record<string, Record<string, unknown>>);
      return [key, Object.fromEntries(properties.map(([name, inner]) => [name, reduced(inner, kept)]))];
    }),
  );
}

/** The schema without the API server's own extensions, which json-schema-to-typescript does not know. */
function closed(schema: Record<string, unknown>): JSONSchema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key.startsWith('x-kubernetes-') ? undefined : value)));
}

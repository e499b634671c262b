// The part of an OpenAPI schema that decides what the API server stores of an object, and where it is found.
import type { Gvr } from './kubernetes.ts';
import { type Raw, record } from './raw.ts';

/** A schema as the API server publishes it, with the members that matter here. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message?: string }[];
}

/**
 * The paths of what a value has and its schema does not: fields, and values of a closed list. A newer version of the API may have them.
 * @param schema without one, the value can be anything
 * @param path of the value in the object
 */
export function unknownIn(value: unknown, schema: Schema | undefined, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknownIn(item, schema?.items, `${path}[]`));
  if (schema?.enum !== undefined && !schema.enum.includes(value)) return [path];
  const { properties } = schema ?? {};
  if (properties === undefined) return [];
  return Object.entries(record(value)).flatMap(([name, member]) =>
    Object.hasOwn(properties, name) ? unknownIn(member, properties[name], `${path}.${name}`) : [`${path}.${name}`],
  );
}

/** The path of the OpenAPI v3 document of a resource's group and version. Every authenticated user can read it (`system:discovery`). */
export function schemaPath({ group, version }: Gvr): string {
  return `/openapi/v3/apis/${group}/${version}`;
}

/** The schema of a kind in an OpenAPI v3 document; undefined if the document does not have it. */
export function schemaIn(document: unknown, { group, version, kind }: Gvr): Schema | undefined {
  const isKind = (row: unknown): boolean => {
    const names = record(row);
    return names.group === group && names.version === version && names.kind === kind;
  };
  const all = Object.values(record(record(record(document).components).schemas)).map(record);
  return all.find((schema) => kindsOf(schema).some(isKind)) as Schema | undefined;
}

function kindsOf(schema: Raw): readonly unknown[] {
  const kinds = schema['x-kubernetes-group-version-kind'];
  return Array.isArray(kinds) ? kinds : [];
}

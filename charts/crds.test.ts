// The API server refuses a CRD with a key that no schema has, and a comma too many in YAML is enough to make one. And it limits what of an
// addon is cached whole.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { repositoryRoot } from '../hack/toolchain/repository.ts';
import { longestText, record } from '../src/api/raw.ts';

/** The keys of a schema that this CRD needs: JSONSchemaProps of apiextensions.k8s.io/v1. */
const known = new Set([
  ...['type', 'format', 'description', 'default', 'enum', 'properties', 'required', 'items', 'additionalProperties'],
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'pattern', 'nullable'],
  ...['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type'],
  'x-kubernetes-preserve-unknown-fields',
]);

function strangeIn(schema: unknown, path: string): readonly string[] {
  const { properties, items, additionalProperties, ...rest } = record(schema);
  const strange = Object.keys(rest).filter((key) => !known.has(key) || record(schema)[key] === null);
  const inside = [
    ...Object.entries(record(properties)).map(([name, one]) => [one, `${path}.${name}`] as const),
    ...[items, additionalProperties].map((one) => [one, `${path}[]`] as const),
  ];
  return [
    ...strange.map((key) => `${path}: ${key}`),
    ...inside.filter(([one]) => typeof one === 'object').flatMap(([one, where]) => strangeIn(one, where)),
  ];
}

async function schemaOfAddons(): Promise<unknown> {
  const crd: unknown = parse(await readFile(join(repositoryRoot, 'crds/addons.paas.dev_postgresaddons.yaml'), 'utf8'));
  const [version] = record(record(crd).spec).versions as readonly unknown[];
  return record(record(version).schema).openAPIV3Schema;
}

it('has only keys that a schema can have', async () => {
  const schema = await schemaOfAddons();
  expect(Object.keys(record(record(schema).properties))).toEqual(expect.arrayContaining(['spec', 'status']));
  expect(strangeIn(schema, '')).toEqual([]);
});

/** The most characters that a value of a schema has, with the names of its members; infinite if nothing limits them. */
function mostCharacters(schema: unknown): number {
  const { type, properties, items, additionalProperties, ...limits } = record(schema);
  switch (type) {
    case 'string':
      return Array.isArray(limits.enum)
        ? Math.max(...limits.enum.map((value) => String(value).length))
        : Number(limits.maxLength ?? Number.POSITIVE_INFINITY);
    case 'array':
      return Number(limits.maxItems ?? Number.POSITIVE_INFINITY) * mostCharacters(items);
    case 'object': {
      if (limits['x-kubernetes-preserve-unknown-fields'] === true) return Number.POSITIVE_INFINITY;
      const { maxProperties = Number.POSITIVE_INFINITY } = limits;
      // The API server bounds the name of a member by nothing else.
      if (additionalProperties !== undefined)
        return Number(maxProperties) * (longestText + mostCharacters(additionalProperties));
      const members = Object.entries(record(properties));
      return members.reduce((sum, [name, member]) => sum + name.length + mostCharacters(member), 0);
    }
    case 'integer':
    case 'number':
    case 'boolean':
      return 20;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

describe('the spec, which is cached whole,', () => {
  it('is bounded in every part', async () => {
    const { spec } = record(record(await schemaOfAddons()).properties);
    const parts = Object.entries(record(record(spec).properties)).map(([name, one]) => [name, mostCharacters(one)]);
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.filter(([, most]) => Number(most) > 50_000)).toEqual([]);
  });

  it.each([
    ['a text of any length', { type: 'string', pattern: '^a*$' }],
    ['a list of any length', { type: 'array', items: { type: 'integer' } }],
    ['a list of texts of any length', { type: 'array', maxItems: 1, items: { type: 'string' } }],
    ['any members', { type: 'object', additionalProperties: { type: 'integer' } }],
    ['unknown members', { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true }],
    ['anything', {}],
  ])('would not be with %s', (_, part) => {
    expect(mostCharacters({ type: 'object', properties: { part } })).toBe(Number.POSITIVE_INFINITY);
  });
});

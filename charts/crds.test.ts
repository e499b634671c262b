// The API server refuses a CRD with a key that no schema has, and a comma too many in YAML is enough to make one.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { repositoryRoot } from '../hack/toolchain/repository.ts';
import { record } from '../src/api/raw.ts';

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

it('has only keys that a schema can have', async () => {
  const crd: unknown = parse(await readFile(join(repositoryRoot, 'crds/addons.paas.dev_postgresaddons.yaml'), 'utf8'));
  const [version] = record(record(crd).spec).versions as readonly unknown[];
  const { openAPIV3Schema } = record(record(version).schema);
  expect(Object.keys(record(record(openAPIV3Schema).properties))).toEqual(expect.arrayContaining(['spec', 'status']));
  expect(strangeIn(openAPIV3Schema, '')).toEqual([]);
});

import { describe, expect, it } from '@jest/globals';
import type { Gvr } from './kubernetes.ts';
import { type Schema, schemaIn, schemaPath, unknownIn } from './schema.ts';

const gvr: Gvr = { group: 'addons.paas.dev', version: 'v1alpha1', plural: 'postgresaddons', kind: 'PostgresAddon' };
const { group, version, kind } = gvr;
const kindKey = 'x-kubernetes-group-version-kind';
const documentWith = (...schemas: readonly unknown[]) => ({ components: { schemas: { ...schemas } } });

it('the document of a group and version has its own path', () => {
  expect(schemaPath(gvr)).toBe('/openapi/v3/apis/addons.paas.dev/v1alpha1');
});

it('the schema of a kind is found among others, also if it is that of several', () => {
  const wanted = {
    properties: {},
    [kindKey]: [
      { group: '', version: 'v1', kind: 'List' },
      { group, version, kind },
    ],
  };
  const others = [
    { [kindKey]: [{ group: 'other', version, kind }] },
    { [kindKey]: [{ group, version: 'v1', kind }] },
    { [kindKey]: [{ group, version, kind: 'PostgresAddonList' }] },
    { properties: {} },
    { [kindKey]: { group, version, kind } },
    null,
  ];
  expect(schemaIn(documentWith(...others, wanted), gvr)).toBe(wanted);
  expect(schemaIn(documentWith(...others), gvr)).toBeUndefined();
});

it.each([undefined, 'text', {}, { components: null }, { components: { schemas: [] } }])(
  'no schema is found in %j',
  (document) => expect(schemaIn(document, gvr)).toBeUndefined(),
);

describe('what a value has and its schema does not', () => {
  const schema: Schema = {
    properties: {
      plan: { enum: ['free', 'pro'] },
      database: { properties: { name: {}, labels: {} } },
      roles: { items: { properties: { name: {} } } },
      free: {},
    },
  };
  const cases: readonly (readonly [value: unknown, unknown: readonly string[]])[] = [
    [{ plan: 'free', database: { name: 'app' }, roles: [{ name: 'a' }] }, []],
    [{}, []],
    [{ restore: {} }, ['spec.restore']],
    [{ plan: 'gold' }, ['spec.plan']],
    [{ database: { name: 'app', size: 1 }, other: 2 }, ['spec.database.size', 'spec.other']],
    [{ constructor: {} }, ['spec.constructor']],
    [{ roles: [{ name: 'a' }, { name: 'b', login: true }] }, ['spec.roles[].login']],
    // A part without a schema of its own can hold anything.
    [{ free: [{ any: 'thing' }] }, []],
    [{ free: { any: 'thing' }, database: { labels: { a: 'b' } } }, []],
    [undefined, []],
    [null, []],
    ['text', []],
  ];
  it.each(cases)('%j', (value, unknown) => expect(unknownIn(value, schema, 'spec')).toEqual(unknown));
});

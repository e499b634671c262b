// The comparison of two schemas, and what is stored of a status, on the schema of PostgresAddon with parts taken away.
import { describe, expect, it } from '@jest/globals';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import type { Schema } from '../api/schema.ts';
import { judgeSchema, missingFrom, storable } from './served-schema.ts';

/** The schema with a part of it changed. */
function changed(schema: Schema, path: readonly string[], change: (part: Schema) => Schema | undefined): Schema {
  const [name, ...rest] = path;
  if (name === undefined) return change(schema) ?? {};
  const inner = schema.properties?.[name];
  if (inner === undefined) throw new Error(`there is no ${name}`);
  const part = rest.length === 0 ? change(inner) : changed(inner, rest, change);
  const { [name]: _, ...others } = schema.properties ?? {};
  return { ...schema, properties: part === undefined ? others : { ...others, [name]: part } };
}
const without = (path: string): Schema => changed(addonSchema, path.split('.'), () => undefined);

describe('what the served schema lacks', () => {
  it('is nothing if it is the needed one', () => {
    expect(missingFrom(addonSchema, addonSchema)).toEqual([]);
    expect(judgeSchema([])).toBeUndefined();
  });

  it.each([
    'spec.suspend',
    'spec.connection.sslMode',
    'status.primary',
    'status.credentials.secretUID',
    'status.planChange',
  ])('is the field %s', (path) => {
    expect(missingFrom(without(path), addonSchema)).toEqual([path]);
  });

  it('is a field inside a list', () => {
    const served = changed(addonSchema, ['status', 'planChange', 'steps'], (steps) => ({
      ...steps,
      items: { ...steps.items, properties: {} },
    }));
    expect(missingFrom(served, addonSchema)).toContain('status.planChange.steps[].what');
  });

  it('is a value of an enumeration', () => {
    const served = changed(addonSchema, ['status', 'phase'], (phase) => ({ ...phase, enum: ['creating', 'running'] }));
    expect(missingFrom(served, addonSchema)).toEqual([
      'status.phase: the value "provisioning"',
      'status.phase: the value "deleted"',
    ]);
  });

  it('is a rule', () => {
    const { 'x-kubernetes-validations': _, ...rest } = addonSchema.properties?.spec?.properties?.version ?? {};
    const served = changed(addonSchema, ['spec', 'version'], () => rest);
    expect(missingFrom(served, addonSchema)).toEqual([
      expect.stringMatching(/^spec\.version: the rule "version must be/),
    ]);
  });

  it('is the freedom to leave out a field that it requires', () => {
    const served = changed(addonSchema, ['status'], (status) => ({ ...status, required: ['host'] }));
    expect(missingFrom(served, addonSchema)).toEqual(['status.host is required, and this version does not write it']);
  });

  it('is nothing if it has more than the needed one, or takes anything', () => {
    const newer = changed(addonSchema, ['status'], (status) => ({
      ...status,
      properties: { ...status.properties, host: {} },
    }));
    expect(missingFrom(newer, addonSchema)).toEqual([]);
    expect(
      missingFrom(
        changed(addonSchema, ['status'], () => ({})),
        addonSchema,
      ),
    ).toEqual([]);
  });

  it.each<readonly [string, Schema, Schema, readonly string[]]>([
    [
      'is a rule about the whole object',
      {},
      { 'x-kubernetes-validations': [{ rule: 'self.a' }] },
      ['the object: the rule "self.a"'],
    ],
    ['is nothing of a list that takes anything', {}, { items: { enum: ['a'] } }, []],
    ['is nothing of a list that is not needed', { items: { enum: ['a'] } }, {}, []],
    ['is nothing of an object of which nothing is needed', { properties: { a: {} } }, {}, []],
  ])('%s', (_, served, needed, expected) => expect(missingFrom(served, needed)).toEqual(expected));

  it('is named completely if it is not much', () => {
    const all = Array.from({ length: 8 }, (_, index) => `status.f${index}`);
    expect(judgeSchema(all)?.message).toContain(`lacks: ${all.join('; ')}. What it lacks`);
  });

  it('is named, up to a number, with the remedy', () => {
    const many = Array.from({ length: 20 }, (_, index) => `status.f${index}`);
    expect(judgeSchema(many)).toMatchObject({
      reason: 'CRDOutdated',
      message: expect.stringMatching(/status\.f0; .*status\.f7, and 12 more\. .*kubectl apply --server-side/),
    });
  });
});

describe('what is stored of a status', () => {
  const status = {
    phase: 'deleted',
    primary: 'db-1',
    planChange: { to: 'pro', steps: [{ what: 'memory', from: '1Gi', to: '4Gi' }] },
  };
  const stored = (served: Schema): unknown => storable(status, served.properties?.status ?? {});

  it('is all of it if the schema is the needed one, or takes anything', () => {
    expect(stored(addonSchema)).toEqual(status);
    expect(storable(status, {})).toEqual(status);
  });

  it.each<readonly [unknown, Schema, unknown]>([
    [[{ a: 1, b: 2 }, { b: 3 }], { items: { properties: { a: {} } } }, [{ a: 1 }, {}]],
    [[{ a: 1 }], {}, [{ a: 1 }]],
    [[{ a: 1 }], { properties: {} }, [{ a: 1 }]],
    [null, { properties: {} }, null],
    ['text', { properties: {} }, 'text'],
  ])('of %j, by the schema %j, is %j', (value, served, expected) => expect(storable(value, served)).toEqual(expected));

  it('lacks unknown fields and values', () => {
    const { primary: _, ...others } = status;
    expect(stored(without('status.primary'))).toEqual(others);
    expect(stored(without('status.planChange.steps'))).toEqual({ ...status, planChange: { to: 'pro' } });
    const fewer = changed(addonSchema, ['status', 'phase'], (phase) => ({ ...phase, enum: ['running'] }));
    expect(stored(fewer)).toEqual({ primary: status.primary, planChange: status.planChange });
  });

  const closed: Schema = { enum: ['old'] };
  const item: Schema = { properties: { key: closed, note: {} }, required: ['key'] };
  const [known, unknown] = [
    { key: 'old', note: 'a' },
    { key: 'new', note: 'b' },
  ];

  it.each<readonly [string, unknown, Schema, unknown]>([
    ['an item whose required value is unknown', [known, unknown], { items: item }, [known]],
    ['an item of a closed list of values', ['old', 'new'], { items: closed }, ['old']],
    [
      'an item whose key is unknown',
      [known, unknown],
      { items: { ...item, required: [] }, 'x-kubernetes-list-map-keys': ['key'] },
      [known],
    ],
    [
      'an object whose required value is unknown',
      { a: known, b: unknown },
      { properties: { a: item, b: item } },
      { a: known },
    ],
    [
      'an object without a field that is required',
      { a: { note: 'b' }, c: 1 },
      { properties: { a: item, c: {} } },
      { c: 1 },
    ],
    [
      'an object that requires such an object',
      { outer: { inner: unknown, c: 1 }, c: 1 },
      { properties: { outer: { properties: { inner: item, c: {} }, required: ['inner'] }, c: {} } },
      { c: 1 },
    ],
    [
      'an item that requires such an object, but not one that may lack it',
      [{ inner: unknown, c: 1 }],
      { items: { properties: { inner: item, c: {} } } },
      [{ c: 1 }],
    ],
    [
      'an object of which a required field is not in the schema at all',
      { a: { key: 'old' } },
      { properties: { a: { properties: {}, required: ['key'] } } },
      {},
    ],
    [
      'an object whose unknown value would become the default one',
      { a: unknown },
      { properties: { a: { properties: { key: { ...closed, default: 'old' } }, required: ['key'] } } },
      {},
    ],
  ])('lacks %s', (_, value, served, expected) => expect(storable(value, served)).toEqual(expected));

  it('has an object whose required field is filled in by a default', () => {
    const a: Schema = { properties: { key: { ...closed, default: 'old' }, note: {} }, required: ['key'] };
    expect(storable({ a: { note: 'b' } }, { properties: { a } })).toEqual({ a: { note: 'b' } });
  });

  it('is what there is where the status itself lacks a field that is required', () => {
    expect(storable({ a: 1 }, { properties: { a: {} }, required: ['host'] })).toEqual({ a: 1 });
  });

  it('lacks a restore drill at a step, and an extra Secret of a form, that an older CRD does not have', () => {
    const backup = { requested: 'daily', drill: { step: 'Archiving', startTime: '2026-01-01T00:00:00Z' } };
    const extras = [
      { form: 'servicebinding', name: 'a' },
      { form: 'pgvars', name: 'b' },
    ];
    const noStep = changed(addonSchema, ['status', 'backup', 'drill', 'step'], (step) => ({
      ...step,
      enum: ['Removing'],
    }));
    const served = changed(noStep, ['status', 'extras'], ({ items = {}, ...rest }) => {
      const form = { ...items.properties?.form, enum: ['pgvars'] };
      return { ...rest, items: { ...items, properties: { ...items.properties, form } } };
    });
    const whole = { backup, extras };
    expect(storable(whole, addonSchema.properties?.status ?? {})).toEqual(whole);
    expect(storable(whole, served.properties?.status ?? {})).toEqual({
      backup: { requested: 'daily' },
      extras: [{ form: 'pgvars', name: 'b' }],
    });
  });
});

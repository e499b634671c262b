// Objects that may hold anything are taken apart without an error, and what is kept of them is bounded.
import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from './kubernetes.ts';
import {
  first,
  fits,
  list,
  longestText,
  manyFinalizers,
  manyOwners,
  pick,
  projectMetadata,
  record,
  renamed,
  shaped,
  text,
  whole,
} from './raw.ts';

it('what is of another type reads as empty', () => {
  for (const value of [undefined, null, 'text', 1, true]) {
    expect(record(value)).toEqual({});
    expect(list(value)).toEqual([]);
  }
  expect(list({ length: 1 })).toEqual([]);
  expect(list([{ a: 1 }, null, 'text'])).toEqual([{ a: 1 }, {}, {}]);
  for (const value of [undefined, null, 1, {}]) expect(text(value)).toBe('');
  for (const value of [undefined, null, '1', 1.5, 2 ** 53]) expect(whole(value)).toBeUndefined();
  expect([whole(-1), whole(0), whole(7)]).toEqual([-1, 0, 7]);
});

it('of a list 16 items are kept, and of a text 2048 characters', () => {
  const items = Array.from({ length: 20 }, (_, index) => ({ index }));
  expect(list(items)).toEqual(items);
  expect(first(items)).toEqual(items.slice(0, 16));
  expect(text('x'.repeat(longestText))).toBe('x'.repeat(longestText));
  expect(text('x'.repeat(5000))).toBe(`${'x'.repeat(2047)}…`);
});

it('members are picked that are there and no objects', () => {
  const from = { text: 'a'.repeat(5000), number: 0, flag: false, object: {}, array: [], nothing: null, other: 1 };
  const kept = pick(from, ['text', 'number', 'flag', 'object', 'array', 'nothing', 'absent']);
  expect(kept).toEqual({ text: `${'a'.repeat(2047)}…`, number: 0, flag: false });
  expect(Object.keys(kept)).toHaveLength(3);
});

it('a member without a value is none', () => {
  expect({ ...renamed('a', 0), ...renamed('b', undefined) }).toStrictEqual({ a: 0 });
});

describe('metadata', () => {
  const identity = { name: 'a', namespace: 'b', uid: 'c', resourceVersion: '1' };

  it('keeps the identity, and what is of interest', () => {
    const metadata = {
      ...identity,
      generation: 2,
      finalizers: [],
      labels: { x: '1', y: '2' },
      annotations: { z: '3' },
    };
    const raw = { apiVersion: 'v1', kind: 'Any', metadata } as KubeObject;
    expect(projectMetadata(raw, { fields: [] })).toStrictEqual(identity);
    expect(
      projectMetadata(raw, { fields: ['deletionTimestamp'], finalizers: [], labels: ['x'], annotations: ['none'] }),
    ).toStrictEqual({ ...identity, finalizers: [], labels: { x: '1' }, annotations: {} });
  });

  it('has the labels and annotations of interest also where there are none', () => {
    const raw = { apiVersion: 'v1', kind: 'Any', metadata: identity };
    const kept = projectMetadata(raw, { fields: [], labels: ['x'], annotations: ['z'] });
    expect(kept).toStrictEqual({ ...identity, labels: {}, annotations: {} });
  });
});

describe('owner references and finalizers', () => {
  const reference = { apiVersion: 'v1', kind: 'App', name: 'a', uid: 'u' };
  const characters = '0'.length + Object.entries(reference).flat().join('').length;
  const project = (metadata: object) => {
    const raw = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'a', namespace: 'b', uid: 'c', ...metadata } };
    const { ownerReferences, finalizers } = projectMetadata(raw as KubeObject, {
      fields: ['ownerReferences'],
      finalizers: ['own', 'ours'],
    });
    return { ownerReferences, finalizers };
  };
  const owners = (spare: number) => [{ ...reference, name: 'n'.repeat(8 * longestText - characters + 1 - spare) }];

  it('are kept whole as long as they are of ordinary length', () => {
    const ownerReferences = Array.from({ length: 50 }, () => reference);
    const finalizers = Array.from({ length: 50 }, (_, index) => `example.dev/finalizer-${index}`);
    expect(project({ ownerReferences, finalizers })).toStrictEqual({ ownerReferences, finalizers });
    expect(project({ ownerReferences: owners(0) }).ownerReferences).toEqual(owners(0));
    const longest = ['f'.repeat(8 * longestText - 1)];
    expect(project({ finalizers: longest }).finalizers).toEqual(longest);
    expect(project({})).toStrictEqual({ ownerReferences: undefined, finalizers: undefined });
  });

  it('are not kept in part: what stands for them is no owner, and no finalizer that anything has', () => {
    expect(project({ ownerReferences: owners(-1) }).ownerReferences).toEqual([manyOwners]);
    const finalizers = ['f'.repeat(8 * longestText), 'own'];
    expect(project({ finalizers }).finalizers).toEqual(['own', manyFinalizers]);
    expect(project({ finalizers: Array.from({ length: 5000 }, () => 'f/ff') }).finalizers).toEqual([manyFinalizers]);
  });
});

describe('a value can be kept whole', () => {
  const nested = (depth: number): unknown => (depth === 0 ? '' : [nested(depth - 1)]);

  it('if its texts, numbers and names of members are short enough together', () => {
    const value = { ab: 'cde', f: [{ g: 'hi' }, null, 12, true] };
    const characters = 2 + 3 + 1 + 4 + 1 + 2 + 'null12true'.length;
    expect([fits(value, characters), fits(value, characters - 1)]).toEqual([true, false]);
  });

  it('if it is not too deep', () => {
    expect([fits(nested(32), 1000), fits(nested(33), 1000)]).toEqual([true, false]);
  });
});

describe('a shape', () => {
  const shape = { name: true, inner: { size: true }, items: [{ key: true }] } as const;

  it('keeps its members at every depth', () => {
    const from = { name: 'a', other: 1, inner: { size: 2, other: 3 }, items: [{ key: 'k', other: 4 }, { other: 5 }] };
    expect(shaped(from, shape)).toStrictEqual({ name: 'a', inner: { size: 2 }, items: [{ key: 'k' }, {}] });
  });

  it('drops what has another form', () => {
    expect(shaped({ name: {}, inner: 'text', items: null }, shape)).toStrictEqual({});
    expect(shaped({ items: {} }, shape)).toStrictEqual({ items: [] });
    expect(shaped(undefined, shape)).toStrictEqual({});
  });
});

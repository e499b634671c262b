import { describe, expect, it } from '@jest/globals';
import { projectCluster } from '../api/cnpg.ts';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import {
  alsoTelling,
  alterationOf,
  alterationsIn,
  fieldsOf,
  finalizersAltered,
  standingAlteration,
} from './alteration.ts';
import { withWritten } from './decision.ts';
import { statusOf } from './status.ts';
import { aCluster, anAddon, aRunningAddon, childIn, observingAll, testTime, think } from './testing.ts';
import type { Verdict } from './verdict.ts';

const manifest: Manifest = {
  apiVersion: 'v1',
  kind: 'Cluster',
  metadata: { name: 'db', namespace: 'a' },
  spec: { instances: 3, resources: { limits: { memory: '1Gi' } }, absent: undefined, list: ['x'.repeat(200)] },
};
const stored = (spec: unknown): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Cluster',
    metadata: { name: 'db', namespace: 'a', uid: 'u', resourceVersion: '1' },
    spec,
  }) as KubeObject;

describe('an alteration', () => {
  it('is none where every field is as written; others may be there, and quantities be written otherwise', () =>
    expect(
      alterationOf(
        manifest,
        stored({ ...(manifest.spec as object), resources: { limits: { memory: '1024Mi' } }, more: 1 }),
      ),
    ).toBeUndefined());

  it('names each field with what it is and what was requested, within bounds', () => {
    const message = alterationOf(manifest, stored({ instances: 2, absent: { a: 1 } }))?.message ?? '';
    expect(message).toContain('instances is 2 instead of 3');
    expect(message).toContain('resources is absent instead of {"limits":{"memory":"1Gi"}}');
    expect(message).toContain('absent is {"a":1} instead of absent');
    expect(message.length).toBeLessThan(400);
  });

  it.each([
    [5, /f4 is absent instead of 4$/],
    [6, /f4 is absent instead of 4, and 1 more$/],
    [9, /f4 is absent instead of 4, and 4 more$/],
  ])('names at most five fields of %i', (length, words) => {
    const spec = Object.fromEntries(Array.from({ length }, (_, index) => [`f${index}`, index]));
    const { message = '' } = alterationOf({ ...manifest, spec }, stored({})) ?? {};
    expect(message).toMatch(words);
    expect(fieldsOf({ ...manifest, spec }, stored({}))).toEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
  });

  it('names a field by its whole path, with at most 80 characters of a value', () => {
    const spec = { resources: { limits: { memory: 'x'.repeat(200) } } };
    const other = stored({ resources: { limits: { memory: '1' } } });
    const { message = '' } = alterationOf({ ...manifest, spec }, other) ?? {};
    expect(message).toContain('resources.limits.memory is "1" instead of "xxx');
    expect(message.split(' instead of ')[1]).toHaveLength(80);
    expect(fieldsOf({ ...manifest, spec }, other)).toEqual(['resources.limits.memory']);
  });

  it('of the metadata concerns what was written there, and nothing that others have', () => {
    const metadata = { ...manifest.metadata, labels: { ours: 'x', absent: undefined } };
    const labelled = (labels: Readonly<Record<string, string>>): KubeObject => {
      const { metadata: was, ...rest } = stored(manifest.spec);
      const owner = { apiVersion: 'v1', kind: 'A', name: 'a', uid: 'a' };
      return { ...rest, metadata: { ...was, labels, annotations: { theirs: 'x' }, ownerReferences: [owner] } };
    };
    const written = { ...manifest, metadata };
    expect(alterationOf(written, labelled({ ours: 'x', theirs: 'y' }))).toBeUndefined();
    expect(alterationOf(written, labelled({}))?.message).toContain('metadata.labels.ours is absent instead of "x"');
    expect(fieldsOf(written, labelled({}))).toEqual(['metadata.labels.ours']);
  });

  it('is none of a spec that was not written', () => {
    const { spec: _, ...rest } = manifest;
    expect(alterationOf(rest, stored({ any: 1 }))).toBeUndefined();
  });
});

describe('an alteration of a Secret', () => {
  const secret: Manifest = { ...manifest, kind: 'Secret', data: { KEY: 'c2VjcmV0', OTHER: 'b3RoZXI=' } };
  const holding = (data?: object): KubeObject => ({ ...stored(undefined), data }) as KubeObject;

  it.each<readonly [string, object | undefined, readonly string[]]>([
    ['as it was written', { KEY: 'c2VjcmV0', OTHER: 'b3RoZXI=', more: 'x' }, []],
    ['with another value', { KEY: 'YQ==', OTHER: 'b3RoZXI=' }, ['KEY']],
    ['without data', undefined, ['KEY', 'OTHER']],
  ])('%s names the keys and no value', (_, data, keys) => {
    expect(fieldsOf(secret, holding(data))).toEqual(keys);
    const { message = '' } = alterationOf(secret, holding(data)) ?? {};
    expect(message).toMatch(
      keys.length === 0 ? /^$/ : new RegExp(`: ${keys.join(' has another value, ')} has another value$`),
    );
  });
});

describe('an alteration of the finalizers', () => {
  const wanted: Manifest = { ...manifest, metadata: { ...manifest.metadata, finalizers: ['a', 'b'] } };
  const { finalizers: _, ...none } = wanted.metadata;
  const having = (finalizers?: readonly string[]): KubeObject => {
    const { metadata, ...rest } = stored(undefined);
    return { ...rest, metadata: { ...metadata, ...(finalizers && { finalizers }) } };
  };

  it.each<readonly [string, Manifest, KubeObject, string | undefined]>([
    ['is none if they are as written', wanted, having(['b', 'a']), undefined],
    ['is one that is missing', wanted, having(['a']), 'metadata.finalizers is ["a"] instead of ["a","b"]'],
    ['is one that is another', wanted, having(['a', 'c']), 'metadata.finalizers is ["a","c"] instead of ["a","b"]'],
    ['is one more', wanted, having(['a', 'b', 'c']), 'metadata.finalizers is ["a","b","c"] instead of ["a","b"]'],
    ['is that there are none', wanted, having(), 'metadata.finalizers is [] instead of ["a","b"]'],
    ['is none if there are to be none', { ...wanted, metadata: none }, having(), undefined],
  ])('%s', (__, manifest, is, words) => {
    const altered = finalizersAltered(manifest, is);
    expect(altered?.reason).toBe(words && 'ChangedOnAdmission');
    expect(altered?.message.endsWith(words ?? '')).toBe(words && true);
  });
});

describe('an alteration in status', () => {
  const addon = aRunningAddon({ plan: 'standard' });
  const capped = (memory: string) => {
    const cluster = aCluster(addon);
    const resources = { requests: { memory }, limits: { memory } };
    return { ...cluster, spec: { ...cluster.spec, resources } };
  };
  const recorded = (generation: number) => {
    const { status } = think(observingAll(addon, 'u'));
    const wanted = { ...manifest, kind: 'Cluster', spec: aCluster(addon).spec };
    const action = {
      verb: 'create',
      child: 'cluster',
      concern: 'database',
      manifest: { ...wanted, metadata: { ...manifest.metadata, name: aCluster(addon).metadata.name } },
    } as const;
    const result = withWritten({}, action, capped('512Mi'));
    expect(result.altered?.cluster?.reason).toBe('ChangedOnAdmission');
    const before = { ...addon, status, metadata: { ...addon.metadata, generation } };
    const { decision } = think(observingAll(before, 'u'));
    return { ...before, status: statusOf(before, decision, result, testTime) };
  };

  it('is recorded beside the last status, which stays', () => {
    const { status } = recorded(1);
    expect(status.phase).toBe('running');
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(status.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe('ChangedOnAdmission');
  });

  it('stands if the policy removes a whole part of the spec', () => {
    const wanted = aCluster(addon);
    const { resources: _, ...spec } = wanted.spec;
    const manifest = { apiVersion: 'v1', kind: 'Cluster', metadata: { ...wanted.metadata }, spec: wanted.spec };
    const raw = { ...wanted, spec } as KubeObject;
    const action = { verb: 'create', child: 'cluster', concern: 'database', manifest } as const;
    const { decision, status } = think(observingAll(addon, 'u'));
    const after = statusOf({ ...addon, status }, decision, withWritten({}, action, raw), testTime);
    expect(standingAlteration({ ...addon, status: after }, 'cluster', manifest, projectCluster(raw))).toBeDefined();
  });

  it.each([
    ['the same values', 1, '512Mi', true],
    ['other values, as after an edit', 1, '256Mi', false],
    ['another generation of the addon', 2, '512Mi', false],
  ])('stands for %s: %s', (_, generation, memory, stands) => {
    const known = { ...recorded(1), metadata: { ...addon.metadata, generation } };
    const wanted = {
      apiVersion: 'v1',
      kind: 'Cluster',
      metadata: { ...aCluster(addon).metadata },
      spec: aCluster(addon).spec,
    };
    expect(standingAlteration(known, 'cluster', wanted, capped(memory)) !== undefined).toBe(stands);
    const o = observingAll(known, 'u');
    const decided = think({
      ...o,
      children: {
        ...o.children,
        cluster: { kind: 'found', object: { ...childIn(o, 'cluster'), spec: capped(memory).spec } },
      },
    });
    expect(decided.actions.some(({ child }) => child === 'cluster')).toBe(!stands);
  });

  it('is none of an addon without a status', () =>
    expect(standingAlteration(anAddon(), 'cluster', manifest, stored({}))).toBeUndefined());
});

describe('several alterations', () => {
  const changed = (message: string): Verdict => ({ reason: 'ChangedOnAdmission', message });
  const refused: Verdict = { reason: 'Refused', message: 'no' };

  it.each<readonly [readonly (Verdict | undefined)[], Verdict | undefined]>([
    [[], undefined],
    [[undefined, refused], undefined],
    [[undefined, changed('a'), refused], changed('a')],
    [[changed('a'), changed('b'), changed('a'), changed('c')], changed('a; b; c')],
  ])('are one, with each once: %j', (verdicts, one) => expect(alterationsIn(verdicts)).toEqual(one));

  it.each<readonly [Verdict | undefined, Verdict]>([
    [undefined, refused],
    [changed('a; b'), { reason: 'Refused', message: 'no; a; b' }],
  ])('are told beside something else: %j', (altered, told) => expect(alsoTelling(refused, altered)).toEqual(told));
});

// Which changes restart instances, and how a mark on the Cluster tells whether they have.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { aCluster, anAddon, archivingBelow } from '../testing.ts';
import { awaitsRestart, isRestart, readySince, restartMark, wasMarkedForOther } from './restart-mark.ts';

const cluster = aCluster(anAddon({ plan: 'pro' }));
const { spec } = cluster;
const { parameters } = spec.postgresql ?? {};
type Spec = Cluster['spec'];

describe('instances restart', () => {
  it.each<readonly [string, Partial<Spec>, boolean]>([
    ['for another number of instances', { instances: 5 }, true],
    ['for another image', { imageName: 'other' }, true],
    ['for another request of memory', { resources: { ...spec.resources, requests: { memory: '9Gi' } } }, true],
    ['for another limit of memory', { resources: { ...spec.resources, limits: { memory: '9Gi' } } }, true],
    ['for other buffers', { postgresql: { parameters: { ...parameters, shared_buffers: '9MB' } } }, true],
    ['for other connections', { postgresql: { parameters: { ...parameters, max_connections: '9' } } }, true],
    ['and not for a larger disk', { storage: { size: '99Gi' } }, false],
    ['and not for a disruption budget', { enablePDB: false }, false],
  ])('%s', (_, change, expected) =>
    expect(isRestart(cluster, { ...cluster, spec: { ...spec, ...change } })).toBe(expected),
  );

  it('for parameters where there were none', () => {
    const { postgresql: _, ...without } = spec;
    const bare = { ...cluster, spec: without };
    expect(isRestart(bare, cluster)).toBe(true);
    expect(isRestart(bare, { ...bare, spec: { ...without } })).toBe(false);
  });
});

/** The Cluster with the plugin and a note; with null, it archives nothing. */
function archiving(note: string | null): Cluster {
  const one = archivingBelow(cluster, 'db-1');
  const metadata = { ...one.metadata, annotations: note === null ? {} : { [annotations.objectStore]: note } };
  return { ...one, metadata, ...(note === null ? { spec } : {}) };
}
const [small, large] = ['aaaaaaaa.00000001.1', 'bbbbbbbb.00000002.1'];

describe('instances that archive restart', () => {
  it.each<readonly [string, string | null, string | null, boolean]>([
    ['for another memory of the container', small, large, true],
    ['and not for other settings of the store', small, 'cccccccc.00000001.1', false],
    ['and not for an ObjectStore that was made again', small, 'aaaaaaaa.00000001.2', false],
    ['and not because an earlier version did not note the memory', 'aaaaaaaa.1', large, false],
    ['when they begin to', null, small, true],
    ['when they stop to', small, null, true],
  ])('%s', (_, from, to, expected) => expect(isRestart(archiving(from), archiving(to))).toBe(expected));

  it('as a mark says, until they have, or until the change is reverted', () => {
    const before = archiving(small);
    const mark = restartMark(before, archiving(large), archiving(large));
    const written = (note: string): Cluster => {
      const one = archiving(note);
      const noted = { ...one.metadata.annotations, [annotations.readyBefore]: mark ?? '' };
      return { ...one, metadata: { ...one.metadata, annotations: noted } };
    };
    expect([awaitsRestart(written(large)), awaitsRestart(written(small))]).toEqual([true, false]);
    expect(restartMark(written(large), before, before)).toBeUndefined();
    expect([wasMarkedForOther(written(large), before), wasMarkedForOther(written(large), archiving(large))]).toEqual([
      true,
      false,
    ]);
  });

  it('and no mark of an earlier version is for another request', () => {
    const old = archiving('aaaaaaaa.1');
    const mark = restartMark(old, { ...old, spec: { ...old.spec, instances: 5 } }, old) ?? '';
    const noted = { ...old.metadata.annotations, [annotations.readyBefore]: mark };
    expect(wasMarkedForOther({ ...old, metadata: { ...old.metadata, annotations: noted } }, archiving(large))).toBe(
      false,
    );
  });
});

/** The Cluster with a mark, and ready since then. */
function marked(mark: string | undefined, since: string | null = 'now', change: Partial<Spec> = {}): Cluster {
  const { readyCondition: _, ...status } = cluster.status;
  const ready = since === null ? {} : { readyCondition: { status: 'True', lastTransitionTime: since } };
  const notes = mark === undefined ? {} : { [annotations.readyBefore]: mark };
  const metadata = { ...cluster.metadata, annotations: notes };
  return { ...cluster, metadata, status: { ...status, ...ready }, spec: { ...spec, ...change } };
}
/** The mark of a change to five instances. */
const larger = { ...cluster, spec: { ...spec, instances: 5 } };
const mark = restartMark(marked(undefined), larger, larger) ?? '';

describe('a change is waited for', () => {
  it.each<readonly [string, Cluster, boolean]>([
    ['in the period in which it was written', marked(mark, 'now', larger.spec), true],
    ['not in a later one', marked(mark, 'later', larger.spec), false],
    ['not once it was reverted', marked(mark), false],
    ['not without a mark', marked(undefined), false],
    ['not with a mark of another form', marked('now', 'now', larger.spec), false],
    ['while the Cluster was never ready', marked(mark.replace('now', 'never'), null, larger.spec), true],
  ])('%s', (_, live, expected) => expect(awaitsRestart(live)).toBe(expected));

  it('for the request that it was marked for', () => {
    expect(wasMarkedForOther(marked(mark), larger)).toBe(false);
    expect(wasMarkedForOther(marked(mark, 'now', larger.spec), cluster)).toBe(true);
    expect(wasMarkedForOther(marked('now 01234567', 'now', larger.spec), cluster)).toBe(false);
  });

  it('for no other request, if the Cluster has what is asked for: nothing would replace the mark', () => {
    expect(wasMarkedForOther(marked(mark), cluster)).toBe(false);
    expect(wasMarkedForOther(marked(undefined), cluster)).toBe(false);
  });
});

it('a Cluster that was never ready has a period of its own', () => {
  expect(readySince(marked(undefined, null))).toBe('never');
  expect(readySince(cluster)).toBe('2026-01-02T03:04:04Z');
});

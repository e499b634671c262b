// Which changes restart instances, and how a mark on the Cluster tells whether they have.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { aCluster, anAddon } from '../testing.ts';
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
  ])('%s', (_, change, expected) => expect(isRestart(spec, { ...spec, ...change })).toBe(expected));

  it('for parameters where there were none', () => {
    const { postgresql: _, ...without } = spec;
    expect(isRestart(without, spec)).toBe(true);
    expect(isRestart(without, { ...without })).toBe(false);
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
const larger = { ...spec, instances: 5 };
const mark = restartMark(marked(undefined), larger, larger) ?? '';

describe('a change is waited for', () => {
  it.each<readonly [string, Cluster, boolean]>([
    ['in the period in which it was written', marked(mark, 'now', larger), true],
    ['not in a later one', marked(mark, 'later', larger), false],
    ['not once it was reverted', marked(mark), false],
    ['not without a mark', marked(undefined), false],
    ['not with a mark of another form', marked('now', 'now', larger), false],
    ['while the Cluster was never ready', marked(mark.replace('now', 'never'), null, larger), true],
  ])('%s', (_, live, expected) => expect(awaitsRestart(live)).toBe(expected));

  it('for the request that it was marked for', () => {
    expect(wasMarkedForOther(marked(mark), larger)).toBe(false);
    expect(wasMarkedForOther(marked(mark, 'now', larger), spec)).toBe(true);
    expect(wasMarkedForOther(marked('now 01234567', 'now', larger), spec)).toBe(false);
  });

  it('for no other request, if the Cluster has what is asked for: nothing would replace the mark', () => {
    expect(wasMarkedForOther(marked(mark), spec)).toBe(false);
    expect(wasMarkedForOther(marked(undefined), spec)).toBe(false);
  });
});

it('a Cluster that was never ready has a period of its own', () => {
  expect(readySince(marked(undefined, null))).toBe('never');
  expect(readySince(cluster)).toBe('2026-01-02T03:04:04Z');
});

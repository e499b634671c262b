// Whether the container that archives was killed is told by its pod, where CNPG only reports a broken connection.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { timestampOf } from '../../api/time.ts';
import { type Facts, projectPod } from '../../api/workload.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import { aCluster, anAddon, aRunningAddon, aStore, but, observing, testPlatform, testTime, think } from '../testing.ts';
import { serverNameOf } from './archive.ts';

/** What CNPG reports when the container is killed as a whole, as it is with cgroup v2 (siutsin/otaru#2480). */
const broken = 'rpc error: code = Unavailable desc = error reading from server: EOF';
const minute = 60_000;
const platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };

const { decision } = think(observing(aRunningAddon(), { platform }));
const made = decision.actions.find(({ child }) => child === 'cluster');
if (made?.verb !== 'create') throw new Error('no Cluster');
const cluster = { ...aCluster(anAddon()), spec: made.manifest.spec as Cluster['spec'] };
const serverName = serverNameOf(cluster);

/** An addon whose last base backup failed a minute ago. */
function failing(message: string, { ago = minute, archiving = 'True' } = {}): Observed {
  const transition = timestampOf(testTime - minute);
  const condition = { status: archiving, reason: '', message: broken, lastTransitionTime: transition };
  const lastFailure = { time: timestampOf(testTime - ago), message, backup: `${serverName}-first` };
  const running = aRunningAddon();
  const status = { ...running.status, backup: { serverName, ...(archiving === 'True' && { lastFailure }) } };
  const failed = { ...cluster, status: { ...cluster.status, archiving: condition } };
  return observing({ ...running, status } as PostgresAddon, { cluster: failed, platform });
}

/** The same, with the pods. @param ended when the container of the primary was killed, in milliseconds after the present */
function seeing(o: Observed, ended: number, reason = 'OOMKilled', container = 'plugin-barman-cloud'): Observed {
  const finishedAt = timestampOf(testTime + ended);
  const pod = projectPod({
    metadata: {
      name: cluster.status.currentPrimary,
      uid: 'pod-uid',
      ownerReferences: [{ kind: 'Cluster', name: cluster.metadata.name, uid: cluster.metadata.uid, controller: true }],
    },
    status: {
      initContainerStatuses: [{ name: container, lastState: { terminated: { reason, exitCode: 137, finishedAt } } }],
    },
  });
  const facts: Facts = { pods: [pod], claims: [], warnings: [], changedAt: undefined, unseen: [], failed: [] };
  return but(o, { facts: { kind: 'found', object: facts } });
}

const told = (o: Observed) => {
  const { status } = think(o);
  const condition = status.conditions?.find(({ type }) => type === 'BackupReady');
  return [condition?.reason, status.backup?.lastFailure?.message];
};
const killed = `${broken}; container plugin-barman-cloud: OOMKilled`;

describe('a base backup whose connection broke', () => {
  const o = failing(broken);
  it.each<[string, Observed, string, string]>([
    ['is named after the end of the container', seeing(o, -minute), 'BackupOutOfMemory', killed],
    ['is not, if the container ended otherwise', seeing(o, -minute, 'Error'), 'BackupFailed', broken],
    ['is not, if another container was killed', seeing(o, -minute, 'OOMKilled', 'postgres'), 'BackupFailed', broken],
    ['is not, if the container was killed long before', seeing(o, -12 * minute), 'BackupFailed', broken],
    ['is not, if it was killed long after', seeing(failing(broken, { ago: 30 * minute }), 0), 'BackupFailed', broken],
    ['is not, if nothing is known of the pods', o, 'BackupFailed', broken],
    ['keeps its name later', failing(killed, { ago: 3 * 60 * minute }), 'BackupOutOfMemory', killed],
  ])('%s', (_, observed, reason, message) => expect(told(observed)).toEqual([reason, message]));

  it('of another Cluster explains nothing', () => {
    const { facts } =
      seeing(o, -minute).facts.kind === 'found' ? { facts: seeing(o, -minute).facts } : { facts: o.facts };
    if (facts.kind !== 'found') throw new Error('no facts');
    const foreign = facts.object.pods.map((pod) => ({ ...pod, owner: { kind: 'Cluster', name: 'x', uid: 'other' } }));
    const other = but(o, { facts: { kind: 'found', object: { ...facts.object, pods: foreign } } });
    expect(told(other)).toEqual(['BackupFailed', broken]);
  });

  it.each<[string, Observed, boolean]>([
    ['is looked into while it is recent', o, true],
    ['not later', failing(broken, { ago: 11 * minute }), false],
    ['not once it is explained', failing(killed), false],
    ['not of any other failure', failing('exit status 4'), false],
  ])('%s', (_, observed, expected) => expect(needs(observed, testTime).facts).toBe(expected));
});

describe('an archive whose connection breaks', () => {
  const o = failing('', { archiving: 'False' });

  it('is looked into, and named after the end of the container, however long it lasts', () => {
    expect(needs(o, testTime).facts).toBe(true);
    expect(told(o)[0]).toBe('ArchivingFailing');
    expect(told(seeing(o, -minute))[0]).toBe('BackupOutOfMemory');
    const later = testTime + 60 * minute;
    const { status } = think(seeing(o, 59 * minute), {}, later);
    expect(status.conditions?.find(({ type }) => type === 'BackupReady')?.reason).toBe('BackupOutOfMemory');
    expect(told(seeing(o, -12 * minute))[0]).toBe('ArchivingFailing');
  });
});

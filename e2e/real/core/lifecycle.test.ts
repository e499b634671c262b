// The life cycle of databases on the real CloudNativePG without failures. Each test depends on the previous one.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { volumeClaimGvr } from '../../../src/api/workload.ts';
import type { AuditedRequest } from '../../harness/audit.ts';
import { isWrite } from '../../harness/audit.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { clusterName, untilNothingIsLeft } from '../belongings.ts';
import { minutes, operatorUser, useReal } from '../real.ts';

const real = useReal();
let namespace = '';

beforeAll(async () => {
  namespace = await real().namespace('life');
});

const running = (name: string): Promise<LiveObject> => real().running(namespace, name);
const statusOf = (addon: LiveObject): Record<string, unknown> => (addon.status ?? {}) as Record<string, unknown>;
const phaseOf = (addon: LiveObject): unknown => addon.status?.phase;

/** What the operator asked of the API server about one addon: by name, since its children carry the addon's name. */
async function askedOf(
  mark: number,
  name: string,
): Promise<{ readonly writes: readonly string[]; readonly reads: readonly string[] }> {
  const requests = (await real().audit.since(mark)).filter(
    (request) => request.user === operatorUser && request.namespace === namespace,
  );
  const about = requests.filter((request) => request.resource !== 'events' && request.name.includes(`${name}`));
  const text = (request: AuditedRequest): string => `${request.verb} ${request.resource}`;
  return {
    writes: about.filter(isWrite).map(text),
    reads: about.filter((request) => request.verb === 'get').map(text),
  };
}

/** Whether the database took longer than the 90 s after which the operator looks for a cause (src/domain/diagnosis/deadlines.ts). */
function isSlow(name: string): boolean {
  const { metadata, status } = real().addons.latest(namespace, name);
  return Date.parse(String(status?.ready_at)) - Date.parse(String(metadata.creationTimestamp)) > 85_000;
}

describe('on a real CloudNativePG', () => {
  it('all three plans come up, at the floor of requests, and an application logs in', async () => {
    const mark = await real().audit.mark();
    await Promise.all([
      real().apply(namespace, 'alpha', { plan: 'free' }),
      real().apply(namespace, 'bravo', { plan: 'standard' }),
      real().apply(namespace, 'charlie', { plan: 'pro' }),
    ]);
    const addons = await Promise.all(['alpha', 'bravo', 'charlie'].map(running));
    for (const addon of addons) {
      expect(real().addons.course(namespace, addon.metadata.name, phaseOf).filter(Boolean)).toEqual([
        'creating',
        'running',
      ]);
      expect(conditionOf(addon, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
      await real().startApp(namespace, addon.metadata.name);
      expect(await real().sql(namespace, addon.metadata.name, 'SELECT current_user || current_database()')).toBe(
        'appapp',
      );
    }
    for (const [name, writes, secrets] of [
      ['alpha', 4, 2],
      ['bravo', 5, 2],
      // With the Secret with the URL of the replicas.
      ['charlie', 6, 3],
    ] as const) {
      const asked = await askedOf(mark, name);
      // A Service leads to its first instance a moment after CloudNativePG calls it ready (kube-proxy). A login that comes before is
      // refused, which status says, and each repetition reads the Secrets.
      const reasons = real().addons.course(namespace, name, (state) => conditionOf(state, 'Connectable')?.reason);
      const refused = reasons.filter((reason) => reason === 'ConnectionRefused').length;
      // Of a database that takes long, the operator looks for the cause, and says what it finds.
      const ofChildren = asked.writes.filter((write) => !write.endsWith('/status'));
      if (isSlow(name)) expect([name, ofChildren.length]).toEqual([name, writes - 2]);
      else expect([name, asked.writes.length - refused]).toEqual([name, writes]);
      const reads = isSlow(name) ? asked.reads.filter((read) => read !== 'get clusters') : asked.reads;
      const repetitions = refused === 0 ? 0 : (reads.length - 1) / secrets;
      expect(reads).toEqual(Array.from({ length: 1 + secrets * repetitions }, () => 'get secrets'));
      expect(repetitions).toBeGreaterThanOrEqual(refused);
    }
  });

  it('each plan is what it promises, as PostgreSQL itself says', async () => {
    const show = "SELECT current_setting('shared_buffers') || ' ' || current_setting('max_connections')";
    expect(await real().sql(namespace, 'alpha', show)).toBe('64MB 25');
    expect(await real().sql(namespace, 'bravo', show)).toBe('256MB 100');
    expect(await real().sql(namespace, 'charlie', show)).toBe('1GB 200');
    const cluster = await real().client.get(clusterGvr, namespace, clusterName(namespace, 'charlie'));
    expect(cluster?.status).toMatchObject({ readyInstances: 3 });
  });

  it('a deleted addon takes everything with it, without one write of the operator', async () => {
    const mark = await real().audit.mark();
    await real().kubectl(['delete', 'pga', 'charlie', '--namespace', namespace, '--wait']);
    await untilNothingIsLeft(real(), namespace, 'charlie');
    expect((await askedOf(mark, 'charlie')).writes).toEqual([]);
    await real().kubectl(['delete', 'pod', 'app-charlie', '--namespace', namespace]);
  });

  it('free becomes pro becomes free with its data, its URL and its ready_at', async () => {
    await real().sql(namespace, 'alpha', 'CREATE TABLE kept AS SELECT 42 AS answer');
    const { ready_at: readyAt } = statusOf(await running('alpha'));
    for (const [plan, sharedBuffers, instances, reason] of [
      ['pro', '1GB', 3, 'Applied'],
      ['free', '64MB', 1, 'DiskNotShrunk'],
    ] as const) {
      const seen = real().addons.of(namespace, 'alpha').length;
      await real().apply(namespace, 'alpha', { plan });
      const addon = await real().addons.until(
        namespace,
        'alpha',
        `plan ${plan} applied`,
        (state) => statusOf(state).plan === plan && isRunning(state),
        minutes(6),
      );
      expect(real().addons.of(namespace, 'alpha').slice(seen).map(phaseOf)).toContain('provisioning');
      expect(statusOf(addon)).toMatchObject({ ready_at: readyAt, resources: { storage: '50Gi', instances } });
      expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason });
      // The pods run with it, and the volumes have grown: nothing here believes a status alone.
      expect(await real().sql(namespace, 'alpha', "SELECT current_setting('shared_buffers')")).toBe(sharedBuffers);
      expect(await real().sql(namespace, 'alpha', 'SELECT answer FROM kept')).toBe('42');
      const volumes = async (): Promise<void> => {
        const own = `cnpg.io/cluster=${clusterName(namespace, 'alpha')}`;
        const claims = await real().client.list(volumeClaimGvr, namespace, own);
        expect(claims.map(({ status }) => status?.capacity)).toEqual(Array(instances).fill({ storage: '50Gi' }));
      };
      // CNPG removes the volumes of instances that are too many one by one.
      await eventually('the volumes of the instances to have grown, and no others to be there', volumes);
    }
  });
});

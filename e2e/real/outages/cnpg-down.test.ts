// The operator of CloudNativePG is down, or serves its webhooks but reconciles nothing: what an addon reports, and that running databases
// are unaffected. Services are not recreated then either, so that paths to the database can be blocked. It runs alone, since every other
// test needs CloudNativePG.
//
// covers: S4 debugging, "CNPG operator logs"; S0 failure 1 (creating for more than 5 min).
import { beforeAll, describe, expect, it } from '@jest/globals';
import { leases } from '../../../hack/cluster/kinds.ts';
import { cnpgNamespace } from '../../../hack/cluster/manifests.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { useReal } from '../real.ts';

const real = useReal();
/** The Lease of CloudNativePG's leader. */
const lease = 'db9c8771.cnpg.io';
const deployment = ['--namespace', cnpgNamespace, 'deployment/cnpg-controller-manager'];
let namespace = '';

/** Databases that run, each with another way to it that will be closed. */
const closed = {
  // CloudNativePG would recreate it at once.
  nameless: { reason: 'DNSLookupFailed', words: ['cannot be resolved'] },
  refusing: { reason: 'ConnectionRefused', words: ['refuses connections'] },
  silent: { reason: 'DatabaseUnreachable', words: ['cannot connect to', 'NetworkPolicy'] },
} as const;
type Closed = keyof typeof closed;
const service = (name: string): string => `${clusterName(namespace, name)}-rw`;

async function scale(replicas: 0 | 1): Promise<void> {
  await real().kubectl(['scale', ...deployment, `--replicas=${replicas}`]);
  await real().kubectl(['rollout', 'status', ...deployment, '--timeout=10m']);
}

beforeAll(async () => {
  namespace = await real().namespace('down');
  await Promise.all(
    ['living', ...Object.keys(closed)].map(async (name) => {
      await real().apply(namespace, name, { plan: 'free' });
      await real().running(namespace, name);
    }),
  );
  await real().startApp(namespace, 'living');
  real().atEnd(async () => {
    await release();
    await scale(1);
  });
  await scale(0);
  await eventually('CloudNativePG to be away', async () => {
    const pods = await real().kubectl(['get', 'pods', '--namespace', cnpgNamespace, '--output', 'name']);
    if (pods.includes('cnpg-controller-manager')) throw new Error(pods);
  });
});

/** Keeps CloudNativePG from becoming the leader: its webhooks serve, and it works at nothing. */
async function hold(): Promise<void> {
  const spec = {
    holderIdentity: 'nobody',
    leaseDurationSeconds: 3600,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  await real().client.patch(leases, cnpgNamespace, lease, { spec });
}

/** The node takes a moment to follow a change of a Service. */
async function untilShut(host: string): Promise<void> {
  const noResponse = `pg_isready --quiet --timeout=2 --host ${host}; [ $? -eq 2 ]`;
  await eventually(`no way to ${host}`, () => real().script({ namespace, pod: 'app-living' }, noResponse));
}

async function release(): Promise<void> {
  await real().client.remove(leases, cnpgNamespace, lease);
}

describe('while CloudNativePG is away', () => {
  it('a new addon reports that its webhook does not respond; a running database is unaffected', async () => {
    await real().apply(namespace, 'late', { plan: 'free' });
    const addon = await real().reason(namespace, 'late', 'Ready', 'CNPGUnavailable');
    expect(conditionOf(addon, 'Ready')?.message).toContain('cnpg.io');
    expect(conditionOf(addon, 'Stalled')).toMatchObject({ status: 'True', reason: 'CNPGUnavailable' });
    expect(await real().event(namespace, 'late', 'CNPGUnavailable')).toMatchObject({ type: 'Warning' });
    expect(await real().sql(namespace, 'living', 'SELECT current_user')).toBe('app');
    expect((await real().running(namespace, 'living')).status?.phase).toBe('running');
  });

  // No pod has this label, so the Service leads nowhere.
  const empty = (name: Closed): Promise<string> =>
    real().kubectl([
      ...['patch', 'service', service(name), '--namespace', namespace, '--type=merge'],
      ...['--patch', JSON.stringify({ spec: { selector: { 'cnpg.io/cluster': 'nobody' } } })],
    ]);
  const close: Readonly<Record<Closed, () => Promise<unknown>>> = {
    nameless: () => real().kubectl(['delete', 'service', service('nameless'), '--namespace', namespace]),
    refusing: () => empty('refusing'),
    // The only address that the Service leads to is one that nobody answers for (RFC 5737).
    silent: async () => {
      await empty('silent');
      await real().kubectl(
        ['apply', '--namespace', namespace, '-f', '-'],
        JSON.stringify({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { name: 'nowhere', labels: { 'kubernetes.io/service-name': service('silent') } },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['198.51.100.7'], conditions: { ready: true } }],
          ports: [{ name: 'postgres', port: 5432, protocol: 'TCP' }],
        }),
      );
    },
  };

  it('an unreachable database is distinguished from wrong credentials: no DNS name, no listener, no response', async () => {
    await Promise.all(Object.values(close).map((shut) => shut()));
    await Promise.all(Object.keys(closed).map((name) => untilShut(service(name))));
    // A new URL has to be proved: the operator logs in.
    await Promise.all(
      Object.keys(closed).map((name) =>
        real().apply(namespace, name, { plan: 'free', connection: { sslMode: 'require' } }),
      ),
    );
    for (const [name, { reason, words }] of Object.entries(closed)) {
      const addon = await real().reason(namespace, name, 'Connectable', reason);
      expect(conditionOf(addon, 'Ready')).toMatchObject({ status: 'False', reason });
      const message = conditionOf(addon, 'Connectable')?.message ?? '';
      for (const word of [service(name), ...words]) expect(message).toContain(word);
      expect(addon.status?.phase).toBe('provisioning');
    }
  });
});

describe('once CloudNativePG responds again but reconciles nothing', () => {
  it('the Cluster is created, and the addon reports that it has not been processed', async () => {
    await hold();
    await scale(1);
    const late = clusterName(namespace, 'late');
    await eventually('the Cluster', async () =>
      expect(await real().client.get(clusterGvr, namespace, late)).toBeDefined(),
    );
    const addon = await real().reason(namespace, 'late', 'Ready', 'CNPGNotResponding');
    expect(conditionOf(addon, 'Ready')?.message).toMatch(/CloudNativePG/);
    expect((await real().client.get(clusterGvr, namespace, late))?.status?.phase).toBeUndefined();
  });
});

describe('once CloudNativePG works', () => {
  it('everything heals by itself', async () => {
    // CloudNativePG makes a Service that is missing, but leaves one that somebody changed as it is (1.30).
    await Promise.all(
      (['refusing', 'silent'] as const).map((name) =>
        real().kubectl(['delete', 'service', service(name), '--namespace', namespace]),
      ),
    );
    await real().kubectl(['delete', 'endpointslice', 'nowhere', '--namespace', namespace, '--ignore-not-found']);
    await release();
    for (const name of ['late', 'living', ...Object.keys(closed)]) {
      const addon = await real().running(namespace, name);
      expect(conditionOf(addon, 'Stalled')).toBeUndefined();
      expect(conditionOf(addon, 'Connectable')).toMatchObject({ status: 'True', reason: 'LoggedIn' });
    }
    // What was still missing was on its way: nobody is sent to look for a quota.
    const told = real().addons.course(namespace, 'late', (addon) => conditionOf(addon, 'Ready')?.reason);
    for (const reason of ['VolumePending', 'PodsRefused']) expect(told).not.toContain(reason);
  });
});

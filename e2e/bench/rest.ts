// Measures what addons cost that nobody touches, with point-in-time recovery in force: each check-up logs in, leaves a commit record and
// writes up to when the database can be restored. The simulated PostgreSQL asks for the password in clear text: SCRAM is not in the figures.
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { tally } from '../harness/audit.ts';
import { startOperator } from '../harness/operator.ts';
import { environmentWith, oneStore } from '../harness/stores.ts';
import { type BenchCluster, operatorNamespace } from './bench-cluster.ts';
import { closedLoop } from './load.ts';
import { usageOf } from './process.ts';

export interface Rest {
  /** How long it was measured. */
  readonly seconds: number;
  /** Of the operator, as share of one core. */
  readonly cpu: number;
  /** Requests of the operator, Lease apart, for one addon in an hour: `verb resource` -> number. */
  readonly requestsPerAddonAndHour: Readonly<Record<string, number>>;
}

/** @param seconds how long to measure; a whole number of check-ups, so that each addon has had as many */
export async function measureRest(
  bench: BenchCluster,
  addons: number,
  clients: number,
  seconds: number,
): Promise<Rest> {
  const namespaces = await bench.makeNamespaces('rest', 10);
  const operator = await startOperator({
    cluster: bench.cluster,
    user: 'operator-at-rest',
    namespace: operatorNamespace,
    environment: {
      ...bench.environment,
      ...(await environmentWith(bench.cluster, oneStore)),
      // Not the addons of the other measurements, which would get backups now.
      WATCH_NAMESPACES: namespaces.join(','),
    },
    databases: await bench.startDatabases(),
    program: bench.program,
  });
  try {
    await operator.untilReady();
    const spec: AddonSpec = { plan: 'pro' };
    await closedLoop(addons, clients, async (index) => {
      const metadata = { name: `app-${index}`, namespace: namespaces[index % namespaces.length] ?? '' };
      await bench.client.create(addonGvr, { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, spec });
    });
    const inForce = async (): Promise<void> => {
      const lists = await Promise.all(namespaces.map((namespace) => bench.client.list(addonGvr, namespace)));
      const backups = lists.flat().map(({ status }) => status?.backup as { readonly effective?: string } | undefined);
      const some = backups.filter((backup) => backup?.effective === 'pitr').length;
      if (some < addons) throw new Error(`${some} of ${addons} have backups in force`);
    };
    await eventually('backups of all addons', inForce, { timeoutMilliseconds: 600_000, everyMilliseconds: 5000 });
    const mark = await bench.audit.mark();
    const before = await usageOf(operator.pid);
    await pause(seconds * 1000);
    const after = await usageOf(operator.pid);
    const requests = (await bench.audit.since(mark)).filter(
      ({ user, resource }) => user === operator.user && resource !== 'leases',
    );
    const perHour = 3600 / seconds / addons;
    return {
      seconds,
      cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
      requestsPerAddonAndHour: Object.fromEntries(
        Object.entries(tally(requests)).map(([request, count]) => [request, count * perHour]),
      ),
    };
  } finally {
    await operator.stop();
  }
}

// `npm run bench`: measures the cost and speed of the operator, relative to what this machine's API server can do. It only reports: it
// fails if something does not work, never because something is slow.
import { availableParallelism, loadavg } from 'node:os';
import { positiveInteger, readArguments } from '../../hack/toolchain/arguments.ts';
import { SetupError } from '../../hack/toolchain/errors.ts';
import { makeBackups } from './backups.ts';
import { type BenchCluster, startBenchCluster } from './bench-cluster.ts';
import { measureCeiling, type Way } from './ceiling.ts';
import { type Ceilings, describe, type Figures, shareByCpu, shareByTime } from './figures.ts';
import { measureColdStart, measureOperator } from './operator-run.ts';
import { measureRest } from './rest.ts';

/** Enough that no namespace is crowded, few enough that the API server's caches see what they see in production. */
const namespaceCount = 10;

async function bench(addons: number, clients: number, backups: number, restSeconds: number): Promise<Figures> {
  const report = (line: string): void => console.error(line);
  const loadBefore = loadavg()[0] ?? 0;
  const bench = await startBenchCluster(clients, report);
  try {
    const raw = await bench.makeNamespaces('raw', namespaceCount);
    const namespaces = await bench.makeNamespaces('bench', namespaceCount);
    const sample = Math.max(100, Math.ceil(addons / 4));
    report('warming up');
    await measureCeiling({ bench, namespaces: raw, addons: 50, clients, way: 'create' });
    report(`raw ceiling with ${sample} addons`);
    const ceilingBefore = await ceilings(bench, raw, sample, clients);
    report(`operator with ${addons} addons`);
    const run = await measureOperator({ bench, namespaces, addons, clients });
    report('start with all of them');
    const coldStart = await measureColdStart(bench, addons);
    if (backups > 0) {
      report(`start with ${backups} Backups of each`);
      await makeBackups(bench, namespaces, addons, clients, backups);
    }
    const withBackups = backups === 0 ? undefined : await measureColdStart(bench, addons);
    report('raw ceiling again');
    const ceilingAfter = await ceilings(bench, raw, sample, clients);
    if (restSeconds > 0) report(`at rest for ${restSeconds} s with ${addons} addons of plan pro`);
    const rest = restSeconds === 0 ? undefined : await measureRest(bench, addons, clients, restSeconds);
    const machine = { cores: availableParallelism(), node: process.version, loadBefore };
    return { addons, clients, backups, ...machine, ceilingBefore, ceilingAfter, run, coldStart, withBackups, rest };
  } finally {
    await bench.stop();
  }
}

async function ceilings(
  bench: BenchCluster,
  namespaces: readonly string[],
  addons: number,
  clients: number,
): Promise<Ceilings> {
  const measure = (way: Way) => measureCeiling({ bench, namespaces, addons, clients, way });
  return { create: await measure('create'), apply: await measure('apply') };
}

const help = `Usage: npm run bench -- [options]

Measures the operator against a simulated CloudNativePG on a control plane of
its own (about 2 min for 1000 addons).

Options:
  --addons <number>   how many addons (default: 1000)
  --clients <number>  how many clients create them, each as fast as it is
                      answered (default: 16)
  --backups <number>  how many Backups the schedule of each addon has left at
                      one more start (default: none)
  --rest <seconds>    for how long to measure what as many addons of plan pro
                      cost that nobody touches; one check-up of each takes 270
                      (default: not at all)
  --json              print the figures as JSON instead of a table
  -h, --help          print this`;

const { values } = readArguments(help, {
  options: {
    addons: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '16' },
    backups: { type: 'string' },
    rest: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const addons = positiveInteger(values.addons, '--addons', help);
const clients = positiveInteger(values.clients, '--clients', help);
const backups = values.backups === undefined ? 0 : positiveInteger(values.backups, '--backups', help);
const rest = values.rest === undefined ? 0 : positiveInteger(values.rest, '--rest', help);

// An exit, unlike a signal's own end, takes the operator and the simulator along; the cluster is taken down by the next run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  const figures = await bench(addons, clients, backups, rest);
  const shares = {
    create: { byTime: shareByTime(figures, 'create'), byCpu: shareByCpu(figures, 'create') },
    apply: { byTime: shareByTime(figures, 'apply'), byCpu: shareByCpu(figures, 'apply') },
  };
  console.log(values.json ? JSON.stringify({ ...figures, shares }, undefined, 2) : describe(figures));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

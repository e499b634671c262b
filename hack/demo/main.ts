// `npm run demo`: from an empty machine to a row read through DATABASE_URL, on a real CloudNativePG. Shows every step and phase.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { installChart, provideImage, storeName, storeSecret } from '../install/operator.ts';
import { choiceOf, readArguments, refuse } from '../toolchain/arguments.ts';
import { SetupError } from '../toolchain/errors.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { backupInWords } from './words.ts';

const clusterName = 'demo';
const namespace = 'team-a';
const plans = ['free', 'standard', 'pro'] as const;
type Plan = (typeof plans)[number];

interface Timed {
  readonly title: string;
  readonly milliseconds: number;
}

const started = performance.now();
const steps: Timed[] = [];

const say = (line: string): void =>
  console.log(`${`${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8)}  ${line}`);

/** Runs a step, shows what it reports and remembers how long it took. */
async function step<T>(title: string, run: () => Promise<T>): Promise<T> {
  say(`== ${title}`);
  const begin = performance.now();
  const result = await run();
  steps.push({ title, milliseconds: performance.now() - begin });
  return result;
}

/** @param restores whether a table is dropped at the end and the database restored */
async function demo(plan: Plan, restores: boolean): Promise<void> {
  const cluster = await step('a Kubernetes cluster with CloudNativePG', () =>
    up({ name: clusterName, profile: 'node', report: say }),
  );
  const image = await step("the operator's image", () => provideImage(cluster, say));
  // The kind driver has no S3 server.
  const hasBackups = plan !== 'free' && cluster.objectStore !== undefined;
  await step('the operator, by its Helm chart', () =>
    installChart(cluster, image, say, hasBackups ? { defaultStore: storeName } : {}),
  );
  await step(`a database: examples/${plan}.yaml`, () => database(cluster, plan));
  const row = await step('an application with nothing but DATABASE_URL', () => application(cluster));
  const backup = hasBackups ? await step('the first base backup', () => firstBackup(cluster)) : undefined;
  const restored =
    restores && hasBackups
      ? await step('a dropped table, and the database as it was the moment before', () => restore(cluster, plan))
      : undefined;
  await summarize(cluster, row, backup, restored);
}

/** Applies the example and shows each phase until the database runs. */
async function database(cluster: Cluster, plan: Plan): Promise<void> {
  await kubectl(cluster, ['create', 'namespace', namespace]).catch((error: unknown) => {
    if (!String(error).includes('AlreadyExists')) throw error;
  });
  if (cluster.objectStore !== undefined)
    await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(storeSecret(cluster, namespace)));
  const manifest = parse(await readFile(join(repositoryRoot, 'examples', `${plan}.yaml`), 'utf8'));
  await kubectl(
    cluster,
    ['apply', '--server-side', '--namespace', namespace, '-f', '-'],
    JSON.stringify(named(manifest)),
  );
  await untilRunning(cluster, 'shop');
}

/** Shows each phase until the addon runs. */
async function untilRunning(cluster: Cluster, name: string): Promise<void> {
  const template = '{.status.phase}{"  "}{.status.conditions[?(@.type=="Ready")].message}{"\\n"}';
  const watch = execa(
    join(cluster.bin, 'kubectl'),
    ['get', 'pga', name, '--namespace', namespace, '--watch', '--output', `jsonpath=${template}`],
    { env: { KUBECONFIG: cluster.kubeconfig }, reject: false, timeout: 15 * 60_000 },
  );
  let last = '';
  for await (const line of watch) {
    if (line.trim() !== '' && line !== last) say(`   ${line}`);
    last = line;
    if (line.startsWith('running') && (await isRunning(cluster, name))) {
      watch.kill();
      return;
    }
  }
  throw new SetupError(
    `The database did not come up. See: npm run cluster -- exec -- kubectl describe pga ${name} -n ${namespace}`,
  );
}

/** Whether status speaks of the spec that was just applied: an earlier demo may have left another plan running. */
async function isRunning(cluster: Cluster, name: string): Promise<boolean> {
  const addon = JSON.parse(await kubectl(cluster, ['get', 'pga', name, '--namespace', namespace, '--output', 'json']));
  return addon.status?.phase === 'running' && addon.status.observedGeneration === addon.metadata.generation;
}

/** The example under the name that the application's Secret has. */
function named<T extends { metadata: object }>(manifest: T): T {
  return { ...manifest, metadata: { ...manifest.metadata, name: 'shop', namespace } };
}

/** Runs examples/app-job.yaml again. @returns the row it read */
async function application(cluster: Cluster): Promise<string> {
  const job = ['--namespace', namespace, 'job/shop-hello'];
  await kubectl(cluster, ['delete', ...job, '--ignore-not-found', '--wait']);
  await kubectl(cluster, ['apply', '--namespace', namespace, '-f', join(repositoryRoot, 'examples', 'app-job.yaml')]);
  await kubectl(cluster, ['wait', ...job, '--for=condition=Complete', '--timeout=3m']);
  const succeeded = ['--selector', 'job-name=shop-hello', '--field-selector', 'status.phase=Succeeded'];
  const pod = await kubectl(cluster, ['get', 'pods', '--namespace', namespace, ...succeeded, '--output', 'name']);
  const row = (await kubectl(cluster, ['logs', '--namespace', namespace, pod.trim()])).trim();
  say(`   ${row}`);
  return row;
}

/** Waits until backups are in force, and shows what they wait for. @returns what could be restored, in words */
async function firstBackup(cluster: Cluster): Promise<string> {
  let last = '';
  for (const deadline = performance.now() + 10 * 60_000; performance.now() < deadline; ) {
    const arguments_ = ['wait', 'pga/shop', '--namespace', namespace, '--for=condition=BackupReady', '--timeout=5s'];
    const isReady = await kubectl(cluster, arguments_).then(
      () => true,
      () => false,
    );
    const { status } = JSON.parse(
      await kubectl(cluster, ['get', 'pga', 'shop', '--namespace', namespace, '--output', 'json']),
    );
    const { message } = status.conditions.find(({ type }: { type: string }) => type === 'BackupReady') ?? {};
    if (message !== last) say(`   ${message}`);
    last = message;
    if (isReady) return backupInWords(status);
  }
  throw new SetupError('No backup is in force. See: npm run cluster -- exec -- kubectl describe pga shop -n team-a');
}

/** Runs SQL in the primary of an addon. @returns what it printed */
async function sql(cluster: Cluster, name: string, statement: string): Promise<string> {
  const get = ['get', 'pga', name, '--namespace', namespace, '--output', 'jsonpath={.status.primary}'];
  const primary = await kubectl(cluster, get);
  const psql = ['psql', 'app', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--command'];
  const pod = ['exec', '--namespace', namespace, primary, '--container', 'postgres', '--'];
  return (await kubectl(cluster, [...pod, ...psql, statement])).trim();
}

/** Drops the application's table, and restores the database as it was before. @returns what is there again, in words */
async function restore(cluster: Cluster, plan: Plan): Promise<string> {
  const name = 'shop-before';
  const where = ['--namespace', namespace];
  // What is restored is chosen when an addon is created: an earlier demo restored to another time.
  await kubectl(cluster, ['delete', 'pga', name, ...where, '--ignore-not-found', '--wait']);
  const time = await sql(
    cluster,
    'shop',
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  );
  await sql(cluster, 'shop', 'DROP TABLE visit');
  say(`   ${time}  DROP TABLE visit`);
  const request = `addons.paas.dev/backup-now=${Date.now()}`;
  await kubectl(cluster, ['annotate', 'pga', 'shop', request, '--overwrite', ...where]);
  const isDone = '--for=jsonpath={.status.backup.now.result}=Completed';
  await kubectl(cluster, ['wait', 'pga/shop', isDone, '--timeout=5m', ...where]);
  say('   a base backup: everything until now is in the archive');
  const from = { addon: 'shop', targetTime: time };
  const manifest = {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: { name, namespace },
    spec: { plan, restore: { from } },
  };
  say(`   PostgresAddon ${name}, spec.restore.from: ${JSON.stringify(from)}`);
  await kubectl(cluster, ['apply', '--server-side', '-f', '-'], JSON.stringify(manifest));
  await untilRunning(cluster, name);
  const row = await sql(cluster, name, "SELECT 'row ' || id || ': ' || note FROM visit ORDER BY id DESC LIMIT 1");
  say(`   ${row}`);
  return `as of ${time}, in PostgresAddon ${name}: ${row}`;
}

async function summarize(
  cluster: Cluster,
  row: string,
  backup: string | undefined,
  restored: string | undefined,
): Promise<void> {
  const kinds =
    'pga,clusters.postgresql.cnpg.io,backups.postgresql.cnpg.io,scheduledbackups.postgresql.cnpg.io,pods,pvc,services';
  const objects = await kubectl(cluster, ['get', kinds, '--namespace', namespace, '--no-headers', '--output', 'name']);
  const secret = 'secret/app-shop-database-url';
  console.log('\nTime');
  for (const { title, milliseconds } of steps) console.log(`  ${formatElapsed(milliseconds).padStart(12)}  ${title}`);
  console.log(`  ${formatElapsed(performance.now() - started).padStart(12)}  in all`);
  console.log(`\nObjects in namespace ${namespace}`);
  for (const object of [...objects.trim().split('\n'), secret]) console.log(`  ${object}`);
  console.log(`\nRead through DATABASE_URL\n  ${row}`);
  if (backup !== undefined) console.log(`\nCould be restored\n  ${backup}`);
  if (restored !== undefined) console.log(`\nRestored\n  ${restored}`);
  console.log('\nGo on');
  console.log(
    `  connect    npm run cluster -- exec -- kubectl -n ${namespace} exec -it db-team-a-shop-1 -c postgres -- psql app`,
  );
  console.log(
    '  look       eval "$(npm run --silent cluster -- env)" && kubectl get pga -A && kubectl explain pga.spec',
  );
  console.log('  tear down  npm run demo -- --down');
}

const help = `Usage: npm run demo -- [options]

A PostgresAddon on a real CloudNativePG: makes what is missing, shows what
happens, and leaves it running.

Options:
  --plan <plan>  free, standard or pro (default: standard)
  --restore      then drop a table, and restore the database to the moment
                 before (for a plan with backups)
  --keep         leave everything running at the end (the default)
  --down         remove the demo and everything it started
  -h, --help     print this`;

const { values } = readArguments(help, {
  options: {
    plan: { type: 'string', default: 'standard' },
    restore: { type: 'boolean', default: false },
    keep: { type: 'boolean' },
    down: { type: 'boolean', default: false },
  },
});
const plan = choiceOf(values.plan, plans, '--plan', help);
if (values.restore && plan === 'free') refuse('--restore needs a plan with backups: standard or pro.', help);

try {
  if (values.down) await down(clusterName, say);
  else await demo(plan, values.restore);
} catch (error) {
  if (error instanceof SetupError) console.error(`\n${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}

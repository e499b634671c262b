// `npm run e2e`: the operator's own image on a real CloudNativePG, in a cluster that is created for it and removed afterwards.
import { execa } from 'execa';
import { down, up } from '../cluster/cluster.ts';
import { installChart, provideImage } from '../install/operator.ts';
import { printSummary, runJest, sum, type Tally } from '../test/jest.ts';
import { readArguments, refuse } from '../toolchain/arguments.ts';
import { isBuilt } from '../toolchain/binaries.ts';
import { SetupError } from '../toolchain/errors.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { e2eClusterName } from './cluster-name.ts';
import { core, larger, type Selection, type Suite, select } from './suites.ts';
import { describeTimes, suiteTimes } from './times.ts';

const help = `Usage: npm run e2e -- [options] [paths...]

End-to-end tests on a real CloudNativePG.

Without paths, the core runs, and of the larger suites (the folders of e2e/real)
as many as the time is enough for: first those that the last commit touches,
then the others in turn. What was left out is printed, and counted as skipped.

Arguments:
  paths          run only the tests below these paths, whatever the time

Options:
  --all          run every suite
  --minutes <n>  the time for all of it, the cluster included (default: 25)
  --keep         leave the cluster running at the end, for another look or run
  -h, --help     print this`;

const { values, positionals } = readArguments(help, {
  options: {
    all: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '25' },
    keep: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

if (values.all && positionals.length > 0) refuse('--all runs every suite, so it takes no paths', help);
if (!/^\d{1,4}$/.test(values.minutes)) refuse(`--minutes "${values.minutes}" is not a number of minutes`, help);

const started = performance.now();
const say = (line: string): void => console.error(`[${formatElapsed(performance.now() - started)}] ${line}`);

/** Suites mostly wait; more of them would have more databases come up at once than two cores bear. */
const suitesAtOnce = 2;
/** Suites that run alone stop CloudNativePG or the operator, or revoke its permissions. They run last. */
const leavingOut = (pattern: string): readonly string[] => ['--testPathIgnorePatterns', pattern, '--passWithNoTests'];

/** The last commit: the files that it changes, and a number of its own. Without a history, nothing and 0. */
async function lastCommit(): Promise<{ readonly changed: readonly string[]; readonly turn: number }> {
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout, failed } = await execa('git', args, { cwd: repositoryRoot, reject: false });
    return failed ? '' : stdout;
  };
  const changed = (await git('diff', '--name-only', 'HEAD~1', 'HEAD')).split('\n').filter((path) => path !== '');
  const turn = Number.parseInt((await git('rev-parse', 'HEAD')).slice(0, 8), 16);
  return { changed, turn: Number.isNaN(turn) ? 0 : turn };
}

/** The suites to run, now that the cluster is there. */
async function suitesInTime(): Promise<Selection> {
  if (values.all) return { run: [core, ...larger], skipped: [] };
  const spent = (performance.now() - started) / 60_000;
  const { changed, turn } = await lastCommit();
  return select(isBuilt, Number(values.minutes) - spent, changed, turn);
}

/** What took time beside the suites, in milliseconds. */
const others: Record<string, number> = {};

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    others[what] = performance.now() - began;
  }
}

/** A cluster that cannot be created is one failure, reported in one sentence. */
async function run(paths: readonly string[]): Promise<Tally & { readonly skipped: readonly Suite[] }> {
  try {
    await timed('the cluster with the operator in it', async () => {
      const cluster = await up({ name: e2eClusterName, profile: 'node', report: say });
      await installChart(cluster, await provideImage(cluster, say), say);
    });
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    const failures = ['failed: no cluster with the operator in it'];
    return { passed: 0, failed: 1, failures, files: [], skipped: [] };
  }
  const selection = paths.length > 0 ? undefined : await suitesInTime();
  const chosen = selection?.run.map(({ name }) => `e2e/real/${name}/`) ?? paths;
  const names = larger.filter(({ alone }) => alone).map(({ name }) => name);
  say(`suites: ${chosen.join(', ')}`);
  const isAlone = `/e2e/real/(${names.join('|')})/`;
  const tallies = [await runJest(chosen, [...leavingOut(isAlone), `--maxWorkers=${suitesAtOnce}`, '--verbose'])];
  for (const name of names)
    tallies.push(await runJest(chosen, [...leavingOut(`^(?!.*/e2e/real/${name}/)`), '--runInBand', '--verbose']));
  const { skipped = [] } = selection ?? {};
  return { ...sum(...tallies), skipped };
}

// A cluster that an interrupted run left has databases of that run in it.
if (!values.keep) await down(e2eClusterName, say);
const { skipped, ...tally } = await run(positionals);
if (!values.keep) await down(e2eClusterName, say);
const expected = new Map([core, ...larger].map(({ name, minutes }) => [name, minutes]));
console.log('\nTime');
for (const line of describeTimes(suiteTimes(tally.files), expected, others)) console.log(line);
for (const { name, minutes } of skipped)
  console.log(`left out: e2e/real/${name}/, which takes ${minutes} min; run it with npm run e2e -- e2e/real/${name}/`);
printSummary(tally, skipped.length === 0 ? '' : `, ${skipped.length} skipped`);
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);

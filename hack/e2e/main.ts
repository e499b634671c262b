// `npm run e2e`: the operator's own image on a real CloudNativePG, in a cluster that is created for it and removed afterwards.
import { down, up } from '../cluster/cluster.ts';
import { installChart, provideImage } from '../install/operator.ts';
import { runJest, type Tally } from '../test/jest.ts';
import { readArguments, refuse } from '../toolchain/arguments.ts';
import { SetupError } from '../toolchain/errors.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { e2eClusterName } from './cluster-name.ts';

const help = `Usage: npm run e2e -- [options] [paths...]

End-to-end tests on a real CloudNativePG.

Arguments:
  paths       run only the tests below these paths (default: e2e/real/)

Options:
  --all       run every suite; so far that is also what is run without paths
  --keep      leave the cluster running at the end, for another look or run
  -h, --help  print this`;

const { values, positionals } = readArguments(help, {
  options: { all: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
  allowPositionals: true,
});

if (values.all && positionals.length > 0) refuse('--all runs every suite, so it takes no paths', help);

const started = performance.now();
const say = (line: string): void => console.error(`[${formatElapsed(performance.now() - started)}] ${line}`);

/** Suites mostly wait; more of them would have more databases come up at once than two cores bear. */
const suitesAtOnce = 2;
/** Those in `alone/` affect all databases: they stop CloudNativePG or the operator, or revoke its permissions. They run last. */
const leavingOut = (pattern: string): readonly string[] => ['--testPathIgnorePatterns', pattern, '--passWithNoTests'];

/** A cluster that cannot be created is one failure, reported in one sentence. */
async function run(paths: readonly string[]): Promise<Tally> {
  try {
    const cluster = await up({ name: e2eClusterName, profile: 'node', report: say });
    await installChart(cluster, await provideImage(cluster, say), say);
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    return { passed: 0, failed: 1 };
  }
  const beside = await runJest(paths, [...leavingOut('/alone/'), `--maxWorkers=${suitesAtOnce}`]);
  const alone = await runJest(paths, [...leavingOut('^(?!.*/alone/)'), '--runInBand']);
  return { passed: beside.passed + alone.passed, failed: beside.failed + alone.failed };
}

// A cluster that an interrupted run left has databases of that run in it.
if (!values.keep) await down(e2eClusterName, say);
const { passed, failed } = await run(positionals.length > 0 ? positionals : ['e2e/real/']);
if (!values.keep) await down(e2eClusterName, say);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

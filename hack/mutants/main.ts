// `npm run mutants -- PATH...`: plants mistakes in the sources below some paths, one at a time, and says which no test notices. It must
// never change the checkout: each runner has a copy of its own.
import { existsSync, rmSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { positiveInteger, readArguments, refuse } from '../toolchain/arguments.ts';
import { formatElapsed, reportWhile } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { compareSurvivors, parseExplained, type Survivor, survivorOf } from './explained.ts';
import { type Mutant, mutantsOf } from './operators.ts';
import { relatedTests } from './related.ts';
import { type Run, Runner, type Verdict } from './runner.ts';

const help = `Usage: npm run mutants -- PATH... [options]

Plants mistakes in the sources below the paths, one at a time, and runs the tests of the same folder that import the source. A mistake
that they do not notice survives. Each survivor is killed by a test, or has its reason in hack/mutants/survivors.json.
Exit code 0: every survivor is explained. 1: one is not, or a reason is no longer needed. 2: it could not be found out.

Options:
  --jobs N         mistakes tried at the same time (default: 2)
  -o, --output F   text (default) or json
  -h, --help       print this

Example: npm run mutants -- src/controller/observe.ts src/runtime`;

const notFoundOut = 2;

interface Tried {
  readonly verdict: Verdict;
  readonly survivor: Survivor;
  readonly line: number;
}

const { values, positionals } = readArguments(
  help,
  {
    allowPositionals: true,
    options: {
      jobs: { type: 'string', default: '2' },
      output: { type: 'string', short: 'o', default: 'text' },
    },
  },
  notFoundOut,
);
if (values.output !== 'text' && values.output !== 'json') refuse('--output is text or json', help, notFoundOut);
const jobs = positiveInteger(values.jobs, '--jobs', help, notFoundOut);
if (positionals.length === 0) refuse('name a file or folder, for example src/controller', help, notFoundOut);
const files = await sources();
const isChosen = (path: string): boolean =>
  positionals.some((chosen) => path === chosen || path.startsWith(`${chosen.replace(/\/$/, '')}/`));
const chosen = [...files.keys()].filter(
  (path) => isChosen(path) && !/[.]test[.]ts$|\/testing[^/]*[.]ts$|\/testing\//.test(path),
);
if (chosen.length === 0) refuse(`there is no source below ${positionals.join(', ')}`, help, notFoundOut);

const copies = join(repositoryRoot, '.tmp', 'mutants');
const own = join(copies, String(process.pid));
await removeLeftovers();
const runners: Runner[] = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stop();
    process.exit(notFoundOut);
  });
try {
  for (let job = 0; job < jobs; job += 1) runners.push(await Runner.start(join(own, String(job))));
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = notFoundOut;
} finally {
  stop();
}

/** @returns the exit code */
async function run(): Promise<number> {
  const started = performance.now();
  const testsOf = relatedTests(files);
  const tried: Tried[] = [];
  for (const file of chosen) {
    const found = await tryFile(file, testsOf(file));
    tried.push(...found);
    console.error(`${file}: ${countsOf(found)}`);
  }
  const survivors = tried.filter(({ verdict }) => verdict === 'survived').map(({ survivor }) => survivor);
  const list = join(import.meta.dirname, 'survivors.json');
  const { unexplained, unneeded } = compareSurvivors(survivors, parseExplained(await readFile(list, 'utf8')), chosen);
  console.error(`${countsOf(tried)}, ${formatElapsed(performance.now() - started)}`);
  if (values.output === 'json') console.log(JSON.stringify({ tried, unexplained, unneeded }));
  else {
    for (const one of unexplained) console.log(`survived: ${describe(one)}`);
    for (const one of unneeded) console.log(`explained, but killed or gone: ${describe(one)}`);
  }
  return unexplained.length + unneeded.length === 0 ? 0 : 1;
}

async function tryFile(file: string, tests: readonly string[]): Promise<readonly Tried[]> {
  const original = files.get(file) ?? '';
  const mutants = mutantsOf(original);
  const triedAs = (mutant: Mutant, verdict: Verdict): Tried => {
    return { verdict, survivor: survivorOf(file, mutant), line: mutant.line };
  };
  if (mutants.length === 0 || tests.length === 0) return mutants.map((mutant) => triedAs(mutant, 'survived'));
  const limit = await limitOf({ file, source: original, original, tests, limit: 300_000 });
  const waiting = [...mutants];
  const tried: Tried[] = [];
  const work = async (runner: Runner): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift())
      tried.push(triedAs(mutant, await runner.run({ file, source: mutant.source, original, tests, limit })));
  };
  const progress = (elapsed: string): string => `${file}: ${tried.length} of ${mutants.length} mistakes, ${elapsed}`;
  await reportWhile(console.error, progress, () => Promise.all(runners.map(work)));
  return tried;
}

/** Some times as long as the tests take without a mistake. @throws Error if they fail */
async function limitOf(run: Run): Promise<number> {
  const [runner] = runners;
  const started = performance.now();
  const verdict = await runner?.run(run);
  if (verdict !== 'survived')
    throw new Error(`the tests of ${run.file} fail without a mistake: ${run.tests.join(' ')}`);
  return 10_000 + 5 * (performance.now() - started);
}

/** Every TypeScript file below src, with its text. */
async function sources(): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(join(repositoryRoot, 'src'), { recursive: true });
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => `src/${name}`);
  const read = async (path: string) => [path, await readFile(join(repositoryRoot, path), 'utf8')] as const;
  return new Map(await Promise.all(paths.toSorted().map(read)));
}

/** Removes the copies of runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const pid of existsSync(copies) ? await readdir(copies) : [])
    if (!existsSync(`/proc/${pid}`)) await rm(join(copies, pid), { recursive: true, force: true });
}

function stop(): void {
  for (const runner of runners) runner.stop();
  rmSync(own, { recursive: true, force: true });
}

function countsOf(tried: readonly Tried[]): string {
  const count = (verdict: Verdict): number => tried.filter((one) => one.verdict === verdict).length;
  return `${tried.length} mistakes, ${count('killed')} killed, ${count('timeout')} by time, ${count('survived')} survived`;
}

function describe({ file, at, was, becomes }: Survivor): string {
  const line = (files.get(file) ?? '').split('\n').findIndex((text) => text.trim() === at) + 1;
  return `${file}:${line}  ${at}\n    - ${was}\n    + ${becomes}`;
}

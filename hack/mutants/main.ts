// `npm run mutants -- PATH...`: plants mistakes in the sources below some paths, one at a time, and says which no test notices. It must
// never change the checkout: the tests run in a copy of it.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readArguments, refuse } from '../toolchain/arguments.ts';
import { formatElapsed, reportWhile } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { compareSurvivors, parseExplained, type Survivor, survivorOf } from './explained.ts';
import { mutantsOf } from './operators.ts';
import { relatedTests } from './related.ts';
import { type Run, Runner } from './runner.ts';

const help = `Usage: npm run mutants -- PATH...

Plants mistakes in the sources below the paths, one at a time, and runs the tests of the same folder that import the source. A mistake
that they do not notice survives. Each survivor is killed by a test, or has its reason in hack/mutants/survivors.json.
Exit code 0: every survivor is explained. 1: one is not, or a reason is no longer needed. 2: it could not be found out.

Example: npm run mutants -- src/controller/observe.ts src/runtime`;

const notFoundOut = 2;

const { positionals } = readArguments(help, { allowPositionals: true }, notFoundOut);
if (positionals.length === 0) refuse('name a file or folder, for example src/controller', help, notFoundOut);
const files = await sources();
const isChosen = (path: string): boolean =>
  positionals.some((chosen) => path === chosen || path.startsWith(`${chosen.replace(/\/$/, '')}/`));
const chosen = [...files.keys()].filter(
  (path) => isChosen(path) && !/[.]test[.]ts$|\/testing[^/]*[.]ts$|\/testing\//.test(path),
);
if (chosen.length === 0) refuse(`there is no source below ${positionals.join(', ')}`, help, notFoundOut);

const copies = join(repositoryRoot, '.tmp', 'mutants');
await removeLeftovers();
const runner = new Runner(join(copies, String(process.pid)));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    runner.stop();
    process.exit(notFoundOut);
  });
try {
  await runner.start();
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = notFoundOut;
} finally {
  runner.stop();
}

/** @returns the exit code */
async function run(): Promise<number> {
  const started = performance.now();
  const testsOf = relatedTests(files);
  const explained = parseExplained(await readFile(join(import.meta.dirname, 'survivors.json'), 'utf8'));
  let isExplained = true;
  for (const file of chosen) {
    const survivors = await survivorsOf(file, testsOf(file));
    const { unexplained, unneeded } = compareSurvivors(
      survivors,
      explained.filter((one) => one.file === file),
    );
    for (const one of unexplained) console.log(`survived: ${describe(one)}`);
    for (const one of unneeded) console.log(`explained, but killed or gone: ${describe(one)}`);
    isExplained &&= unexplained.length + unneeded.length === 0;
  }
  console.error(`${chosen.length} files, ${formatElapsed(performance.now() - started)}`);
  return isExplained ? 0 : 1;
}

async function survivorsOf(file: string, tests: readonly string[]): Promise<readonly Survivor[]> {
  const original = files.get(file) ?? '';
  const mutants = mutantsOf(original);
  const survivors: Survivor[] = [];
  let tried = 0;
  const tryAll = async (): Promise<void> => {
    const limits = mutants.length === 0 ? [] : await limitsOf(file, original, tests);
    for (const mutant of mutants) {
      if (await survives({ file, source: mutant.source, original }, limits)) survivors.push(survivorOf(file, mutant));
      tried += 1;
    }
  };
  const progress = (elapsed: string): string => `${file}: ${tried} of ${mutants.length} mistakes, ${elapsed}`;
  await reportWhile(console.error, progress, tryAll);
  console.error(`${file}: ${mutants.length} mistakes, ${survivors.length} survived`);
  return survivors;
}

type Limit = Pick<Run, 'test' | 'limit'>;

/** Whether no test notices it. They run in this order, up to the first that does. */
async function survives(mutant: Omit<Run, keyof Limit>, limits: readonly Limit[]): Promise<boolean> {
  for (const limit of limits) if ((await runner.run({ ...mutant, ...limit })) !== 'survived') return false;
  return true;
}

/** For each test, some times as long as it takes without a mistake, in milliseconds. @throws Error if it fails */
async function limitsOf(file: string, original: string, tests: readonly string[]): Promise<readonly Limit[]> {
  const limits: Limit[] = [];
  for (const test of tests) {
    const started = performance.now();
    const verdict = await runner.run({ file, source: original, original, test, limit: 300_000 });
    if (verdict !== 'survived') throw new Error(`${test} fails without a mistake`);
    limits.push({ test, limit: 10_000 + 5 * (performance.now() - started) });
  }
  return limits;
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

/** Where it is, and the code in the form of survivors.json. */
function describe({ file, at, was, becomes }: Survivor): string {
  const line = (files.get(file) ?? '').split('\n').findIndex((text) => text.trim() === at) + 1;
  return `${file}:${line} ${JSON.stringify({ file, at, was, becomes }, null, 2)}`;
}

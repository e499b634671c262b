// `npm run compare -- REV`: compares the decisions of this checkout and of another revision in every state that the model reaches. It
// must never report two revisions as equal without having run both.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectAddon } from '../../src/api/addon.ts';
import { byRole, isWatched, type Role, roles } from '../../src/domain/children.ts';
import { classifyOwner } from '../../src/domain/ownership/owner.ts';
import { type Answer, answer } from '../../src/model/comparison.ts';
import { scenarios } from '../../src/model/scenarios.ts';
import { search } from '../../src/model/search.ts';
import type { Sight } from '../../src/model/sight.ts';
import { productSubject } from '../../src/model/testing.ts';
import { positiveInteger, readArguments, refuse } from '../toolchain/arguments.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { run } from '../toolchain/run.ts';
import { type Difference, differencesOf, type Group, Groups } from './differences.ts';
import { loadFirstRevision } from './first-revision.ts';

const help = `Usage: npm run compare -- REV [options]

Runs the decisions of this checkout and of the revision REV on every state that the model reaches: what would be read and written, the
login, the wake-up, and the status after each refusal and each result of a login. Prints the differences, each once, with the number
of decisions in which it comes. Exit code 0: none. 1: some. 2: it could not be found out.

Options:
  --states N       states explored in each search (default: as many as npm test does)
  --only TEXT      only the searches whose name contains TEXT
  -o, --output F   text (default) or json
  -h, --help       print this`;

/** The exit code if nothing was compared. */
const notFoundOut = 2;

type Decide = (unread: Sight, sight: Sight, now: number) => Answer;

const { values, positionals } = readArguments(
  help,
  {
    allowPositionals: true,
    options: {
      states: { type: 'string' },
      only: { type: 'string', default: '' },
      output: { type: 'string', short: 'o', default: 'text' },
    },
  },
  notFoundOut,
);
const [revision, ...rest] = positionals;
if (revision === undefined || rest.length > 0) refuse('name one revision, for example HEAD~1', help, notFoundOut);
if (values.output !== 'text' && values.output !== 'json') refuse('--output is text or json', help, notFoundOut);
const states = values.states === undefined ? 0 : positiveInteger(values.states, '--states', help, notFoundOut);
const chosen = Object.entries(scenarios).filter(([name]) => name.includes(values.only));
if (chosen.length === 0) refuse(`no search has "${values.only}" in its name`, help, notFoundOut);

/** Values shown for a path; the JSON has all of them. */
const shown = 3;

try {
  process.exitCode = await compare(revision);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = notFoundOut;
}

/** @returns the exit code */
async function compare(rev: string): Promise<number> {
  const { sha, theirs } = await load(rev);
  const groups = new Groups();
  const asked = new Set<string>();
  let decisions = 0;
  let explored = 0;
  const started = performance.now();
  for (const [name, scenario] of chosen) {
    const before = decisions;
    const product = productSubject();
    const found = search(
      { ...scenario, most: Math.max(states, scenario.most) },
      {
        ...product,
        decide: (o, now, sight) => {
          const key = createHash('sha256')
            .update(JSON.stringify([sight, now]))
            .digest('base64');
          if (!asked.has(key)) {
            asked.add(key);
            decisions += 1;
            const unread = withoutReads(sight);
            const [was, is] = [theirs(unread, sight, now), answer(unread, sight, now)];
            const first = `${name}: ${JSON.stringify(sight.addon.spec)}`;
            for (const [part, found] of byOutcome(was, is)) groups.add(`${situationOf(sight)}; ${part}`, found, first);
          }
          return product.decide(o, now, sight);
        },
      },
    );
    if (found.violation !== undefined) throw new Error(`${name}: the model found ${found.violation.rule}`);
    explored += found.states;
    console.error(`${name}: ${found.states} states, ${decisions - before} decisions`);
  }
  const all = groups.list();
  const elapsed = formatElapsed(performance.now() - started);
  console.error(`${explored} states, ${decisions} decisions of ${sha.slice(0, 12)} and of this checkout, ${elapsed}`);
  if (values.output === 'json')
    console.log(JSON.stringify({ revision: sha, states: explored, decisions, differences: all }));
  else
    console.log(
      all.length === 0
        ? 'no difference'
        : `differences in ${all.length} situations\n\n${all.map(describe).join('\n\n')}`,
    );
  return all.length === 0 ? 0 : 1;
}

/** The decisions of a revision, from its sources as git has them. */
async function load(rev: string): Promise<{ readonly sha: string; readonly theirs: Decide }> {
  const sha = (await run('git', ['-C', repositoryRoot, 'rev-parse', '--verify', `${rev}^{commit}`])).trim();
  const root = join(repositoryRoot, '.tmp', 'compare', sha);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  const archive = join(root, 'src.tar');
  await run('git', ['-C', repositoryRoot, 'archive', '--output', archive, sha, 'src']);
  await run('tar', ['-xf', archive, '-C', root]);
  const own = join(root, 'src', 'model', 'comparison.ts');
  if (!existsSync(own)) return { sha, theirs: await loadFirstRevision(root) };
  const loaded = (await import(pathToFileURL(own).href)) as { readonly answer: Decide };
  return { sha, theirs: loaded.answer };
}

/** The same sight before anything was read. */
function withoutReads(sight: Sight): Sight {
  const children = byRole((role) => (isWatched(role) ? sight.children[role] : undefined));
  return { ...sight, children, source: undefined, live: undefined, volumes: undefined, facts: false };
}

/** The differences of the decision itself, and of the status after each outcome. */
function byOutcome(was: Answer, is: Answer): readonly (readonly [string, readonly Difference[]])[] {
  const { status: statusThen, ...then } = was;
  const { status: statusNow, ...now } = is;
  // The outcomes are those of the writes: where these differ, so do those.
  const outcomes = Object.keys(statusThen).filter((outcome) => outcome in statusNow);
  return [
    ['decision', differencesOf(then, now)],
    ...outcomes.map((outcome) => [outcome, differencesOf(statusThen[outcome], statusNow[outcome])] as const),
  ];
}

/** Who owns what was seen, in words. */
function situationOf({ addon, gone, children: seen }: Sight): string {
  const { deletionTimestamp } = addon.metadata;
  const state = gone ? 'gone' : deletionTimestamp !== undefined ? 'being deleted' : 'living';
  const of = (role: Role): string => {
    const child = seen[role];
    if (!child) return child === null ? 'absent' : 'unread';
    const ownership = classifyOwner(projectAddon(addon), child);
    return child.metadata.deletionTimestamp === undefined ? ownership : `${ownership} and being deleted`;
  };
  return [`addon ${state}`, ...roles.map((role) => `${role} ${of(role)}`)].join(', ');
}

function describe({ situation, decisions, differences }: Group): string {
  const lines = Object.entries(differences).flatMap(([path, values]) => [
    `  ${path}`,
    ...values
      .slice(0, shown)
      .flatMap(({ before, after, count, first }) => [
        `    ${count}x - ${before}`,
        `       + ${after}`,
        `       first in ${first}`,
      ]),
    ...(values.length > shown ? [`    and ${values.length - shown} more pairs of values (--output json)`] : []),
  ]);
  return [`${situation}: ${decisions} decisions`, ...lines].join('\n');
}

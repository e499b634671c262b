// The suites of end-to-end tests, and which of them run when there is not enough time for all: the core always, then those that a change
// touches, then the others in turn, so that each has run after a few commits.

export interface Suite {
  /** A folder of e2e/real. */
  readonly name: string;
  /** How much longer a run takes with it, on two busy cores. */
  readonly minutes: number;
  /** It stops what all databases need, so that nothing runs beside it. */
  readonly alone?: true;
  /** The files that it is the test of, as beginnings of paths. */
  readonly about: readonly string[];
}

export const core: Suite = { name: 'core', minutes: 5, about: [] };

export const larger: readonly Suite[] = [
  { name: 'plans', minutes: 6, about: ['src/domain/database/', 'e2e/real/plans', 'e2e/real/disks'] },
  { name: 'diagnosis', minutes: 7, about: ['src/domain/diagnosis/', 'src/controller/evidence', 'e2e/real/causes'] },
  { name: 'backups', minutes: 9, about: ['src/domain/backup/', 'src/api/barman', 'e2e/real/backups'] },
  { name: 'remedies', minutes: 6, about: ['src/api/conditions', 'e2e/harness/remedies', 'e2e/real/remedies'] },
  {
    name: 'outages',
    minutes: 12,
    alone: true,
    about: ['src/kube/', 'src/runtime/', 'src/main', 'src/postgres/', 'charts/', 'e2e/real/outages'],
  },
];

export interface Selection {
  readonly run: readonly Suite[];
  readonly skipped: readonly Suite[];
}

/**
 * @param minutes that the suites may take
 * @param changed paths of the files that the commit changes
 * @param turn a number that differs from commit to commit
 */
export function select(minutes: number, changed: readonly string[], turn: number): Selection {
  const start = turn % larger.length;
  const inTurn = [...larger.slice(start), ...larger.slice(0, start)];
  const isTouched = ({ about }: Suite): boolean =>
    changed.some((path) => about.some((begin) => path.startsWith(begin)));
  const ordered = [...inTurn.filter(isTouched), ...inTurn.filter((suite) => !isTouched(suite))];
  const run = [core];
  let left = minutes - core.minutes;
  for (const suite of ordered) {
    if (suite.minutes > left) continue;
    run.push(suite);
    left -= suite.minutes;
  }
  return { run, skipped: ordered.filter((suite) => !run.includes(suite)) };
}

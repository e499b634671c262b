// The suites of end-to-end tests, and which of them run when there is not enough time for all: the core always, then those that a change
// touches, then the others in turn, so that each has run after a few commits.
import type { BinaryName } from '../toolchain/binaries.ts';

export interface Suite {
  /** A folder of e2e/real. */
  readonly name: string;
  /** How much longer a run takes with it, on two busy cores. */
  readonly minutes: number;
  /** It stops what all databases need, so that nothing runs beside it. These run last, in the order of the list. */
  readonly alone?: true;
  /** Programs that only it needs, and how long it takes to build them. */
  readonly builds?: { readonly programs: readonly BinaryName[]; readonly minutes: number };
  /** The files that it is the test of, as beginnings of paths. */
  readonly about: readonly string[];
}

export const core: Suite = { name: 'core', minutes: 5, about: [] };

export const larger: readonly Suite[] = [
  { name: 'connect', minutes: 4, about: ['docs/connect.md', 'src/domain/credentials/', 'e2e/real/connect'] },
  {
    name: 'roles',
    minutes: 6,
    about: [
      'src/domain/roles/',
      'src/postgres/grants',
      'src/postgres/membership',
      'e2e/real/roles',
      'e2e/real/role-rights',
    ],
  },
  { name: 'plans', minutes: 6, about: ['src/domain/database/', 'e2e/real/plans', 'e2e/real/disks'] },
  { name: 'diagnosis', minutes: 7, about: ['src/domain/diagnosis/', 'src/controller/evidence', 'e2e/real/causes'] },
  {
    name: 'backups',
    minutes: 12,
    about: ['src/domain/backup/', 'src/api/barman', 'docs/backup.md', 'e2e/real/backups'],
  },
  {
    name: 'lineages',
    minutes: 12,
    about: [
      'e2e/real/lineages',
      'src/domain/backup/lineage',
      'src/domain/backup/missing-cluster',
      'src/domain/backup/upgrade',
    ],
  },
  {
    name: 'restore',
    minutes: 20,
    about: ['src/domain/restore/', 'src/domain/promotion/', 'src/domain/drill/', 'e2e/real/restore'],
  },
  { name: 'remedies', minutes: 16, about: ['src/api/conditions', 'e2e/harness/remedies', 'e2e/real/remedies'] },
  {
    name: 'argo-cd',
    minutes: 11,
    builds: { programs: ['argocd', 'miniredis'], minutes: 17 },
    about: ['charts/', 'examples/argo-cd', 'docs/argo-cd.md', 'e2e/real/argo-cd'],
  },
  {
    name: 'outages',
    minutes: 17,
    alone: true,
    about: ['src/kube/', 'src/runtime/', 'src/main', 'src/postgres/', 'src/stores-file', 'charts/', 'e2e/real/outages'],
  },
  {
    name: 'helm',
    minutes: 13,
    alone: true,
    about: ['crds/', 'charts/postgres-addon-operator/', 'src/smoke-test', 'src/main', 'e2e/real/helm'],
  },
];

/** How much longer a run takes with a suite on this machine. */
export function minutesOf({ minutes, builds }: Suite, isBuilt: (program: BinaryName) => boolean): number {
  return minutes + (builds === undefined || builds.programs.every(isBuilt) ? 0 : builds.minutes);
}

export interface Selection {
  readonly run: readonly Suite[];
  readonly skipped: readonly Suite[];
}

/**
 * @param isBuilt whether a program is there already
 * @param minutes that the suites may take
 * @param changed paths of the files that the commit changes
 * @param turn a number that differs from commit to commit
 */
export function select(
  isBuilt: (program: BinaryName) => boolean,
  minutes: number,
  changed: readonly string[],
  turn: number,
): Selection {
  const start = turn % larger.length;
  const inTurn = [...larger.slice(start), ...larger.slice(0, start)];
  const isTouched = ({ about }: Suite): boolean =>
    changed.some((path) => about.some((begin) => path.startsWith(begin)));
  const ordered = [...inTurn.filter(isTouched), ...inTurn.filter((suite) => !isTouched(suite))];
  const run = [core];
  let left = minutes - core.minutes;
  for (const suite of ordered) {
    const takes = minutesOf(suite, isBuilt);
    if (takes > left) continue;
    run.push(suite);
    left -= takes;
  }
  return { run, skipped: ordered.filter((suite) => !run.includes(suite)) };
}

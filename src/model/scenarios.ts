// The searches that npm test runs: each has a few related user steps, bounded so that it takes seconds.
import { children, type Role, roles } from '../domain/children.ts';
import type { Slot } from './objects.ts';
import type { Search } from './search.ts';
import type { UserStep } from './user.ts';

interface Scenario {
  /** Steps before the search, each taken once everything has settled. */
  readonly after?: readonly UserStep[];
  readonly steps: readonly UserStep[];
  /** How many of them, in any order and at any time. */
  readonly times: number;
  /** The objects whose caches may be stale; each of them multiplies the states. */
  readonly late?: readonly Slot[];
  readonly lag?: number;
  readonly resyncs?: number;
  readonly travels?: number;
  readonly expandable?: boolean;
}

/** The maximum number of states of a search. Half of the searches are exhausted before. */
const most = 3_500;
/** The same for a part of a login role. */
const mostOfPart = 1_000;

/** A search with default bounds. */
export function searchOf({
  after = [],
  steps,
  times,
  late = ['addon', 'cluster', 'scheduledBackup'],
  lag = 1,
  resyncs = 0,
  travels = 0,
  expandable = true,
}: Scenario): Search {
  return {
    prologue: after,
    rules: { steps, late, lag, expandable },
    budget: { steps: times, resyncs, travels },
    most,
  };
}

const deletions = [
  'delete in the background',
  'delete in the foreground',
  'delete and orphan',
] as const satisfies readonly UserStep[];

interface Creations {
  readonly standard: UserStep;
  readonly protected: UserStep;
}

const usual: Creations = { standard: 'create standard', protected: 'create protected standard' };

const aRole: Creations = { standard: 'create with roles', protected: 'create protected with roles' };
const allRoles: Creations = { standard: 'create with all roles', protected: 'create protected with all roles' };

/** The user steps that create an addon with each child. */
export const creationOf: Readonly<Record<Role, Creations>> = {
  cluster: usual,
  originStore: { standard: 'create restored', protected: 'create protected restored' },
  objectStore: usual,
  scheduledBackup: usual,
  urlSecret: usual,
  promotedSecret: { standard: 'create promoted', protected: 'create protected promoted' },
  readUrlSecret: { standard: 'create pro', protected: 'create protected pro' },
  bindingSecret: { standard: 'create with extra Secrets', protected: 'create protected with extra Secrets' },
  variablesSecret: { standard: 'create with extra Secrets', protected: 'create protected with extra Secrets' },
  caConfigMap: { standard: 'create verify-full', protected: 'create protected verify-full' },
  readRole: aRole,
  readLogin: aRole,
  readSecret: aRole,
  writeRole: allRoles,
  writeLogin: allRoles,
  writeSecret: allRoles,
  adminRole: allRoles,
  adminLogin: allRoles,
  adminSecret: allRoles,
};

const alike = [
  'readUrlSecret',
  'bindingSecret',
  'writeRole',
  'writeLogin',
  'writeSecret',
  'adminRole',
  'adminLogin',
  'adminSecret',
] as const satisfies readonly Role[];
type Alike = (typeof alike)[number];

/** Of the extra Secrets, and of the login roles, which are handled alike, one stands for all. */
export const searchedRoles = roles.filter(
  (role): role is Exclude<Role, Alike> => !(alike as readonly Role[]).includes(role),
);

/** The searches for each child, one child at a time: a new row in the table of children is searched like the others. */
const ofEachChild = Object.assign(
  {},
  ...searchedRoles.map((role): Readonly<Record<ChildScenario, Search>> => {
    const creation = creationOf[role];
    const hands = searchOf({
      after: [creation.protected],
      steps: [
        `delete ${role}`,
        `put a foreign ${role}`,
        `remove the owner of ${role}`,
        `remove the labels of ${role}`,
        'delete in the background',
        creation.protected,
      ],
      times: 3,
      late: ['addon'],
    });
    const beginning = searchOf({
      steps: [creation.protected, `refuse ${role}`, `accept ${role}`],
      times: 3,
      late: [],
    });
    const policies = searchOf({
      after: [creation.protected, `refuse ${role}`],
      steps: [`accept ${role}`, `refuse ${role}`, 'mode standard', 'delete in the background'],
      times: 4,
      late: ['addon'],
    });
    const changes = searchOf({
      after: [creation.standard, `refuse ${role}`],
      steps: ['plan free', 'plan pro', `delete ${role}`, `accept ${role}`, 'suspend on', 'sslMode require'],
      times: 2,
      late: ['addon'],
    });
    const shared = searchOf({
      after: [creation.standard, `apply ${role} as another manager`],
      steps: [
        'mode protected',
        'mode standard',
        'delete in the background',
        creation.protected,
        'plan pro',
        'plan free',
      ],
      times: 3,
      late: [],
    });
    // The parts of a login role are made and removed by the same code.
    const isPart = 'level' in children[role];
    const asFar = (one: Search): Search => (isPart ? { ...one, most: mostOfPart } : one);
    return {
      [`${role} with another owner`]: asFar(hands),
      [`${role} with another manager`]: asFar(shared),
      [`${role} refused at the beginning`]: asFar(beginning),
      [`${role} refused by a policy`]: asFar(policies),
      [`${role} refused during a change`]: asFar(changes),
    } as Readonly<Record<ChildScenario, Search>>;
  }),
) as Readonly<Record<ChildScenario, Search>>;

/** The names of the searches in `ofEachChild`. */
export type ChildScenario =
  `${(typeof searchedRoles)[number]} ${'with another owner' | 'with another manager' | 'refused at the beginning' | 'refused by a policy' | 'refused during a change'}`;

/** All searches by name. */
export const scenarios = {
  ...ofEachChild,
  'a first start, seen late': searchOf({ steps: ['create standard', 'plan free'], times: 2, lag: 2 }),
  'a plan that changes before the database is ready': searchOf({
    steps: ['create standard', 'plan free', 'plan pro'],
    times: 2,
  }),
  'plans of a running database': searchOf({
    after: ['create free'],
    steps: ['plan free', 'plan standard', 'plan pro', 'fail over'],
    times: 2,
  }),
  'a disk that cannot grow': searchOf({
    after: ['create free'],
    steps: ['plan free', 'plan standard'],
    times: 2,
    expandable: false,
  }),
  'versions and plans at once': searchOf({
    after: ['create free'],
    steps: ['version 18', 'plan pro'],
    times: 2,
  }),
  'versions up and down': searchOf({
    after: ['create free'],
    steps: ['version 17', 'version 17.2', 'version 17.4', 'version 18', 'fail over'],
    times: 3,
    late: ['cluster'],
  }),
  'versions of a database that is created': searchOf({
    steps: ['create free', 'version 17.2', 'version 17.4', 'version 18', 'fail over'],
    times: 4,
    late: ['cluster'],
  }),
  'failures and passwords': searchOf({
    after: ['create pro'],
    steps: ['fail over', 'rotate the password', "delete CNPG's Secret", 'sslMode require'],
    times: 2,
  }),
  'extra Secrets that come and go': searchOf({
    after: ['create standard'],
    steps: ['extra Secrets on', 'extra Secrets off', 'plan pro', 'plan free', 'rotate the password', 'suspend on'],
    times: 3,
    late: ['addon'],
  }),
  'extra Secrets of a database that is adopted, refused': searchOf({
    after: ['create protected with extra Secrets', 'delete in the background'],
    steps: ['create standard', 'refuse variablesSecret', 'accept variablesSecret', 'extra Secrets on'],
    times: 4,
    late: [],
    resyncs: 1,
  }),
  'extra Secrets of a database that is adopted': searchOf({
    after: ['create protected with extra Secrets', 'delete in the background'],
    steps: ['create protected with extra Secrets', 'create standard', 'extra Secrets off', 'delete in the background'],
    times: 3,
    late: ['addon'],
  }),
  'login roles that come and go': searchOf({
    after: ['create standard'],
    steps: ['roles on', 'roles off', 'delete readLogin', 'suspend on', 'fail over'],
    times: 3,
    late: ['addon', 'readRole'],
  }),
  'login roles of a Cluster that vanished': searchOf({
    after: ['create with roles'],
    steps: ['delete cluster', 'start empty', 'roles off', 'mode protected'],
    times: 3,
    late: ['readRole'],
    resyncs: 1,
  }),
  'login roles of a database that is adopted': searchOf({
    after: ['create protected with roles', 'delete in the background'],
    steps: ['create protected with roles', 'create standard', 'roles off', 'delete in the background'],
    times: 3,
    late: ['addon'],
  }),
  'a deleted addon, and a new one': searchOf({
    after: ['create standard'],
    steps: ['delete in the background', 'delete in the foreground', 'create free', 'create protected standard'],
    times: 2,
  }),
  'an addon deleted while it is created': searchOf({ steps: ['create free', ...deletions], times: 2 }),
  'a protected addon deleted while it is created': searchOf({
    steps: ['create protected free', ...deletions],
    times: 2,
  }),
  'a protected addon deleted and its database adopted': searchOf({
    after: ['create protected standard'],
    steps: [...deletions, 'create protected standard', 'create free'],
    times: 2,
  }),
  'adopted, and deleted again': searchOf({
    after: ['create protected standard', 'delete in the background'],
    steps: ['create protected standard', 'create free', 'plan pro', 'delete in the background'],
    times: 2,
  }),
  'orphans of a standard addon': searchOf({
    after: ['create standard', 'delete and orphan'],
    steps: ['create standard', 'create protected free', 'delete in the background'],
    times: 2,
  }),
  'deleted with --cascade=orphan, and a new one': searchOf({
    after: ['create standard'],
    steps: ['delete and orphan', 'create standard', 'create protected free', 'delete in the background'],
    times: 2,
  }),
  'deleted with --cascade=orphan, and a restart on an old list': searchOf({
    after: ['create standard'],
    steps: ['delete and orphan', 'create standard'],
    times: 2,
    travels: 1,
  }),
  'left behind, and not what is requested': searchOf({
    after: ['create protected free', 'delete in the background'],
    steps: ['create free of another database', 'create protected free', 'delete in the background', 'delete cluster'],
    times: 3,
  }),
  'from standard to protected': searchOf({
    after: ['create standard'],
    steps: ['mode protected', 'mode standard', ...deletions],
    times: 2,
  }),
  'from protected to standard': searchOf({
    after: ['create protected standard'],
    steps: ['mode protected', 'mode standard', ...deletions],
    times: 2,
  }),
  'a smaller plan, with another manager': searchOf({
    after: ['create pro', 'apply cluster as another manager'],
    steps: ['plan standard', 'plan free', 'plan pro', 'version 18'],
    times: 3,
    late: [],
  }),
  'adopted from another manager': searchOf({
    after: [
      'create protected standard',
      'delete in the background',
      'apply cluster as another manager',
      'apply scheduledBackup as another manager',
      'apply urlSecret as another manager',
    ],
    steps: ['create standard', 'create protected standard', 'mode standard', 'delete in the background'],
    times: 3,
    late: ['addon'],
  }),
  'restored with the status of an earlier addon': searchOf({
    steps: ['create standard with a restored status', 'plan free', 'mode protected', 'delete in the background'],
    times: 2,
  }),
  'a status of a later generation': searchOf({
    after: ['create standard'],
    steps: ['restore the status of a later generation', 'fail over', 'plan free', 'delete urlSecret'],
    times: 2,
    late: ['addon', 'cluster'],
  }),
  'a suspended addon': searchOf({
    after: ['create standard'],
    steps: ['suspend on', 'suspend off', 'plan free'],
    times: 2,
  }),
  'a database that another addon takes over': searchOf({
    after: ['create protected standard'],
    steps: ['let the rival take the Cluster', 'suspend on', 'suspend off', 'delete cluster', 'start empty'],
    times: 3,
    late: ['addon'],
  }),
  'children edited by hand': searchOf({
    after: ['create standard'],
    steps: [
      'remove the owner of cluster',
      'remove the owner of urlSecret',
      'remove the labels of cluster',
      'remove the labels of scheduledBackup',
      'scale the Cluster by hand',
      'change the schedule by hand',
      'spoil the Secret',
    ],
    times: 2,
    resyncs: 1,
  }),
  'children deleted by hand': searchOf({
    after: ['create standard'],
    steps: ['delete cluster', 'start empty', 'delete scheduledBackup', 'delete urlSecret', 'grow the disk by hand'],
    times: 3,
  }),
  'a Cluster that vanished': searchOf({
    after: ['create standard'],
    steps: ['delete cluster', 'start empty', 'start empty of another lineage', 'plan free'],
    times: 3,
    late: ['addon', 'cluster'],
  }),
  'a Cluster that vanished, and a new one': searchOf({
    after: ['create standard', 'delete cluster'],
    steps: ['start empty', 'delete cluster', 'mode protected', 'delete in the background', 'suspend on', 'suspend off'],
    times: 3,
    late: ['addon'],
  }),
  'foreign children': searchOf({
    steps: ['put a foreign cluster', 'put a foreign scheduledBackup', 'put a foreign urlSecret', 'create standard'],
    times: 2,
  }),
  'a foreign ScheduledBackup in the way of a plan': searchOf({
    after: ['create free', 'put a foreign scheduledBackup'],
    steps: ['plan standard', 'delete scheduledBackup', 'plan free'],
    times: 3,
  }),
  'a rival with the same appId': searchOf({
    steps: ["put the rival's Cluster there", "put the rival's orphan there", 'create free', 'delete cluster'],
    times: 3,
  }),
  'hours that pass': searchOf({
    after: ['create standard'],
    steps: ['fail over', 'wait an hour', 'plan free', 'delete urlSecret'],
    times: 2,
    resyncs: 1,
  }),
  'attempts that begin late': searchOf({
    steps: [
      'create free',
      'suspend on',
      'suspend off',
      'wait an hour',
      'refuse cluster',
      'accept cluster',
      'delete cluster',
    ],
    times: 4,
    late: [],
  }),
  'a finalizer removed by hand': searchOf({
    after: ['create protected free'],
    steps: ['remove the finalizers', 'delete in the background', 'create protected free'],
    times: 2,
  }),
  'suspended in the middle of a switch': searchOf({
    after: ['create standard'],
    steps: ['mode protected', 'suspend on', 'delete in the foreground'],
    times: 3,
    lag: 0,
  }),
  'a switch without a database': searchOf({
    after: ['create protected standard'],
    steps: ['delete cluster', 'mode standard', 'delete in the background'],
    times: 3,
    lag: 0,
  }),
  'a switch, and a restart on an old list': searchOf({
    after: ['create protected free'],
    steps: ['mode standard', 'delete in the background'],
    times: 2,
    travels: 1,
  }),
  'the end of the namespace': searchOf({
    after: ['create protected standard'],
    steps: ['delete the namespace', 'mode standard', 'plan free', 'delete in the background'],
    times: 2,
  }),
  'the end of the namespace at the beginning': searchOf({
    steps: ['create protected standard', 'delete the namespace'],
    times: 2,
  }),
  'a restart on an old list': searchOf({
    after: ['create standard'],
    steps: ['delete in the background', 'create standard', 'plan free'],
    times: 2,
    travels: 1,
  }),
} as const satisfies Readonly<Record<string, Search>>;

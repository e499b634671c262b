// Answers sights with the core of revision 9420a67 and similar ones, which have no src/model/comparison.ts. To be removed when it is no
// longer needed to compare with them.
import { join } from 'node:path';
import type { Answer } from '../../src/model/comparison.ts';
import { platform, type Seen, type Sight } from '../../src/model/sight.ts';

type Verdict = { readonly reason: string; readonly message: string };
type Action = {
  readonly verb: string;
  readonly child: string;
  readonly manifest?: unknown;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
};
interface Decision {
  readonly actions: readonly Action[];
  readonly login?: { readonly url: string; readonly place: unknown };
  readonly report: unknown;
  readonly ends?: true;
  readonly wakeAfter: number | undefined;
}

interface Core {
  readonly decide: (observed: unknown, now: number) => Decision;
  readonly needs: (observed: unknown, now: number) => Readonly<Record<string, boolean>>;
  readonly tell: (addon: unknown, report: unknown, outcome: unknown, now: number) => unknown;
  readonly judgeLogin: (result: unknown, place: unknown) => Verdict | undefined;
  readonly projectAddon: (raw: unknown) => unknown;
  readonly projectCluster: (raw: unknown) => unknown;
  readonly projectScheduledBackup: (raw: unknown) => unknown;
}

/** @param root folder with the `src` of that revision */
export async function loadFirstRevision(root: string): Promise<(unread: Sight, sight: Sight, now: number) => Answer> {
  const files = [
    'domain/decide.ts',
    'domain/needs.ts',
    'domain/status.ts',
    'domain/connection.ts',
    'api/addon.ts',
    'api/cnpg.ts',
  ];
  const modules = await Promise.all(files.map((file) => import(join(root, 'src', file)) as Promise<object>));
  const core = Object.assign({}, ...modules) as Core;
  return (unread, sight, now) => answer(core, unread, sight, now);
}

function answer(core: Core, unread: Sight, sight: Sight, now: number): Answer {
  const observed = observedOf(core, sight);
  const decision = core.decide(observed, now);
  const status = outcomesOf(core, decision).map(([what, outcome]) => [
    what,
    core.tell(observed.addon, decision.report, outcome, now),
  ]);
  return {
    reads: core.needs(observedOf(core, unread), now),
    writes: decision.actions.map(({ verb, child: kind, manifest, name, uid, resourceVersion }) => ({
      verb,
      kind,
      body: manifest ?? { name, uid, resourceVersion },
    })),
    login: decision.login,
    ends: decision.ends === true,
    wakeAfter: decision.wakeAfter,
    status: Object.fromEntries(status) as Answer['status'],
  };
}

function observedOf(core: Core, sight: Sight) {
  const { cluster, scheduledBackup, urlSecret } = sight.children;
  const facts = {
    pods: [],
    claims: [],
    warnings: [],
    changedAt: undefined,
    unseen: ['pods', 'persistentvolumeclaims', 'events'],
  };
  return {
    addon: core.projectAddon(sight.addon),
    gone: sight.gone,
    platform,
    kinds: { clusters: 'served', scheduledBackups: 'served' },
    cluster: cluster ? core.projectCluster(cluster) : undefined,
    scheduledBackup: scheduledBackup ? core.projectScheduledBackup(scheduledBackup) : undefined,
    source: readOf(sight.source),
    urlSecret: readOf(urlSecret),
    volumes: sight.volumes === undefined ? { kind: 'unread' } : { kind: 'found', object: sight.volumes },
    confirmed: readOf(sight.live),
    facts: sight.facts ? { kind: 'found', object: facts } : { kind: 'unread' },
    holders: sight.livingOwners,
    checkup: sight.resync,
  };
}

function readOf(seen: Seen): object {
  if (seen === undefined) return { kind: 'unread' };
  return seen === null ? { kind: 'absent' } : { kind: 'found', object: seen };
}

/** As src/model/comparison.ts makes them: all done, each write refused, each result of the login. */
function outcomesOf(core: Core, { actions, login }: Decision): readonly (readonly [string, object])[] {
  const after = (some: readonly Action[]): object =>
    some.some(({ verb, child }) => verb === 'create' && child === 'Secret') ? { secretUID: 'uid-of-Secret' } : {};
  const failures = [
    ...['credentials', 'role', 'database', 'tls', 'host', 'refused', 'unreachable', 'silent', 'broken', 'starting'],
    ...['full', 'other'],
  ].map((why) => ({ kind: 'failed', why, detail: 'detail' }));
  const results: readonly { readonly kind: string; readonly why?: string }[] = [
    { kind: 'ok' },
    { kind: 'unchecked' },
    ...failures,
  ];
  return [
    ['done', after(actions)],
    ...actions.map((action, index): [string, object] => {
      const refusal = { reason: 'QuotaExceeded', message: 'exceeded quota', child: action.child };
      return [`${action.verb} ${action.child} refused`, { ...after(actions.slice(0, index)), refusal }];
    }),
    ...(login === undefined ? [] : results).map((result): [string, object] => {
      const verdict = core.judgeLogin(result, login?.place);
      return [`login ${result.why ?? result.kind}`, { ...after(actions), ...(verdict && { login: verdict }) }];
    }),
  ];
}

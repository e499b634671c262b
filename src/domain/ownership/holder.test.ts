// Who operates an addon: the installation that status names, and how another one begins.
import { describe, expect, it } from '@jest/globals';
import {
  type AddonSpec,
  type AddonStatus,
  annotations,
  type PostgresAddon,
  projectAddon,
  protectionFinalizer,
} from '../../api/addon.ts';
import { rowOf } from '../../api/conditions.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { defaultPlans } from '../database/plans.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import { paceOf } from '../pace.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  but,
  changed,
  observing,
  observingAll,
  summary,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';
import { transitions } from '../transitions.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const own = testPlatform.operator;
const other = 'elsewhere/postgres-addon-operator';
/** The second installation: other plans. */
const theirs = {
  ...testPlatform,
  operator: other,
  plans: { ...defaultPlans, standard: { ...defaultPlans.standard, memory: '2Gi', backup: 'none' } },
} as const;

const running = aRunningAddon();
const everything = observingAll(running, url);
const dying = { ...running, metadata: { ...running.metadata, deletionTimestamp: '2026-01-03T00:00:00Z' } };

/** An addon without a status. */
function unheld(spec: Partial<AddonSpec> = {}): PostgresAddon {
  const { status: _, ...fresh } = anAddon(spec);
  return fresh;
}

function without({ operator: _, uid: __, ...status }: AddonStatus): AddonStatus {
  return status;
}

/** Everything that makes an operator write. */
const situations: Readonly<Record<string, Observed>> = {
  'plans that differ': everything,
  'a changed spec': but(everything, { addon: changed(running, { plan: 'pro', mode: 'protected' }) }),
  'a Cluster that was deleted': but(everything, { cluster: undefined }),
  suspended: but(everything, { addon: changed(running, { suspend: true }) }),
  'a preview': but(everything, {
    addon: { ...running, metadata: { ...running.metadata, annotations: { [annotations.preview]: 'pro' } } },
  }),
  'an invalid spec': but(everything, { addon: changed(running, { plan: 'none' as 'free' }) }),
  'a Cluster that is not permitted': but(everything, { cluster: { kind: 'denied', message: 'no' } }),
  'a due look at the Secrets': but(everything, { resync: true }),
  'a deletion': but(everything, { addon: dying }),
  'the deletion of a protected addon': but(everything, {
    addon: {
      ...dying,
      spec: { ...dying.spec, mode: 'protected' },
      metadata: { ...dying.metadata, finalizers: [protectionFinalizer] },
    },
  }),
  'an addon that no longer exists': but(everything, { gone: true }),
};

describe('an addon that another installation holds', () => {
  it.each(Object.entries(situations))('is left alone: %s', (_, o) => {
    const held = but(o, { platform: theirs });
    const { actions, decision, status } = think(held);
    expect(actions).toEqual([]);
    expect(decision.login).toBeUndefined();
    expect(status).toBe(held.addon.status);
    expect(decision.ends).toBe(held.gone ? true : undefined);
    expect(decision).toMatchObject({ heldBy: own, ready: { reason: 'HeldByAnotherOperator' } });
    expect(decision.ready.message).toContain(own);
    expect(Object.values(needs(held, testTime)).filter(Boolean)).toEqual([]);
    // Without a holder the same situations do make this installation act.
    expect(think(but(o, { platform: theirs, holderGone: true })).decision.heldBy).toBeUndefined();
  });

  it('says how either of the two can have it', () => {
    const { message } = think(but(everything, { platform: theirs })).decision.ready;
    expect(message).toBe(
      `operator ${own} (namespace/Lease) operates this addon, so this one (${other}) leaves it alone. ` +
        'To leave it so, restrict watchNamespaces of this one, or uninstall this one. To move the addon here, uninstall the other one; ' +
        'or restrict watchNamespaces of the other one, wait until its pods are replaced, and then: ' +
        `kubectl patch pga shop -n team-a --subresource=status --type=merge --patch '{"status":{"operator":null}}'`,
    );
    // The command is that of the remedy.
    expect(rowOf('HeldByAnotherOperator').remedy).toContain(message.slice(message.indexOf('--subresource')));
  });

  it('fits into the note of an Event, however long the names are', () => {
    const long = (letter: string) => letter.repeat(63);
    const addon = {
      ...running,
      metadata: { ...running.metadata, name: long('a'), namespace: long('n') },
      status: { ...running.status, operator: `${long('h')}/${long('l')}` },
    };
    const o = but(everything, { addon, platform: { ...theirs, operator: `${long('o')}/${long('m')}` } });
    const { message } = think(o).decision.ready;
    expect(message).toContain(long('o'));
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
  });

  it('is not remembered when it no longer exists', () => {
    const { decision } = think(but(everything, { gone: true, platform: theirs }));
    expect(decision.ends).toBe(true);
  });
});

describe('the first round of an addon', () => {
  it.each(['standard', 'protected'] as const)('creates the children and names the installation at once: %s', (mode) => {
    const { actions, status } = think(observing(unheld({ mode })));
    expect(summary(actions)).toContain('create Cluster');
    expect(status.operator).toBe(own);
  });

  it('does not change what exists before status names the installation', () => {
    const fresh = unheld();
    const o = observing(fresh, { cluster: aCluster(fresh), platform: theirs });
    const first = think(o);
    expect(first.actions).toEqual([]);
    expect(first.status).toEqual({ uid: 'addon-uid', operator: other });
    expect(first.continues).toBe(true);
    const second = think(but(o, { addon: { ...fresh, status: first.status } }));
    expect(summary(second.actions)).toContain('apply Cluster');
    expect(think(but(o, { addon: { ...fresh, status: first.status }, platform: testPlatform })).actions).toEqual([]);
  });
});

describe('an addon whose status cannot name the installation', () => {
  const running_ = running.status ?? {};
  const { operator: _, ...nameless } = { ...running_, uid: running.metadata.uid };
  const asked = { ...changed(running, { plan: 'pro' }), status: nameless };

  it.each<readonly [string, Partial<Observed>]>([
    ['a policy drops the name', { addon: asked }],
    ['the CRD lacks it', { addon: { ...asked, status: without(running_) }, missingFromSchema: ['status.operator'] }],
  ])('is operated all the same: %s', (_, more) => {
    const { actions, decision } = think(but(everything, more));
    expect(decision.onlyHolds).toBeUndefined();
    expect(summary(actions)).toContain('apply Cluster');
  });

  it('gets its status written with growing pauses if nothing of it is stored', () => {
    const fresh = unheld();
    const { decision } = think(observing(fresh, { cluster: aCluster(fresh) }));
    expect(decision.onlyHolds).toBe(true);
    const pace = (status: AddonStatus): unknown =>
      paceOf({
        kind: 'reported',
        addon: { ...fresh, status },
        decision,
        result: {},
        untilCheckUp: () => 0,
        now: testTime,
      });
    expect(pace({})).toEqual({ kind: 'retry', atLeastMilliseconds: 10_000 });
    expect(pace({ uid: fresh.metadata.uid })).toEqual({ kind: 'again', afterMilliseconds: 0 });
    expect(pace({ operator: own })).toEqual({ kind: 'again', afterMilliseconds: 0 });
  });
});

describe('an addon whose status names no installation, after an upgrade', () => {
  const old = { ...running, status: without(running.status ?? {}) };

  it('gets the name in one status write if nothing else is to be written', () => {
    const { actions, status, decision } = think(observingAll(old, url));
    expect(actions).toEqual([]);
    expect(status).toEqual({ ...old.status, operator: own, uid: 'addon-uid' });
    expect(decision.onlyHolds).toBeUndefined();
    expect(transitions(old.status, status)).toEqual([]);
  });

  it('gets it before anything is written', () => {
    const o = but(observingAll(old, url), { addon: changed(old, { plan: 'pro' }) });
    const { actions, status } = think(o);
    expect(actions).toEqual([]);
    expect(status).toEqual({ ...old.status, operator: own, uid: 'addon-uid' });
    expect(think(but(o, { addon: { ...o.addon, status } })).actions.length).toBeGreaterThan(0);
  });
});

describe('a Cluster that has to be created again, and that admission changes', () => {
  it('is that of the installation that created it', () => {
    const old = { ...running, status: without(running.status ?? {}) };
    const altered = { cluster: { reason: 'ChangedOnAdmission', message: 'memory is 512Mi' } } as const;
    expect(think(but(observingAll(old, url), { cluster: undefined }), { altered }).status.operator).toBe(own);
  });
});

describe('an addon whose holder no longer runs', () => {
  it('is taken over by a status write first, with an Event, and changed afterwards', () => {
    const o = but(everything, { platform: theirs, holderGone: true });
    const { actions, status } = think(o);
    expect(actions).toEqual([]);
    expect(status).toEqual({ ...running.status, operator: other });
    expect(transitions(running.status, status)).toMatchObject([{ type: 'Normal', reason: 'OperatorChanged' }]);
    const next = think(but(o, { addon: { ...running, status }, holderGone: false }));
    expect(summary(next.actions)).toContain('apply Cluster');
    // The first installation comes back.
    expect(think(but(everything, { addon: { ...running, status } })).decision.heldBy).toBe(other);
  });

  it('is released when it is deleted', () => {
    const o = but(situations['the deletion of a protected addon'] ?? everything, {
      platform: theirs,
      holderGone: true,
    });
    expect(summary(think(o).actions)).toContain('apply PostgresAddon');
  });
});

describe('a restored status', () => {
  const raw = (status: AddonStatus): KubeObject => ({ ...running, status }) as KubeObject;

  it('of another object names no installation; of a later generation it does', () => {
    const status = { ...running.status, operator: other };
    expect(projectAddon(raw({ ...status, uid: 'earlier' })).status?.operator).toBeUndefined();
    expect(projectAddon(raw({ ...status, observedGeneration: 7 })).status?.operator).toBe(other);
  });
});

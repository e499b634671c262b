// Who can log in to a restored database: the owner alone, until somebody asks for the others.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import type { DatabaseRole } from '../../api/cnpg.ts';
import { look, round, settles, stored, type World } from '../backup/testing.ts';
import type { ClusterManifest } from '../database/cluster.ts';
import type { Observed } from '../observed.ts';
import { buildDatabaseRole } from '../roles/parts.ts';
import { situationOf } from '../situation.ts';
import { anAddon, aTarget, but, changed, manifestOf, summary, think } from '../testing.ts';
import { transitions } from '../transitions.ts';
import { letsIn, lockFor, rolesQuestion } from './lock.ts';
import { begin, byArchive, byName, ran, source, specOf } from './testing.ts';

const lock = ['host all "app" all scram-sha-256', 'host all all all reject'];
const running = ran(settles(round(byName)));
const theirs = 'hostssl all all 10.0.0.0/8 cert';

const unlocked = (world: World, value = 'true'): World => {
  const { metadata } = world.addon;
  return {
    ...world,
    addon: { ...world.addon, metadata: { ...metadata, annotations: { [annotations.unlockRoles]: value } } },
  };
};
const withLines = (world: World, ...lines: readonly string[]): World => {
  if (world.cluster === undefined) throw new Error('no Cluster');
  const { spec } = world.cluster;
  return {
    ...world,
    cluster: { ...world.cluster, spec: { ...spec, postgresql: { ...spec.postgresql, pg_hba: lines } } },
  };
};
const told = (world: World, ...lockedRoles: string[]): World => {
  const { status } = world.addon;
  if (status?.restore === undefined) throw new Error('not restored');
  return { ...world, addon: { ...world.addon, status: { ...status, restore: { ...status.restore, lockedRoles } } } };
};
const linesOf = (world: World) => world.cluster?.spec.postgresql?.pg_hba;
/** The lines that a write has, or the word for none. */
const written = (world: World) => {
  const { actions } = think(look(world));
  return actions.some(({ child }) => child === 'cluster') ? specOf(world).postgresql.pg_hba : 'no write';
};

describe('the lines of pg_hba.conf', () => {
  it.each<readonly [string, World]>([
    ['from an addon', byName],
    ['from an archive', byArchive],
    ['from a store that its Cluster no longer tells', { ...byName, source: undefined, addon: running.addon }],
  ])('of a database that is restored %s let nobody but the owner in, from its creation on', (_, world) => {
    expect(specOf(world).postgresql.pg_hba).toEqual(lock);
  });

  it('name the owner of the source', () => {
    const other = { ...source, spec: { ...source.spec, database: { owner: 'clerk' } } };
    expect(specOf({ ...byName, source: other }).postgresql.pg_hba?.[0]).toBe('host all "clerk" all scram-sha-256');
  });

  it('have no line of another kind, whatever somebody wrote into a status', () => {
    const { status } = running.addon;
    const owner = 'app" all trust\nhost all all all trust #';
    const edited = {
      ...running.addon,
      status: { ...status, restore: { ...status?.restore, owner } },
    } as World['addon'];
    expect(specOf({ ...byName, addon: edited }).postgresql.pg_hba).toEqual(['host all all all reject']);
  });

  it('are none of the operator in a database that began empty, whatever is there', () => {
    const { postgresql } = manifestOf(think(look({ addon: anAddon() })).actions, 'cluster').spec as never;
    expect(postgresql).not.toHaveProperty('pg_hba');
    const made = ran(settles(round({ addon: anAddon() })));
    expect(written(withLines(made, theirs))).toBe('no write');
    expect(written(unlocked(made))).toBe('no write');
  });

  it('are set again when somebody removes one, and those of others stay', () => {
    expect(written(running)).toBe('no write');
    expect(written(withLines(running, theirs, ...lock))).toBe('no write');
    expect(written(withLines(running, theirs, lock[1] ?? ''))).toEqual([theirs, ...lock]);
    expect(written(withLines(running))).toEqual(lock);
    // The first line that fits decides.
    expect(written(withLines(running, ...lock.toReversed()))).toEqual(lock);
    expect(written(withLines(running, ...lock, theirs))).toEqual([theirs, ...lock]);
  });

  it('are removed on request, and those of others stay; without the request, they come again', () => {
    const open = round(unlocked(running));
    expect(open.wrote).toContain('apply Cluster');
    expect(linesOf(open)).toBeUndefined();
    expect(written(open)).toBe('no write');
    expect(written(withLines(open))).toBe('no write');
    expect(written(withLines(open, theirs))).toBe('no write');
    expect(written(unlocked(withLines(running, theirs, ...lock)))).toEqual([theirs]);
    // An apply without them would remove them.
    const other = withLines(open, theirs);
    const larger = { ...other, addon: { ...other.addon, spec: { ...other.addon.spec, plan: 'pro' as const } } };
    expect(written(larger)).toEqual([theirs]);
    expect(written(unlocked(open, 'false'))).toEqual(lock);
  });

  it.each(['', 'false', 'yes', 'True'])('stay for the value "%s"', (value) => {
    expect(written(unlocked(running, value))).toBe('no write');
  });
});

describe('a login role that the restored addon asks for', () => {
  const asking = { ...running, addon: changed(running.addon, { roles: ['read', 'write'] }) };
  const line = 'host all "app_read" all scram-sha-256';
  /** With a DatabaseRole of the addon for `read`. */
  const having = (status: DatabaseRole['status'], login = true, world: World = asking) => {
    const o = look(world);
    const manifest = buildDatabaseRole(world.addon, aTarget(o), 'read', login ? 'open' : 'locked');
    const { apiVersion, kind, metadata } = stored(manifest, 'role-uid');
    const role = { apiVersion, kind, metadata: { ...metadata, generation: 2 }, spec: manifest.spec, status };
    return but(o, { readRole: role as unknown as DatabaseRole });
  };
  const applied = { applied: true, observedGeneration: 2 };
  const linesWritten = (o: Observed) => {
    const { actions } = think(o);
    const isWritten = actions.some(({ child }) => child === 'cluster');
    return isWritten ? (manifestOf(actions, 'cluster') as ClusterManifest).spec.postgresql.pg_hba : 'no write';
  };

  it('is let in once CNPG has given it the password of this database, and not with that of the source', () => {
    expect(linesWritten(having(applied))).toEqual([lock[0], line, lock[1]]);
    expect(linesWritten(having({ applied: true, observedGeneration: 1 }))).toBe('no write');
    expect(linesWritten(having({ applied: false, observedGeneration: 2 }))).toBe('no write');
    expect(linesWritten(having({}))).toBe('no write');
    expect(linesWritten(having(applied, false))).toBe('no write');
  });

  it('is shut out again when it is not asked for any more, or nothing is known of it', () => {
    const open = withLines(asking, theirs, lock[0] ?? '', line, lock[1] ?? '');
    expect(linesWritten(having(applied, true, open))).toBe('no write');
    expect(written(open)).toEqual([theirs, ...lock]);
    const without = { ...open, addon: changed(open.addon, { roles: [] }) };
    expect(linesWritten(having(applied, true, without))).toEqual([theirs, ...lock]);
  });

  it('is not called locked any more, and the others are', () => {
    const open = withLines(told(asking, 'app_read', 'report'), lock[0] ?? '', line, lock[1] ?? '');
    expect(think(having(applied, true, open)).status.restore?.lockedRoles).toEqual(['report']);
  });

  it('is let in by no line of another kind', () => {
    expect(lockFor('app', ['app_read', 'a" all trust #'])).toEqual([lock[0], line, lock[1]]);
    const { cluster } = withLines(asking, ...lock);
    if (cluster === undefined) throw new Error('no Cluster');
    expect([letsIn(cluster, 'app'), letsIn(cluster, 'app_read'), letsIn(cluster, 'a"')]).toEqual([true, false, false]);
    expect(letsIn({ ...cluster, spec: {} }, 'app_read')).toBe(true);
  });
});

describe('the roles that are locked', () => {
  const asks = (world: World) => rolesQuestion(situationOf(look(world)), aTarget(look(world)));

  it.each<readonly [string, World, boolean]>([
    ['by a database that was restored', running, true],
    ['not once they are known', told(running, 'report'), false],
    ['not if there are none', told(running), false],
    ['not if they may log in', unlocked(running), false],
    ['not by a database that began empty', ran(settles(round({ addon: anAddon() }))), false],
  ])('are asked for at a login %s', (_, world, expected) => {
    expect(asks(world)).toEqual(expected ? { otherRoles: true } : {});
  });

  it('stay in status until they may log in', () => {
    const known = told(running, 'report');
    expect(think(look(known)).status.restore?.lockedRoles).toEqual(['report']);
    // Not before the Cluster lets them in, which the next round sees.
    const { status, decision } = think(look(unlocked(known)));
    expect(status.restore?.lockedRoles).toEqual(['report']);
    expect(decision.continues).toBe(true);
    expect(summary(think(look({ ...unlocked(known), originStore: undefined })).actions)).toContain(
      'create ObjectStore',
    );
    const open = round(unlocked(known));
    expect(think(look(open)).status.restore).not.toHaveProperty('lockedRoles');
    expect(think(look(open)).decision.continues).toBeUndefined();
    expect(think(look(begin({ addon: 'shop' }))).status.restore).not.toHaveProperty('lockedRoles');
  });

  it('stay in the status of a suspended addon, whose Cluster is not changed', () => {
    const known = unlocked(told(running, 'report'));
    const { status, actions, pace } = think(look({ ...known, addon: changed(known.addon, { suspend: true }) }));
    expect(status.restore?.lockedRoles).toEqual(['report']);
    expect(actions).toEqual([]);
    expect(pace).not.toMatchObject({ afterMilliseconds: 0 });
  });

  it('stay in status when the Cluster vanishes and is restored again: nobody can log in meanwhile', () => {
    const vanished = { ...told(running, 'report'), cluster: undefined };
    const { status, actions } = think(look(vanished));
    expect(summary(actions)).toContain('create Cluster');
    expect(status.restore?.lockedRoles).toEqual(['report']);
    expect(transitions(vanished.addon.status, status).map(({ reason }) => reason)).not.toContain('RolesUnlocked');
  });

  it('are let in at once, also if somebody else sets fields of the Cluster again and again', () => {
    const known = unlocked(told(running, 'report'));
    const contested = { ...look(known), repairWaits: { cluster: 60_000 } };
    expect(summary(think(contested).actions)).toContain('apply Cluster');
    const repair = { ...look(withLines(running, ...lock.toReversed())), repairWaits: { cluster: 60_000 } };
    const { actions, conditions } = think(repair);
    expect(summary(actions)).not.toContain('apply Cluster');
    expect(conditions.PlanApplied?.message).toContain('(the order of spec.postgresql.pg_hba)');
  });
});

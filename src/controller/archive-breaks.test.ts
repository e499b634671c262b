// How soon it is visible that an archive has broken, on a virtual clock: within five minutes of the next write, and with point-in-time
// recovery within ten minutes also if nobody writes.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import type { Question } from '../api/login.ts';
import { edit } from '../model/server.ts';
import { minute, World } from './testing.ts';

/** CNPG sets it: a file with something in it is completed at the latest after this time. */
const archiveTimeout = 5 * minute;
/** The steps of the test. Milliseconds. */
const second = 1000;
/** CNPG reports an attempt that failed, and the operator what CNPG reports. */
const report = 2 * second;

/**
 * PostgreSQL, as far as it archives: every five minutes it looks whether anything was written since the last time, and then completes the
 * file. Its archive is broken from the beginning.
 */
class Postgres {
  readonly #world: World;
  #next: number;
  #isWritten = false;

  /** @param until when it looks for the first time; milliseconds from now */
  constructor(world: World, until: number) {
    this.#world = world;
    this.#next = world.clock.monotonic() + until;
    world.onLogin = ({ archiver }: Question) => {
      if (archiver === 'heartbeat') this.write();
    };
  }

  write(): void {
    this.#isWritten = true;
  }

  async advance(): Promise<void> {
    await this.#world.advance(second);
    if (this.#world.clock.monotonic() < this.#next) return;
    this.#next += archiveTimeout;
    if (this.#isWritten) this.#fail();
  }

  #fail(): void {
    const lastTransitionTime = new Date(this.#world.clock.now()).toISOString();
    const failing = { type: 'ContinuousArchiving', status: 'False', message: 'exit status 1', lastTransitionTime };
    this.#world.change((state) => {
      const answer = edit(state, 'cluster', (cluster) => {
        const { conditions = [] } = (cluster.status ?? {}) as { readonly conditions?: readonly { type: string }[] };
        const others = conditions.filter(({ type }) => type !== failing.type);
        return { ...cluster, status: { ...cluster.status, conditions: [...others, failing] } };
      });
      if (answer.kind === 'error') throw new Error('there is no Cluster');
      return answer.state;
    });
  }
}

const statusOf = (world: World): AddonStatus => (world.seen('addon')?.status ?? {}) as AddonStatus;

/** A database with backups in force that nobody has touched for hours. */
async function atRest(plan: 'standard' | 'pro', random: number): Promise<World> {
  const world = new World({ random: () => random });
  world.user(`create ${plan}`);
  await world.advance(3 * 60 * minute);
  expect(statusOf(world).backup?.effective).toBe(plan === 'pro' ? 'pitr' : 'daily');
  return world;
}

/** Milliseconds until status says that WAL is not archived. */
async function untilVisible(world: World, postgres: Postgres): Promise<number> {
  const since = world.clock.monotonic();
  const isVisible = (): boolean => {
    const { backup, conditions } = statusOf(world);
    const ready = conditions?.find(({ type }) => type === 'BackupReady');
    return backup?.effective === 'none' && backup.archiving === 'failing' && ready?.reason === 'ArchivingFailing';
  };
  while (!isVisible()) {
    if (world.clock.monotonic() - since > 60 * minute) throw new Error('nothing is visible after an hour');
    await postgres.advance();
  }
  return world.clock.monotonic() - since;
}

/** Waits for the next check-up that leaves a commit record. @returns milliseconds */
async function untilHeartbeat(world: World): Promise<number> {
  const since = world.clock.monotonic();
  let isHeard = false;
  world.onLogin = ({ archiver }) => {
    isHeard ||= archiver === 'heartbeat';
  };
  while (!isHeard) await world.advance(second);
  return world.clock.monotonic() - since;
}

describe.each([0, 0.5, 0.999])('with check-ups spread by %d, an archive that breaks is visible', (chance) => {
  it.each([
    ['standard', second],
    ['standard', archiveTimeout],
    ['pro', second],
    ['pro', archiveTimeout],
  ] as const)(
    'within five minutes of the next write to a database of plan %s, seen after %d ms',
    async (plan, first) => {
      const world = await atRest(plan, chance);
      const postgres = new Postgres(world, first);
      postgres.write();
      expect(await untilVisible(world, postgres)).toBeLessThanOrEqual(archiveTimeout + report);
      await world.queue.stop(0);
    },
  );

  it('within ten minutes on an idle database with point-in-time recovery, in the worst case', async () => {
    const world = await atRest('pro', chance);
    await untilHeartbeat(world);
    const interval = await untilHeartbeat(world);
    // It breaks just after a check-up, and PostgreSQL looks just before the next one.
    const postgres = new Postgres(world, (interval - second) % archiveTimeout);
    const visible = await untilVisible(world, postgres);
    expect(visible).toBeGreaterThan(interval);
    expect(visible).toBeLessThanOrEqual(10 * minute);
    await world.queue.stop(0);
  });
});

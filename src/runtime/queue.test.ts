import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock, settle } from '../testing/clock.ts';
import { Backoff } from './backoff.ts';
import { createLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { type Next, type OffWorker, WorkQueue, type WorkQueueOptions } from './queue.ts';
import { logSpin } from './spin.ts';

interface Run {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly startedAt: number;
  readonly end: (next: Next) => void;
  readonly fail: (error: unknown) => void;
  readonly offWorker: OffWorker;
}

/** A queue whose runs end only when the test ends them. */
function bench(options: Partial<WorkQueueOptions> = {}) {
  const clock = new ManualClock();
  const backoff = new Backoff({ baseMilliseconds: 1000, maximumMilliseconds: 300_000, random: () => 0 });
  const running: Run[] = [];
  const started: Run[] = [];
  const errors: { key: string; error: unknown }[] = [];
  const queue = new WorkQueue({
    workers: 2,
    clock,
    backoff,
    handle: (key, signal, offWorker) =>
      new Promise<Next>((resolve, reject) => {
        const leave = (): void => {
          running.splice(running.indexOf(run), 1);
        };
        const run: Run = {
          key,
          signal,
          offWorker,
          startedAt: clock.monotonic(),
          end: (next) => {
            leave();
            resolve(next);
          },
          fail: (error) => {
            leave();
            reject(error);
          },
        };
        running.push(run);
        started.push(run);
      }),
    onError: (key, error) => errors.push({ key, error }),
    onSpin: () => {},
    ...options,
  });
  const only = (): Run => {
    const [run] = running;
    if (run === undefined || running.length !== 1) throw new Error(`${running.length} runs in flight`);
    return run;
  };
  const endOnly = async (next: Next): Promise<void> => {
    only().end(next);
    await settle();
  };
  return { clock, queue, running, started, errors, only, endOnly };
}

const done: Next = { kind: 'done' };

describe('WorkQueue', () => {
  it('keeps what is added before start and makes one run of many adds', async () => {
    const { queue, started } = bench();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.depth).toBe(2);
    await settle();
    expect(started).toHaveLength(0);
    queue.start();
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b']);
    expect(queue.depth).toBe(0);
  });

  it('runs a key that was added in flight again, after the run in flight', async () => {
    const { queue, started, endOnly } = bench();
    queue.start();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(started).toHaveLength(1);
    await endOnly(done);
    expect(started).toHaveLength(2);
    await endOnly(done);
    expect(started).toHaveLength(2);
  });

  it('never has more runs in flight than workers and takes keys in the order of their adds', async () => {
    const { queue, running, started } = bench();
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    queue.start();
    await settle();
    expect(queue.inFlight).toBe(2);
    expect(queue.depth).toBe(2);
    for (const [index, next] of ['c', 'd'].entries()) {
      running[0]?.end(done);
      await settle();
      expect(queue.depth).toBe(1 - index);
      expect(started.at(-1)?.key).toBe(next);
      expect(running).toHaveLength(2);
    }
  });

  it('lets the earlier of two delays win, in either order', async () => {
    for (const delays of [
      [500, 100],
      [100, 500],
    ]) {
      const { clock, queue, started, endOnly } = bench();
      queue.start();
      for (const delay of delays) queue.addAfter('a', delay);
      await clock.advance(99);
      expect(started).toHaveLength(0);
      await clock.advance(1);
      expect(started).toHaveLength(1);
      await endOnly(done);
      await clock.advance(1000);
      expect(started).toHaveLength(1);
    }
  });

  it('runs a key at once after no time at all, and not before the shortest time', async () => {
    for (const [delay, runs] of [
      [-1, 1],
      [0, 1],
      [Number.NaN, 1],
      [1, 0],
    ] as const) {
      const { clock, queue, started } = bench();
      queue.start();
      queue.addAfter('a', delay);
      await settle();
      expect(started).toHaveLength(runs);
      await clock.advance(1);
      expect(started).toHaveLength(1);
    }
  });

  it('runs a key that asks to run again at once a single time', async () => {
    const { queue, started, only } = bench();
    queue.start();
    queue.add('a');
    await settle();
    only().end({ kind: 'again', afterMilliseconds: 0 });
    await settle();
    expect(queue.depth).toBe(0);
    only().end(done);
    await settle();
    expect(started).toHaveLength(2);
  });

  it('waits longer for each retry of a key and starts again at the base after a success', async () => {
    const { clock, queue, started, endOnly } = bench();
    queue.start();
    queue.add('a');
    await settle();
    for (const wait of [500, 1000, 2000]) {
      await endOnly({ kind: 'retry' });
      await clock.advance(wait - 1);
      expect(queue.inFlight).toBe(0);
      await clock.advance(1);
      expect(queue.inFlight).toBe(1);
    }
    await endOnly({ kind: 'again', afterMilliseconds: 10 });
    await clock.advance(10);
    await endOnly({ kind: 'retry' });
    await clock.advance(500);
    expect(started).toHaveLength(6);
  });

  it('honours a wait that the server asked for when it is longer than the back-off', async () => {
    const { clock, queue, endOnly } = bench();
    queue.start();
    queue.add('a');
    await settle();
    await endOnly({ kind: 'retry', atLeastMilliseconds: 7000 });
    await clock.advance(6999);
    expect(queue.inFlight).toBe(0);
    await clock.advance(1);
    expect(queue.inFlight).toBe(1);
  });

  it('begins the back-off with the wait that the failure requires, and ends it by the time that the run names', async () => {
    const { clock, queue, endOnly } = bench();
    const waits = async (wait: number): Promise<void> => {
      await clock.advance(wait - 1);
      expect(queue.inFlight).toBe(0);
      await clock.advance(1);
      expect(queue.inFlight).toBe(1);
    };
    queue.start();
    queue.add('a');
    await settle();
    for (const wait of [10_000, 10_000, 20_000, 40_000]) {
      await endOnly({ kind: 'retry', atLeastMilliseconds: 10_000 });
      await waits(wait);
    }
    await endOnly({ kind: 'retry', atLeastMilliseconds: 10_000, atMostMilliseconds: 15_000 });
    await waits(15_000);
    await endOnly({ kind: 'retry', atLeastMilliseconds: 10_000, atMostMilliseconds: 3000 });
    await waits(10_000);
    await endOnly({ kind: 'retry', atMostMilliseconds: 0 });
    expect(queue.inFlight).toBe(1);
  });

  it('does not lengthen the wait of a failing key when it runs before the wait is over', async () => {
    const { clock, queue, started, endOnly } = bench();
    queue.start();
    for (let events = 0; events < 20; events += 1) {
      queue.add('a');
      await clock.advance(1000);
      await endOnly({ kind: 'retry', atLeastMilliseconds: 30_000 });
    }
    await clock.advance(30_000);
    expect(started).toHaveLength(21);
  });

  it('lets the newest run decide when its key runs next: what an earlier run requested is void', async () => {
    for (const next of [done, { kind: 'retry', atLeastMilliseconds: 60_000 }] as const) {
      const { clock, queue, started, endOnly } = bench();
      queue.start();
      queue.add('a');
      await settle();
      await endOnly({ kind: 'again', afterMilliseconds: 10_000 });
      await clock.advance(5000);
      queue.add('a');
      await settle();
      await endOnly(next);
      await clock.advance(59_999);
      expect(started).toHaveLength(2);
    }
  });

  it('reports a handler that throws, in its promise or before it has one, and retries the key', async () => {
    const { clock, queue, only, errors, started } = bench();
    queue.start();
    queue.add('a');
    await settle();
    only().fail(new Error('boom'));
    await clock.advance(500);
    expect(errors).toEqual([{ key: 'a', error: new Error('boom') }]);
    expect(started).toHaveLength(2);

    const thrown: unknown[] = [];
    const early = bench({
      handle: () => {
        throw new Error('early');
      },
      onError: (_, error) => thrown.push(error),
    });
    early.queue.start();
    early.queue.add('a');
    await early.clock.advance(500);
    expect(thrown).toEqual([new Error('early'), new Error('early')]);
  });

  it('wakes late enough for waits that a timer cannot hold', async () => {
    const { clock, queue, started } = bench();
    const waits: number[] = [];
    const after = clock.after.bind(clock);
    clock.after = (milliseconds, callback) => {
      waits.push(milliseconds);
      return after(milliseconds, callback);
    };
    queue.start();
    const thirtyDays = 30 * 24 * 3_600_000;
    queue.addAfter('a', thirtyDays);
    await clock.advance(thirtyDays - 1);
    expect(started).toHaveLength(0);
    await clock.advance(1);
    expect(started).toHaveLength(1);
    expect(Math.max(...waits)).toBeLessThan(2 ** 31);
  });

  it('reports a key that runs without a pause: once in the log, and in a metric until it calms down', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } });
    const metrics = new Metrics({ version: '1' });
    const counted = async (): Promise<string | undefined> => {
      metrics.spinning(queue.spinning);
      return /^postgres_addon_queue_spinning (.*)$/m.exec(await metrics.text())?.[1];
    };
    let runs = 0;
    const { clock, queue } = bench({
      handle: async () => {
        runs += 1;
        return { kind: 'again', afterMilliseconds: runs < 1000 ? 0 : 60_000 };
      },
      onSpin: (key) => logSpin(log, key),
    });
    queue.start();
    queue.add('team-a/shop');
    while (runs < 1000) await settle();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        addon: 'team-a/shop',
        msg: 'reconciled more than 120 times within a minute; no more is logged until it calms down',
      }),
    ]);
    expect(await counted()).toBe('1');
    await clock.advance(120_000);
    expect(await counted()).toBe('0');
    expect(lines).toHaveLength(1);
  });

  it('holds no timer when nothing is delayed', async () => {
    const { clock, queue } = bench();
    queue.start();
    queue.addAfter('a', 500);
    queue.addAfter('b', 100);
    expect(clock.timers).toBe(1);
    await clock.advance(500);
    expect(clock.timers).toBe(0);
  });

  it('stops: waits for runs in flight, starts none, and says that it drained', async () => {
    const { clock, queue, only, started } = bench();
    queue.start();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.addAfter('c', 1);
    const stopped = queue.stop(5000);
    queue.add('b');
    await clock.advance(4999);
    expect(only().signal.aborted).toBe(false);
    only().end(done);
    expect(await stopped).toBe(true);
    await clock.advance(1000);
    expect(started).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('waits for the last of the runs in flight, and not only for the first', async () => {
    const { queue, running } = bench();
    queue.start();
    for (const key of ['a', 'b']) queue.add(key);
    await settle();
    let drained: boolean | undefined;
    void queue.stop(5000).then((value) => {
      drained = value;
    });
    for (const expected of [undefined, true]) {
      running[0]?.end(done);
      await settle();
      expect(drained).toBe(expected);
    }
  });

  it('aborts runs that do not end in time and says so', async () => {
    const { clock, queue, only } = bench();
    queue.start();
    queue.add('a');
    await settle();
    const stopped = queue.stop(5000);
    await clock.advance(5000);
    expect(await stopped).toBe(false);
    expect(only().signal.aborted).toBe(true);
  });

  it('stops at once when nothing runs, also when it never started', async () => {
    const { clock, queue, started } = bench();
    queue.add('a');
    queue.addAfter('b', 1000);
    expect(await queue.stop(5000)).toBe(true);
    queue.addAfter('c', 500);
    expect(clock.timers).toBe(0);
    queue.start();
    await settle();
    expect(started).toHaveLength(0);

    const busy = bench();
    busy.queue.start();
    busy.queue.add('a');
    expect(await busy.queue.stop(5000)).toBe(true);
    await settle();
    expect(busy.started).toHaveLength(0);
  });

  it('reports depth, latency, duration and the age of the oldest run', async () => {
    const seen: unknown[] = [];
    const { clock, queue, endOnly } = bench({
      workers: 1,
      observe: {
        depth: (keys) => seen.push(['depth', keys]),
        latency: (seconds) => seen.push(['latency', seconds]),
        duration: (seconds, result) => seen.push(['duration', seconds, result]),
      },
    });
    queue.start();
    queue.add('a');
    await settle();
    await clock.advance(3000);
    expect(queue.longestRunningSeconds()).toBe(3);
    queue.add('b');
    await clock.advance(1000);
    await endOnly(done);
    expect(queue.longestRunningSeconds()).toBe(0);
    expect(seen).toEqual([
      ['depth', 1],
      ['depth', 0],
      ['latency', 0],
      ['depth', 1],
      ['duration', 4, 'done'],
      ['depth', 0],
      ['latency', 1],
    ]);
    await clock.advance(1000);
    await endOnly(done);
    expect(queue.longestRunningSeconds()).toBe(0);
  });

  it('gives the worker of a run that waits off the worker to another key, and never starts the waiting key twice', async () => {
    const { clock, queue, running, started } = bench({ workers: 1 });
    queue.start();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    const back = Promise.withResolvers<string>();
    const waiting = running[0]?.offWorker(() => back.promise);
    await clock.advance(1000);
    queue.add('a');
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b']);
    expect(queue.inFlight).toBe(2);
    expect(queue.longestRunningSeconds()).toBe(1);

    // It continues without waiting for b to end, and counts again: c has to wait for both.
    back.resolve('answer');
    expect(await waiting).toBe('answer');
    started[1]?.end(done);
    await settle();
    expect(started).toHaveLength(2);
    started[0]?.end(done);
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b', 'c']);
    started[2]?.end(done);
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b', 'c', 'a']);
  });

  it('counts a run once when it waits off the worker twice at a time, fails there, or ends before', async () => {
    const { queue, running, started } = bench({ workers: 1 });
    queue.start();
    for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
    await settle();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const waits = [running[0]?.offWorker(() => first.promise), running[0]?.offWorker(() => second.promise)];
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b']);

    // The run of a ends while one of the two is still running.
    first.reject(new Error('refused'));
    await expect(waits[0]).rejects.toThrow('refused');
    started[0]?.end(done);
    await settle();
    expect(started).toHaveLength(2);
    second.resolve();
    await waits[1];
    await settle();
    expect(started).toHaveLength(2);

    started[1]?.end(done);
    await settle();
    expect(started.map((run) => run.key)).toEqual(['a', 'b', 'c']);
    const thrown = running[0]?.offWorker(() => {
      throw new Error('early');
    });
    await expect(thrown).rejects.toThrow('early');
    await settle();
    expect(queue.inFlight).toBe(1);
  });

  it('drains runs that wait offWorker, and aborts them when they do not come back', async () => {
    const { clock, queue, only } = bench({ workers: 1 });
    queue.start();
    queue.add('a');
    await settle();
    const back = Promise.withResolvers<void>();
    const waiting = only().offWorker(() => back.promise);
    queue.add('b');
    const stopped = queue.stop(5000);
    await settle();
    expect(queue.inFlight).toBe(1);
    back.resolve();
    await waiting;
    only().end(done);
    expect(await stopped).toBe(true);

    const late = bench({ workers: 1 });
    late.queue.start();
    late.queue.add('a');
    await settle();
    void late.only().offWorker(() => new Promise(() => {}));
    const given = late.queue.stop(5000);
    await late.clock.advance(5000);
    expect(await given).toBe(false);
    expect(late.only().signal.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('lets timers fire while a backlog of runs that never wait is worked off', async () => {
    let runs = 0;
    const { queue } = bench({
      handle: async () => {
        runs += 1;
        return done;
      },
    });
    queue.start();
    for (let key = 0; key < 10_000; key += 1) queue.add(`default/addon-${key}`);
    let runsAtTimer = 0;
    const timer = new Promise<void>((resolve) =>
      setTimeout(() => {
        runsAtTimer = runs;
        resolve();
      }, 1),
    );
    await timer;
    expect(runsAtTimer).toBeLessThan(10_000);
    for (let turns = 0; turns < 10_000 && queue.depth > 0; turns += 1) await settle();
    expect(runs).toBe(10_000);
  });
});

describe('WorkQueue under any interleaving', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const next: fc.Arbitrary<Next | 'throw'> = fc.oneof(
    fc.constant<Next>(done),
    fc.constant<Next>({ kind: 'retry' }),
    fc.oneof(fc.constant(0), fc.nat(3000)).map((afterMilliseconds): Next => ({ kind: 'again', afterMilliseconds })),
    fc.nat(3000).map((atLeastMilliseconds): Next => ({ kind: 'retry', atLeastMilliseconds })),
    fc.constant<'throw'>('throw'),
  );
  const step = fc.oneof(
    fc.record({ add: key }),
    fc.record({ addAfter: key, milliseconds: fc.integer({ min: -5, max: 3000 }) }),
    fc.record({ end: fc.nat(5), next }),
    fc.record({ offWorker: fc.nat(5) }),
    fc.record({ back: fc.nat(5) }),
    fc.record({ advance: fc.nat(2000) }),
    fc.record({ turn: fc.constant(true) }),
    fc.record({ start: fc.constant(true) }),
  );

  it('runs no key twice at once, exceeds no limit, and starts a run after every add, delay and retry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, workers) => {
        const { clock, queue, running, started } = bench({ workers });
        /** Position in `started` from which on a run of the key must be found, and not before `at`. */
        const owed: { readonly key: string; readonly from: number; readonly at: number }[] = [];
        const owe = (owedKey: string, at: number): void => {
          owed.push({ key: owedKey, from: started.length, at });
        };
        const offWorker: { readonly run: Run; readonly back: () => void }[] = [];
        /** A run that returns from `offWorker` continues at once, so there can temporarily be that many more runs than workers. */
        let returned = 0;
        const check = (): void => {
          const waiting = new Set(offWorker.map(({ run }) => run).filter((run) => running.includes(run))).size;
          expect(running.length - waiting).toBeLessThanOrEqual(workers + returned);
          expect(new Set(running.map((run) => run.key)).size).toBe(running.length);
          expect(queue.inFlight).toBeGreaterThanOrEqual(running.length);
        };
        for (const one of steps) {
          if ('add' in one) {
            owe(one.add, clock.monotonic());
            queue.add(one.add);
          } else if ('addAfter' in one) {
            // "Earlier wins" allows an earlier run, so the test requires only that some run follows.
            owe(one.addAfter, clock.monotonic());
            queue.addAfter(one.addAfter, one.milliseconds);
          } else if ('offWorker' in one) {
            const run = running[one.offWorker % Math.max(1, running.length)];
            if (run === undefined) continue;
            const { promise, resolve } = Promise.withResolvers<void>();
            offWorker.push({ run, back: resolve });
            void run.offWorker(() => promise);
          } else if ('back' in one) {
            const [wait] = offWorker.splice(one.back % Math.max(1, offWorker.length), 1);
            if (wait === undefined) continue;
            returned += 1;
            wait.back();
            await settle();
          } else if ('end' in one) {
            const run = running[one.end % Math.max(1, running.length)];
            if (run === undefined) continue;
            if (one.next === 'throw') run.fail(new Error('thrown'));
            else run.end(one.next);
            if (one.next === 'throw' || one.next.kind !== 'done') owe(run.key, clock.monotonic());
          } else if ('advance' in one) await clock.advance(one.advance);
          else if ('turn' in one) await settle();
          else queue.start();
          check();
        }
        queue.start();
        await settle();
        for (let waits = 0; waits < 3; waits += 1) {
          for (let runs = 0; runs < 200 && running.length > 0; runs += 1) {
            running[0]?.end(done);
            await settle();
            check();
          }
          await clock.advance(300_000);
        }
        for (const debt of owed) {
          const run = started.slice(debt.from).find((candidate) => candidate.key === debt.key);
          expect(run?.startedAt).toBeGreaterThanOrEqual(debt.at);
        }
        expect(queue.depth).toBe(0);
        expect(queue.inFlight).toBe(0);
        expect(clock.timers).toBe(0);
        // Whether or not runs returned from `offWorker`, there are as many workers as before.
        for (const { back } of offWorker) back();
        for (let index = 0; index <= workers; index += 1) queue.add(`last-${index}`);
        await settle();
        expect(running).toHaveLength(workers);
      }),
      { numRuns: 300 },
    );
  });
});

// The reflector with an API server that the test controls: every known way in which a list or a watch ends.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { Store } from './store.ts';
import { HandTransport, type PendingStream, page, thing } from './testing.ts';
import { Reflector, type ReflectorStatus } from './watch.ts';

const gvr: Gvr = { group: 'example.org', version: 'v1', plural: 'things', kind: 'Thing' };
const path = '/apis/example.org/v1/things';

class Fixture {
  readonly clock = new ManualClock();
  readonly transport = new HandTransport();
  readonly reported: string[] = [];
  readonly observed: string[] = [];
  readonly smaller: number[] = [];
  readonly statuses: ReflectorStatus[] = [];
  readonly errors: unknown[] = [];
  chance = 0.5;
  onChange: () => void = () => {};
  readonly store = new Store<KubeObject>(
    (raw) => raw,
    ({ type, object }) => {
      this.reported.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`);
      this.onChange();
    },
  );
  readonly reflector = new Reflector({
    transport: this.transport,
    gvr,
    store: this.store,
    clock: this.clock,
    random: () => this.chance,
    onError: (error) => this.errors.push(error),
    onStatus: (status) => this.statuses.push(status),
    observe: (event) => this.observed.push(event),
    onSmallerPages: (size) => this.smaller.push(size),
  });

  /** Starts, responds to the list with the objects at version 10, and accepts the watch. */
  async watching(objects = [thing('a', 1)]): Promise<PendingStream> {
    this.reflector.start();
    (await this.transport.call()).answer(page(objects, 10));
    const stream = await this.transport.stream();
    stream.open();
    return stream;
  }

  /** Lets time pass in small steps until there is a request; returns the milliseconds it took, or undefined. */
  async untilAsked(limit: number): Promise<number | undefined> {
    await settle();
    for (let passed = 0; passed <= limit; passed += 100) {
      if (this.transport.waiting > 0) return passed;
      await this.clock.advance(100);
    }
    return undefined;
  }
}

const running: Fixture[] = [];

function fixture(): Fixture {
  const made = new Fixture();
  running.push(made);
  return made;
}

// After every test, a stop must leave no timer, request or loop behind.
afterEach(async () => {
  for (const made of running.splice(0)) {
    await made.reflector.stop();
    expect(made.clock.timers).toBe(0);
    expect(made.errors).toEqual([]);
  }
});

const gone = new ApiError({ code: 410, reason: 'Expired', message: 'too old resource version' });
const broken = new ApiError({ code: 0, reason: 'Network', message: 'other side closed' });

describe('Reflector', () => {
  it('lists consistently in pages, watches from the list, and drops managedFields', async () => {
    const made = fixture();
    made.reflector.start();
    const first = await made.transport.call();
    const mostBytes = 4 * 1024 * 1024;
    expect(first.request).toEqual({ method: 'GET', path, query: { limit: '500' }, mostBytes });
    first.answer(page([thing('a', 1)], 10, 'next'));
    const second = await made.transport.call();
    expect(second.request.query).toEqual({ limit: '500', continue: 'next' });
    expect(made.reflector.status).toEqual({ synced: false });
    second.answer(page([thing('b', 2)], 10));
    const stream = await made.transport.stream();
    expect(stream.request).toEqual({
      method: 'GET',
      path,
      query: { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '10', timeoutSeconds: '450' },
    });
    expect(made.reflector.status).toEqual({ synced: true });
    stream.open();
    stream.send('ADDED', thing('c', 11));
    await settle();
    expect(made.reported).toEqual(['added a@1', 'added b@2', 'added c@11']);
    expect([...made.store.values()].filter((object) => 'managedFields' in object.metadata)).toEqual([]);
    expect(made.observed).toEqual(['list', 'watch']);
    expect(made.statuses).toEqual([{ synced: true }]);
  });

  it('resumes a cleanly closed watch at once from the last bookmark, without a relist', async () => {
    const made = fixture();
    const stream = await made.watching();
    stream.send('MODIFIED', thing('a', 12));
    stream.send('BOOKMARK', { metadata: { resourceVersion: '40' } });
    await made.clock.advance(2_000);
    stream.close();
    expect(await made.untilAsked(0)).toBe(0);
    const next = await made.transport.stream();
    expect(next.request.query?.resourceVersion).toBe('40');
    expect(made.reflector.status).toEqual({ synced: true });
    expect(made.observed).toEqual(['list', 'watch']);
  });

  it('never lets the resourceVersion go back', async () => {
    const made = fixture();
    const stream = await made.watching();
    stream.send('MODIFIED', thing('a', 12));
    stream.send('ADDED', thing('b', 11));
    await made.clock.advance(2_000);
    stream.close();
    expect((await made.transport.stream()).request.query?.resourceVersion).toBe('12');
  });

  it('slows down, without calling it a failure, when watches close within a second', async () => {
    const made = fixture();
    made.chance = 1;
    let stream = await made.watching();
    const waits: (number | undefined)[] = [];
    for (let round = 0; round < 7; round += 1) {
      stream.close();
      waits.push(await made.untilAsked(60_000));
      stream = await made.transport.stream();
      stream.open();
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12800, 25600, 30000]);
    expect(made.observed.includes('failure')).toBe(false);
    expect(made.reflector.status.failure).toBeUndefined();
  });

  const expiries: readonly (readonly [string, (stream: PendingStream) => void])[] = [
    ['as a status', (stream) => stream.fail(gone)],
    [
      'as an event',
      (stream) => stream.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
    ],
  ];
  for (const [form, expire] of expiries) {
    it(`lists again at once after a 410 ${form}, and notices what was deleted meanwhile`, async () => {
      const made = fixture();
      const stream = await made.watching([thing('a', 1), thing('b', 2)]);
      await made.clock.advance(5_000);
      expire(stream);
      expect(await made.untilAsked(0)).toBe(0);
      const list = await made.transport.call();
      expect(list.request.query).toEqual({ limit: '500' });
      list.answer(page([thing('b', 2), thing('c', 30)], 31));
      expect((await made.transport.stream()).request.query?.resourceVersion).toBe('31');
      expect(made.reported).toEqual(['added a@1', 'added b@2', 'added c@30', 'deleted a@1']);
      expect(made.observed).toEqual(['list', 'watch', 'relist']);
    });

    it(`slows down when a list's own version is answered by a 410 ${form}`, async () => {
      const made = fixture();
      made.chance = 1;
      let stream = await made.watching();
      for (const wait of [800, 1600, 3200]) {
        expire(stream);
        expect(await made.untilAsked(60_000)).toBe(wait);
        (await made.transport.call()).answer(page([thing('a', 1)], 10));
        stream = await made.transport.stream();
      }
    });
  }

  it('lists again at once when the version it resumes from has expired', async () => {
    const made = fixture();
    const stream = await made.watching();
    await made.clock.advance(5_000);
    stream.close();
    (await made.transport.stream()).fail(gone);
    expect(await made.untilAsked(0)).toBe(0);
    expect((await made.transport.call()).request.query).toEqual({ limit: '500' });
  });

  it('ends a watch that says nothing for 90 s and resumes at once', async () => {
    const made = fixture();
    const stream = await made.watching();
    await made.clock.advance(80_000);
    stream.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
    await made.clock.advance(89_000);
    expect(stream.signal.aborted).toBe(false);
    expect(made.transport.waiting).toBe(0);
    await made.clock.advance(1_500);
    expect(stream.signal.aborted).toBe(true);
    expect(made.reflector.status.failure?.reason).toBe('Timeout');
    const next = await made.transport.stream();
    expect(next.request.query?.resourceVersion).toBe('20');
    stream.send('ADDED', thing('late', 21));
    next.open();
    await settle();
    expect(made.reported).toEqual(['added a@1']);
    expect(made.reflector.status).toEqual({ synced: true });
  });

  it('leaves a watch on an ERROR event, backs off and resumes', async () => {
    const made = fixture();
    const stream = await made.watching();
    stream.send('MODIFIED', thing('a', 12));
    stream.send('ERROR', { kind: 'Status', code: 500, reason: 'InternalError', message: 'no' });
    expect(await made.untilAsked(60_000)).toBe(400);
    expect(made.reflector.status.failure).toEqual({ code: 500, reason: 'InternalError', message: 'no' });
    const next = await made.transport.stream();
    expect(next.request.query?.resourceVersion).toBe('12');
    next.open();
    expect(made.reflector.status).toEqual({ synced: true });
    expect(made.observed).toEqual(['list', 'watch', 'failure', 'watch']);
  });

  it('takes an ERROR event that does not say more for a failure of the server', async () => {
    const made = fixture();
    (await made.watching()).send('ERROR', {});
    await settle();
    expect(made.reflector.status.failure).toMatchObject({ code: 500 });
  });

  for (const line of [
    '{"type":"MODIFIED","obj',
    '{"type":"ADDED","object":{"metadata":{}}}',
    '{"type":"BOOKMARK","object":{}}',
    '7',
    '{"type":"X","object":{}}',
  ]) {
    it(`leaves a watch that says ${line}`, async () => {
      const made = fixture();
      const stream = await made.watching();
      stream.sendText(line);
      stream.send('ADDED', thing('b', 11));
      expect(await made.untilAsked(60_000)).toBe(400);
      expect(made.reflector.status.failure?.reason).toBe('Network');
      expect((await made.transport.stream()).request.query?.resourceVersion).toBe('10');
      expect(made.reported).toEqual(['added a@1']);
    });
  }

  it('grows its waits up to 30 s while watches break, and starts afresh after two healthy minutes', async () => {
    const made = fixture();
    made.chance = 1;
    let stream = await made.watching();
    const waits: (number | undefined)[] = [];
    for (let round = 0; round < 8; round += 1) {
      stream.fail(broken);
      waits.push(await made.untilAsked(60_000));
      stream = await made.transport.stream();
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
    stream.open();
    for (let minute = 0; minute < 2; minute += 1) {
      await made.clock.advance(60_000);
      stream.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
    }
    await settle();
    stream.fail(broken);
    expect(await made.untilAsked(60_000)).toBe(800);
  });

  const refusals: readonly (readonly [string, (stream: PendingStream) => void])[] = [
    ...[0, 400, 405, 429, 500, 501, 502, 503].map(
      (code) =>
        [
          `answered by ${code}`,
          (stream: PendingStream) => stream.fail(new ApiError({ code, reason: 'X', message: 'x' })),
        ] as const,
    ),
    ['ended by an event with 500', (stream) => stream.send('ERROR', { kind: 'Status', code: 500 })],
    ['unreadable', (stream) => stream.sendText('{')],
    ['closed at once', (stream) => stream.close()],
    ['accepted, and silent', (stream) => stream.open()],
  ];
  for (const [what, end] of refusals) {
    it(`lists again, about every two minutes, while every watch is ${what}`, async () => {
      const made = fixture();
      made.chance = 1;
      made.reflector.start();
      let lists = 0;
      const serve = async (): Promise<void> => {
        await settle();
        while (made.transport.waiting > 0) {
          const { call, stream } = await made.transport.next();
          if (stream !== undefined) end(stream);
          call?.answer(page([thing('a', 1), ...(lists === 0 ? [] : [thing('b', 20)])], lists === 0 ? 10 : 20));
          if (call !== undefined) lists += 1;
          await settle();
        }
      };
      for (let passed = 0; passed <= 3_600; passed += 5) {
        await serve();
        expect(made.reflector.unconfirmedFor).toBeLessThanOrEqual(125_000);
        await made.clock.advance(5_000);
      }
      expect(lists).toBeGreaterThanOrEqual(30);
      expect(lists).toBeLessThanOrEqual(41);
      expect(made.store.get('default', 'b')).toBeDefined();
    });
  }

  it('resumes a watch that was interrupted for less than 90 s, and lists once after a longer outage', async () => {
    const made = fixture();
    let stream = await made.watching();
    const fail = async (): Promise<void> => {
      stream.fail(broken);
      await made.untilAsked(60_000);
    };
    while ((made.reflector.unconfirmedFor ?? 0) < 70_000) {
      await fail();
      stream = await made.transport.stream();
    }
    stream.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
    await settle();
    expect(made.reflector.unconfirmedFor).toBe(0);
    while ((made.reflector.unconfirmedFor ?? 0) < 90_000) {
      await fail();
      const next = await made.transport.next();
      if (next.stream === undefined) throw new Error('listed too early');
      stream = next.stream;
    }
    await fail();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      (await made.transport.call()).fail(broken);
      expect(await made.untilAsked(60_000)).toBeGreaterThanOrEqual(15_000);
    }
    (await made.transport.call()).answer(page([thing('a', 1)], 30));
    expect((await made.transport.stream()).request.query?.resourceVersion).toBe('30');
    expect(made.observed.filter((event) => event === 'relist')).toEqual(['relist']);
  });

  it('lists again after one back-off, and takes the older state, when its version is ahead of the API server', async () => {
    const made = fixture();
    const stream = await made.watching([thing('a', 5), thing('kept', 2), thing('late', 9)]);
    stream.send('DELETED', thing('back', 12));
    await settle();
    const message = 'Timeout: Too large resource version: 12, current: 4';
    stream.fail(new ApiError({ code: 504, reason: 'Timeout', message }));
    expect(await made.untilAsked(60_000)).toBe(400);
    (await made.transport.call()).answer(page([thing('a', 3), thing('kept', 2), thing('back', 4)], 4));
    expect((await made.transport.stream()).request.query?.resourceVersion).toBe('4');
    const names = [...made.store.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
    expect(names.sort()).toEqual(['a@3', 'back@4', 'kept@2']);
  });

  it('waits as long as a 429 asks for', async () => {
    const made = fixture();
    const stream = await made.watching();
    stream.fail(new ApiError({ code: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 7 }));
    expect(await made.untilAsked(60_000)).toBe(7000);
  });

  for (const [code, absence] of [
    [403, 'forbidden'],
    [404, 'missing'],
  ] as const) {
    const refusal = new ApiError({ code, reason: 'NotServed', message: 'page not found' });
    const failure = { code, reason: 'NotServed', message: 'page not found' };

    it(`asks again at least every 5 s after a ${code}, believes it after 10 s, and syncs when the resource comes`, async () => {
      const made = fixture();
      made.chance = 1;
      made.reflector.start();
      const waits: (number | undefined)[] = [];
      for (let round = 0; round < 6; round += 1) {
        (await made.transport.call()).fail(refusal);
        waits.push(await made.untilAsked(60_000));
      }
      expect(waits).toEqual([800, 1600, 3200, 5000, 5000, 5000]);
      // After 0, 0.8, 2.4, 5.6, 10.6 and 15.6 s.
      expect(made.statuses.map((status) => status.absence)).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
        absence,
        absence,
      ]);
      expect(made.reflector.status).toEqual({ synced: false, absence, failure });
      (await made.transport.call()).answer(page([], 10));
      await made.transport.stream();
      expect(made.reflector.status).toEqual({ synced: true });
      expect(made.statuses.at(-1)).toEqual({ synced: true });
    });

    it(`believes a ${code} that has lasted for exactly 10 s`, async () => {
      const made = fixture();
      made.reflector.start();
      const later = new ApiError({ ...failure, retryAfterSeconds: 10 });
      (await made.transport.call()).fail(later);
      expect(await made.untilAsked(60_000)).toBe(10_000);
      expect(made.reflector.status.absence).toBeUndefined();
      (await made.transport.call()).fail(later);
      await settle();
      expect(made.reflector.status.absence).toBe(absence);
    });

    it(`lists again after a watch that is refused with ${code}, however often, and believes the list`, async () => {
      const made = fixture();
      made.chance = 1;
      let stream = await made.watching();
      for (let round = 0; round < 10; round += 1) {
        if (round % 2 === 0) stream.fail(refusal);
        else stream.send('ERROR', { kind: 'Status', code });
        await made.untilAsked(60_000);
        (await made.transport.call()).answer(page([thing('a', 1)], 10));
        stream = await made.transport.stream();
      }
      expect(made.statuses.filter((status) => status.absence !== undefined)).toEqual([]);
      expect(made.reflector.status).toEqual({ synced: true });
    });

    it(`does not believe a ${code} that other answers interrupt, and keeps to one that it believes`, async () => {
      const made = fixture();
      made.chance = 1;
      const stream = await made.watching();
      stream.fail(gone);
      await made.untilAsked(60_000);
      for (let round = 0; round < 20; round += 1) {
        (await made.transport.call()).fail(round % 2 === 0 ? refusal : broken);
        await made.untilAsked(60_000);
      }
      expect(made.reflector.status.absence).toBeUndefined();
      for (let round = 0; round < 4; round += 1) {
        (await made.transport.call()).fail(refusal);
        await made.untilAsked(60_000);
      }
      expect(made.reflector.status).toEqual({ synced: true, absence, failure });
      for (let round = 0; round < 2; round += 1) {
        (await made.transport.call()).fail(broken);
        await made.clock.advance(30_000);
      }
      expect(made.reflector.status).toMatchObject({ absence, failure: { code: 0 } });
    });
  }

  it('begins a list again when its continue token expires, and takes nothing of the half', async () => {
    const made = fixture();
    made.reflector.start();
    (await made.transport.call()).answer(page([thing('a', 1)], 10, 'next'));
    (await made.transport.call()).fail(gone);
    const again = await made.transport.call();
    expect(again.request.query).toEqual({ limit: '500' });
    expect(made.store.size).toBe(0);
    again.answer(page([thing('b', 15)], 20));
    expect((await made.transport.stream()).request.query?.resourceVersion).toBe('20');
    expect(made.reported).toEqual(['added b@15']);
    expect(made.observed).toEqual(['list']);
  });

  it('asks for fewer objects at once when they are too large, from the same place, and to the end', async () => {
    const made = fixture();
    const tooLarge = new ApiError({ code: 0, reason: 'TooLarge', message: 'too large' });
    made.reflector.start();
    (await made.transport.call()).answer(page([thing('a', 1)], 10, 'next'));
    const asked: (Readonly<Record<string, string>> | undefined)[] = [];
    for (let size = 500; size > 2; size = Math.ceil(size / 2)) {
      const call = await made.transport.call();
      asked.push(call.request.query);
      call.fail(tooLarge);
    }
    expect(asked.slice(0, 3)).toEqual(['500', '250', '125'].map((limit) => ({ limit, continue: 'next' })));
    const second = await made.transport.call();
    expect(second.request.query).toEqual({ limit: '2', continue: 'next' });
    second.answer(page([thing('b', 2)], 10, 'last'));
    const third = await made.transport.call();
    expect(third.request.query).toEqual({ limit: '2', continue: 'last' });
    third.answer(page([thing('c', 3)], 10));
    await made.transport.stream();
    expect(made.reported).toEqual(['added a@1', 'added b@2', 'added c@3']);
    expect(made.statuses).toEqual([{ synced: true }]);
    expect(made.smaller).toEqual([250, 125, 63, 32, 16, 8, 4, 2]);
  });

  it('backs off when the continue token expires every time', async () => {
    const made = fixture();
    made.reflector.start();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      (await made.transport.call()).answer(page([thing('a', 1)], 10, 'next'));
      (await made.transport.call()).fail(gone);
    }
    expect(await made.untilAsked(60_000)).toBe(400);
    expect(made.reflector.status.failure?.code).toBe(410);
  });

  for (const answer of [
    undefined,
    {},
    { metadata: {}, items: [] },
    { metadata: { resourceVersion: '1' }, items: [{}] },
  ]) {
    it(`takes nothing of a list answered by ${JSON.stringify(answer)}`, async () => {
      const made = fixture();
      const stream = await made.watching();
      stream.fail(gone);
      await made.untilAsked(1_000);
      (await made.transport.call()).answer(answer);
      expect(await made.untilAsked(60_000)).toBeGreaterThan(0);
      expect(made.reflector.status.failure?.reason).toBe('Network');
      expect(made.reported).toEqual(['added a@1']);
    });
  }

  it('reports what the handler throws and goes on', async () => {
    const made = fixture();
    made.onChange = () => {
      throw new Error('handler');
    };
    const stream = await made.watching();
    stream.send('MODIFIED', thing('a', 12));
    stream.send('ADDED', thing('b', 13));
    await settle();
    expect(made.errors.splice(0).map(String)).toEqual(['Error: handler', 'Error: handler', 'Error: handler']);
    expect(made.store.size).toBe(2);
    await made.clock.advance(2_000);
    stream.close();
    expect((await made.transport.stream()).request.query?.resourceVersion).toBe('13');
    expect(made.reflector.status).toEqual({ synced: true });
  });

  it.each([new TypeError('a bug'), 'a bug'])('survives a transport that throws something else: %s', async (thrown) => {
    const made = fixture();
    const stream = await made.watching();
    stream.fail(thrown);
    expect(await made.untilAsked(60_000)).toBe(400);
    expect(made.errors.splice(0)).toEqual([thrown]);
    expect(made.reflector.status.failure).toEqual({ code: 0, reason: 'Internal', message: 'a bug' });
  });

  describe('stop', () => {
    const states: readonly (readonly [string, (made: Fixture) => Promise<unknown>])[] = [
      ['before start', async () => {}],
      [
        'during the list',
        async (made) => {
          made.reflector.start();
          return await made.transport.call();
        },
      ],
      [
        'during the wait after a failure',
        async (made) => {
          made.reflector.start();
          (await made.transport.call()).fail(broken);
          await settle();
        },
      ],
      [
        'before the watch is accepted',
        async (made) => {
          made.reflector.start();
          (await made.transport.call()).answer(page([], 10));
          return await made.transport.stream();
        },
      ],
      ['during the watch', async (made) => await made.watching()],
      [
        'right after the list was answered',
        async (made) => {
          made.reflector.start();
          (await made.transport.call()).answer(page([thing('late', 1)], 10));
        },
      ],
    ];
    for (const [state, reach] of states) {
      it(`ends ${state}, twice, and cannot be undone by start`, async () => {
        const made = fixture();
        await reach(made);
        const reported = made.reported.length;
        const statuses = made.statuses.length;
        await Promise.all([made.reflector.stop(), made.reflector.stop()]);
        made.reflector.start();
        await made.clock.advance(600_000);
        expect(made.transport.waiting).toBe(0);
        expect(made.reported.length).toBe(reported);
        expect(made.statuses.length).toBe(statuses);
      });
    }

    it('can be called by the handler, and nothing is handed out after it', async () => {
      const made = fixture();
      const stream = await made.watching([]);
      made.onChange = () => void made.reflector.stop();
      stream.send('ADDED', thing('a', 11));
      stream.send('ADDED', thing('b', 12));
      await settle();
      await made.reflector.stop();
      expect(made.reported).toEqual(['added a@11']);
    });
  });

  it('starts only once however often it is called', async () => {
    const made = fixture();
    made.reflector.start();
    made.reflector.start();
    await settle();
    expect(made.transport.waiting).toBe(1);
  });
});

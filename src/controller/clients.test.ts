// How many lists are read at once, by an API server that answers when the test says.
import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../api/kubernetes.ts';
import { ApiError } from '../kube/errors.ts';
import { HandTransport, page, thing } from '../kube/testing.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import { clientsOf } from './clients.ts';

const nameOf = ({ metadata }: KubeObject): string => metadata.name;

function bench() {
  const transport = new HandTransport();
  const clock = new ManualClock();
  const api = clientsOf(transport, clock);
  const kinds = ['pods', 'volumeClaims', 'events', 'backups'] as const;
  const ends: string[] = [];
  const list = (index: number): void => {
    const read = api[kinds[index % kinds.length] ?? 'pods'].listFirst('team-a', 100, nameOf);
    read.then(
      ({ items }) => ends.push(items.join()),
      (error: unknown) => ends.push(String(error)),
    );
  };
  const lists = (count: number): void => {
    for (let index = 0; index < count; index += 1) list(index);
  };
  return { transport, clock, api, ends, lists };
}

const broken = new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });

describe('lists', () => {
  it('are read four at once, whatever their kind, until all are read', async () => {
    const { transport, clock, ends, lists } = bench();
    lists(16);
    const open = [await transport.call(), await transport.call(), await transport.call(), await transport.call()];
    for (let answered = 0; answered < 16; answered += 1) {
      expect(transport.waiting).toBe(0);
      expect(open).toHaveLength(Math.min(4, 16 - answered));
      const call = open.shift();
      expect(call?.request.mostBytes).toBe(1_048_576);
      call?.answer(page([thing(`a${answered}`, 1)], 1));
      await settle();
      if (answered < 12) open.push(await transport.call());
    }
    expect(ends).toEqual(Array.from({ length: 16 }, (_, index) => `a${index}`));
    expect(clock.timers).toBe(0);
  });

  it('make room for the next one when they fail, or when what is to be kept of an item does', async () => {
    const { transport, api, ends, lists } = bench();
    const odd = api.pods.listFirst('team-a', 1, () => {
      throw new TypeError('odd');
    });
    const isOdd = expect(odd).rejects.toThrow('odd');
    lists(11);
    (await transport.call()).answer(page([thing('a', 1)], 1));
    await isOdd;
    for (let index = 0; index < 11; index += 1) (await transport.call()).fail(broken);
    await settle();
    expect(ends).toEqual(Array(11).fill(String(broken)));
  });

  it('wait no longer than 10 s for their turn, and then ask for nothing', async () => {
    const { transport, clock, ends, lists } = bench();
    lists(4);
    const open = [await transport.call(), await transport.call(), await transport.call(), await transport.call()];
    await clock.advance(5_000);
    lists(1);
    await clock.advance(9_999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual(['ApiError: the lists before it took more than 10000 ms']);
    for (const call of open) call.answer(page([], 1));
    await settle();
    expect([transport.waiting, ends.length, clock.timers]).toEqual([0, 5, 0]);
  });

  it('hold up no other read', async () => {
    const { transport, api, lists } = bench();
    lists(4);
    for (let index = 0; index < 4; index += 1) await transport.call();
    void api.secrets.get('team-a', 'a');
    expect((await transport.call()).request.path).toBe('/api/v1/namespaces/team-a/secrets/a');
  });
});

// The search on a small model of its own, as that of an operation would be: two clients add one to a counter, with a read and a write.
import { describe, expect, it } from '@jest/globals';
import { explore, inWords, type Model } from './explore.ts';

interface State {
  readonly counter: number;
  /** What each client has read; undefined before and after its turn. */
  readonly read: readonly (number | undefined)[];
  readonly left: number;
  readonly done: number;
}

/** @param pinned whether a write conflicts when the counter has changed since it was read */
function counterOf(pinned: boolean, most = 1000): Model<State, 'no update is lost'> {
  const start: State = { counter: 0, read: [undefined, undefined], left: 2, done: 0 };
  const withRead = (read: State['read'], client: number, value: number | undefined) =>
    read.map((old, index) => (index === client ? value : old));
  return {
    start,
    most,
    keyOf: (state) => JSON.stringify(state),
    stepsFrom: ({ counter, read, left, done }) =>
      read.flatMap((seen, client) => {
        if (seen === undefined)
          return left === 0
            ? []
            : [
                {
                  label: `${client} reads`,
                  state: { counter, read: withRead(read, client, counter), left: left - 1, done },
                },
              ];
        const over = withRead(read, client, undefined);
        if (pinned && seen !== counter)
          return [{ label: `${client} conflicts`, state: { counter, read: over, left: left + 1, done } }];
        const lost = seen + 1 !== done + 1;
        return [
          {
            label: `${client} writes`,
            state: { counter: seen + 1, read: over, left, done: done + 1 },
            broken: lost
              ? { rule: 'no update is lost' as const, detail: `${seen + 1} after ${done + 1} writes` }
              : undefined,
          },
        ];
      }),
    wrongWith: ({ counter, read, left, done }) =>
      left === 0 && read.every((seen) => seen === undefined) && counter !== done
        ? { rule: 'no update is lost', detail: `it rests at ${counter}`, steps: [] }
        : undefined,
  };
}

describe('explore', () => {
  it('finds a shortest way to a violation', () => {
    const found = explore(counterOf(false));
    expect(found.violation).toEqual({
      rule: 'no update is lost',
      detail: '1 after 2 writes',
      trace: ['0 reads', '1 reads', '0 writes', '1 writes'],
    });
    expect(inWords(found)).toMatch(/^no update is lost: 1 after 2 writes\n {2}0 reads\n/);
  });

  it('sees every state where nothing is wrong, and says so', () => {
    const found = explore(counterOf(true));
    expect(found.violation).toBeUndefined();
    expect(inWords(found)).toBe(`no violation in ${found.states} states, which is all there are`);
  });

  it('judges the state that it starts from', () => {
    const wrong = { rule: 'no update is lost', detail: 'at the start', steps: [] } as const;
    expect(explore({ ...counterOf(true), wrongWith: () => wrong }).violation?.detail).toBe('at the start');
  });

  it('says how far it went when it stops at its bound', () => {
    expect(inWords(explore(counterOf(true, 4)))).toMatch(/^no violation in 4 states, all up to depth \d$/);
  });
});

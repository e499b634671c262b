import { describe, expect, it } from '@jest/globals';
import { differencesOf, Groups } from './differences.ts';

const ready = { type: 'Ready', status: 'True', reason: 'Running', lastTransitionTime: '2026-01-02T03:04:05Z' };
const stalled = { type: 'Stalled', status: 'True', reason: 'Refused' };

describe('differencesOf', () => {
  it('finds none in equal values, whatever the order of members', () => {
    expect(differencesOf({ a: [1, { b: 2, c: undefined }] }, { a: [1, { c: undefined, b: 2 }] })).toEqual([]);
  });

  it('names conditions by their type and writes by verb and kind, and their order apart', () => {
    expect(differencesOf({ conditions: [ready] }, { conditions: [stalled, ready] })).toEqual([
      { path: 'conditions.in the order', before: '"Ready"', after: '"Stalled, Ready"' },
      { path: 'conditions.Stalled', before: 'nothing', after: JSON.stringify(stalled) },
    ]);
    const [write] = differencesOf(
      { writes: [{ verb: 'apply', kind: 'Cluster', body: { spec: 1 } }] },
      { writes: [{ verb: 'apply', kind: 'Cluster', body: { spec: 2 } }] },
    );
    expect(write).toEqual({ path: 'writes.apply Cluster.body.spec', before: '1', after: '2' });
  });

  it('leaves out uids and times, so that the same difference is counted once, unless they are the difference', () => {
    expect(differencesOf({ url: 'app:pw-1.uid-2@host' }, { url: 'app:pw-1.uid-2@other' })).toEqual([
      { path: 'url', before: '"app:pw.uid@host"', after: '"app:pw.uid@other"' },
    ]);
    expect(differencesOf({ uid: 'uid-1' }, { uid: 'uid-2' })).toEqual([
      { path: 'uid', before: '"uid-1"', after: '"uid-2"' },
    ]);
    expect(differencesOf({ uid: 'uid-1' }, {})).toEqual([{ path: 'uid', before: '"uid"', after: 'nothing' }]);
  });

  it('distinguishes any two wake-ups', () => {
    expect(differencesOf({ wakeAfter: 60_000 }, { wakeAfter: 30_000 })).toHaveLength(1);
    expect(differencesOf({ wakeAfter: undefined }, { wakeAfter: 60_000 })).toHaveLength(1);
  });
});

it('Groups counts each pair of values once for its situation, the most frequent first', () => {
  const groups = new Groups();
  const difference = { path: 'phase', before: '"running"', after: '"creating"' };
  groups.add('rare', [difference], 'a');
  groups.add('usual', [difference], 'b');
  groups.add('usual', [difference, { ...difference, before: '"deleted"' }], 'c');
  groups.add('usual', [], 'd');
  expect(groups.list()).toEqual([
    {
      situation: 'usual',
      decisions: 2,
      differences: {
        phase: [
          { before: '"running"', after: '"creating"', count: 2, first: 'b' },
          { before: '"deleted"', after: '"creating"', count: 1, first: 'c' },
        ],
      },
    },
    {
      situation: 'rare',
      decisions: 1,
      differences: { phase: [{ before: '"running"', after: '"creating"', count: 1, first: 'a' }] },
    },
  ]);
});

// The content of the cache and the changes it reports, for every order in which writes, events and lists can arrive.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '../api/kubernetes.ts';
import { type Change, Store } from './store.ts';
import { type Thing, thing } from './testing.ts';

interface Fixture {
  readonly store: Store<Thing>;
  /** 'added a@1', 'modified a@2 from a@1', 'deleted a@2'. */
  readonly reported: string[];
}

function isThing(raw: KubeObject): raw is Thing {
  return 'value' in raw;
}

function project(raw: KubeObject): Thing {
  if (!isThing(raw)) throw new TypeError('not a Thing');
  return raw;
}

function say({ type, object, previous }: Change<Thing>): string {
  return `${type} ${object.value}${previous === undefined ? '' : ` from ${previous.value}`}`;
}

function fixture(onChange: (change: Change<Thing>) => void = () => {}): Fixture {
  const reported: string[] = [];
  const store = new Store<Thing>(project, (change) => {
    reported.push(say(change));
    onChange(change);
  });
  return { store, reported };
}

function list(store: Store<Thing>, objects: readonly KubeObject[], resourceVersion: string): void {
  store.replace(
    objects.map((raw) => store.reduce(raw)),
    resourceVersion,
  );
}

function contents(store: Store<Thing>): string[] {
  return [...store.values()].map((object) => `${object.value}`).sort();
}

const reborn = { uid: 'uid-2' };
const dying = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const again: Thing = { ...thing('a', 9, reborn), value: 'again' };
const released: Thing = { ...thing('a', 12, dying), value: 'released' };

describe('Store', () => {
  const table: readonly {
    readonly name: string;
    readonly steps: (store: Store<Thing>) => void;
    readonly reported: readonly string[];
    readonly holds: readonly string[];
  }[] = [
    {
      name: 'reports additions, modifications and deletions',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('MODIFIED', thing('a', 2));
        store.event('DELETED', thing('a', 3));
      },
      reported: ['added a@1', 'modified a@2 from a@1', 'deleted a@2'],
      holds: [],
    },
    {
      name: 'keeps an own write silent, and ignores the stale event and the write’s own event',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.record(thing('a', 10));
        store.event('MODIFIED', thing('a', 5));
        store.event('MODIFIED', thing('a', 10));
      },
      reported: ['added a@1'],
      holds: ['a@10'],
    },
    {
      name: 'takes an event newer than an own write',
      steps: (store) => {
        store.record(thing('a', 9));
        store.event('MODIFIED', thing('a', 10));
      },
      reported: ['modified a@10 from a@9'],
      holds: ['a@10'],
    },
    {
      name: 'ignores the late answer to an own write that the watch has overtaken',
      steps: (store) => {
        store.event('ADDED', thing('a', 12));
        store.record(thing('a', 10));
      },
      reported: ['added a@12'],
      holds: ['a@12'],
    },
    {
      name: 'takes the answer to a write at the version that it knows, and keeps what it knows against the watch',
      steps: (store) => {
        store.event('ADDED', thing('a', 12, dying));
        store.record(released);
        store.event('MODIFIED', thing('a', 12, dying));
      },
      reported: ['added a@12'],
      holds: ['released'],
    },
    {
      name: 'does not revive an object by the late answer to a write before its deletion',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('DELETED', thing('a', 5));
        store.record(thing('a', 3));
      },
      reported: ['added a@1', 'deleted a@1'],
      holds: [],
    },
    {
      name: 'does not revive an object created and deleted between two watches',
      steps: (store) => {
        list(store, [], '20');
        store.record(thing('a', 10));
      },
      reported: [],
      holds: [],
    },
    {
      name: 'does not revive by the late answer to a write what the watch has passed without it',
      steps: (store) => {
        store.event('ADDED', thing('b', 20));
        store.record(thing('a', 10));
      },
      reported: ['added b@20'],
      holds: ['b@20'],
    },
    {
      name: 'still knows what the watch has passed when it repeats an earlier event',
      steps: (store) => {
        list(store, [], '20');
        store.event('ADDED', thing('b', 5));
        store.record(thing('a', 10));
      },
      reported: ['added b@5'],
      holds: ['b@5'],
    },
    {
      name: 'does not revive what a list lacks when resourceVersions are not integers',
      steps: (store) => {
        store.event('ADDED', thing('a', 'x'));
        list(store, [], 'c');
        store.record(thing('a', 'b'));
      },
      reported: ['added a@x', 'deleted a@x'],
      holds: [],
    },
    {
      name: 'ignores duplicates and events that come after the deletion',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('ADDED', thing('a', 1));
        store.event('DELETED', thing('a', 3));
        store.event('MODIFIED', thing('a', 2));
        store.event('DELETED', thing('a', 3));
      },
      reported: ['added a@1', 'deleted a@1'],
      holds: [],
    },
    {
      name: 'ignores the deletion of an unknown object, and what came before it',
      steps: (store) => {
        store.event('DELETED', thing('a', 3));
        store.event('ADDED', thing('a', 1));
      },
      reported: [],
      holds: [],
    },
    {
      name: 'takes a modification before its addition as an addition',
      steps: (store) => {
        store.event('MODIFIED', thing('a', 2));
        store.event('ADDED', thing('a', 1));
      },
      reported: ['added a@2'],
      holds: ['a@2'],
    },
    {
      name: 'takes another uid for a deletion and an addition',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('ADDED', thing('a', 9, reborn));
      },
      reported: ['added a@1', 'deleted a@1', 'added a@9'],
      holds: ['a@9'],
    },
    {
      name: 'ignores events of the previous bearer of a name',
      steps: (store) => {
        store.record(thing('a', 9, reborn));
        store.event('MODIFIED', thing('a', 5));
        store.event('DELETED', thing('a', 6));
      },
      reported: [],
      holds: ['a@9'],
    },
    {
      name: 'drops the known object when a later bearer of its name is deleted',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('DELETED', thing('a', 9, reborn));
        store.event('MODIFIED', thing('a', 8, reborn));
      },
      reported: ['added a@1', 'deleted a@1'],
      holds: [],
    },
    {
      name: 'forgets what we deleted, whatever is still on its way',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.forget('default', 'a', 'uid-of-a');
        store.event('MODIFIED', thing('a', 2));
        store.event('DELETED', thing('a', 3));
      },
      reported: ['added a@1'],
      holds: [],
    },
    {
      name: 'does not revive what we deleted by the late answer to an earlier write',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.forget('default', 'a', 'uid-of-a');
        store.record(thing('a', 2));
      },
      reported: ['added a@1'],
      holds: [],
    },
    {
      name: 'shows what we deleted again while it waits for its finalizers',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.forget('default', 'a', 'uid-of-a');
        store.event('MODIFIED', thing('a', 2, dying));
        store.event('DELETED', thing('a', 3, dying));
      },
      reported: ['added a@1', 'added a@2', 'deleted a@2'],
      holds: [],
    },
    {
      name: 'does not show an earlier bearer of a name after a later one was forgotten',
      steps: (store) => {
        store.record(thing('a', 9, reborn));
        store.forget('default', 'a', 'uid-2');
        store.event('ADDED', thing('a', 5));
        store.event('DELETED', thing('a', 6));
        store.event('ADDED', thing('a', 9, reborn));
      },
      reported: [],
      holds: [],
    },
    {
      name: 'does not forget a later bearer of the name',
      steps: (store) => {
        store.record(thing('a', 9, reborn));
        store.forget('default', 'a', 'uid-of-a');
      },
      reported: [],
      holds: ['a@9'],
    },
    {
      name: 'forgets only the given uid',
      steps: (store) => {
        store.record(thing('a', 9, reborn));
        store.forget('default', 'a', 'uid-of-a');
        store.record(again);
      },
      reported: [],
      holds: ['again'],
    },
    {
      name: 'does not show what was deleted before it was known',
      steps: (store) => {
        store.forget('default', 'a', 'uid-of-a');
        store.event('ADDED', thing('a', 1));
      },
      reported: [],
      holds: [],
    },
    {
      name: 'shows what we deleted again when a list says that it waits for its finalizers',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.forget('default', 'a', 'uid-of-a');
        list(store, [thing('a', 2, dying)], '20');
      },
      reported: ['added a@1', 'added a@2'],
      holds: ['a@2'],
    },
    {
      name: 'learns from a relist what was deleted, changed, created and recreated',
      steps: (store) => {
        for (const name of ['gone', 'same', 'changed', 'reborn']) store.event('ADDED', thing(name, 1));
        list(store, [thing('same', 1), thing('changed', 7), thing('new', 8), thing('reborn', 9, reborn)], '20');
      },
      reported: [
        'added gone@1',
        'added same@1',
        'added changed@1',
        'added reborn@1',
        'modified changed@7 from changed@1',
        'added new@8',
        'deleted reborn@1',
        'added reborn@9',
        'deleted gone@1',
      ],
      holds: ['changed@7', 'new@8', 'reborn@9', 'same@1'],
    },
    {
      name: 'keeps an own write that is newer than the list, missing or not',
      steps: (store) => {
        store.record(thing('created', 25));
        store.record(thing('written', 26));
        list(store, [thing('written', 3)], '20');
      },
      reported: [],
      holds: ['created@25', 'written@26'],
    },
    {
      name: 'does not revive by a list what it deleted itself meanwhile',
      steps: (store) => {
        store.event('ADDED', thing('b', 2));
        store.forget('default', 'b', 'uid-of-b');
        list(store, [thing('b', 2)], '20');
      },
      reported: ['added b@2'],
      holds: [],
    },
    {
      name: 'does not go back to the previous bearer of a name by a list that is older than an own write',
      steps: (store) => {
        store.record(thing('a', 25, reborn));
        list(store, [thing('a', 3)], '20');
      },
      reported: [],
      holds: ['a@25'],
    },
    {
      name: 'takes a list older than the watch as it is: the API server was restored from a backup',
      steps: (store) => {
        list(store, [thing('a', 1), thing('b', 2), thing('same', 3), thing('later', 15)], '20');
        store.event('MODIFIED', thing('b', 22));
        store.event('DELETED', thing('a', 30));
        store.event('ADDED', thing('c', 31, reborn));
        store.forget('default', 'same', 'uid-of-same');
        list(store, [thing('a', 1), thing('b', 2), thing('c', 4), thing('same', 3)], '10');
        store.event('MODIFIED', thing('b', 11));
        store.record(thing('new', 12));
      },
      reported: [
        'added a@1',
        'added b@2',
        'added same@3',
        'added later@15',
        'modified b@22 from b@2',
        'deleted a@1',
        'added c@31',
        'added a@1',
        'modified b@2 from b@22',
        'deleted c@31',
        'added c@4',
        'added same@3',
        'deleted later@15',
        'modified b@11 from b@2',
      ],
      holds: ['a@1', 'b@11', 'c@4', 'new@12', 'same@3'],
    },
    {
      name: 'compares resourceVersions as integers, not as text',
      steps: (store) => {
        store.event('ADDED', thing('a', '99999999999999999999'));
        store.event('MODIFIED', thing('a', '100000000000000000000'));
        store.event('MODIFIED', thing('a', '9'));
      },
      reported: ['added a@99999999999999999999', 'modified a@100000000000000000000 from a@99999999999999999999'],
      holds: ['a@100000000000000000000'],
    },
    {
      name: 'takes what comes when resourceVersions are not integers',
      steps: (store) => {
        store.event('ADDED', thing('a', 'x'));
        store.event('MODIFIED', thing('a', 'b'));
        store.event('MODIFIED', thing('a', 'b'));
        list(store, [], 'c');
      },
      reported: ['added a@x', 'modified a@b from a@x', 'deleted a@b'],
      holds: [],
    },
    {
      name: 'keeps objects of one name in two namespaces apart',
      steps: (store) => {
        store.event('ADDED', thing('a', 1));
        store.event('ADDED', thing('a', 2, { namespace: 'other', uid: 'uid-2' }));
      },
      reported: ['added a@1', 'added a@2'],
      holds: ['a@1', 'a@2'],
    },
  ];
  for (const { name, steps, reported, holds } of table) {
    it(name, () => {
      const made = fixture();
      steps(made.store);
      expect({ reported: made.reported, holds: contents(made.store) }).toEqual({ reported, holds });
      expect(made.store.size).toBe(holds.length);
    });
  }

  it('finds an object that has no namespace by its name', () => {
    const { store } = fixture();
    const { namespace: _, ...metadata } = thing('a', 1).metadata;
    store.event('ADDED', { ...thing('a', 1), metadata } as Thing);
    expect(store.get('', 'a')?.value).toBe('a@1');
  });

  it('remembers the last 4,096 deletions', () => {
    const { store } = fixture();
    for (let index = 0; index < 4096; index += 1) store.event('DELETED', thing(`n${index}`, 10));
    for (const name of ['n0', 'n4096']) store.event('DELETED', thing(name, 11));
    for (const name of ['n0', 'n1', 'n2', 'n4096']) store.event('ADDED', thing(name, 1));
    expect(contents(store)).toEqual(['n1@1']);
  });

  it('is in its new state when the handler is called, and calls it for every change though it throws', () => {
    const sizes: number[] = [];
    const { store, reported } = fixture(() => {
      sizes.push(store.size);
      throw new Error('handler');
    });
    expect(() => list(store, [thing('a', 1), thing('b', 2)], '5')).toThrow(AggregateError);
    expect(() => store.event('DELETED', thing('a', 6))).toThrow('handler');
    expect(reported).toEqual(['added a@1', 'added b@2', 'deleted a@1']);
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('takes the rest of a list when one object cannot be projected', () => {
    const { store } = fixture();
    const broken: KubeObject = { apiVersion: 'v1', kind: 'Other', metadata: thing('a', 1).metadata };
    expect(() => list(store, [broken, thing('b', 2)], '5')).toThrow('not a Thing');
    expect(contents(store)).toEqual(['b@2']);
  });

  // A server history of two names; own writes with a response at any later moment; frames delayed and repeated; relists in between, possibly older
  // than own writes, but not than what the watch has delivered.
  it('ends at the state of the cluster, never showing an older state after a newer one', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant({ do: 'change' as const }) },
      { weight: 2, arbitrary: fc.constant({ do: 'delete' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'ownDelete' as const }) },
      { weight: 3, arbitrary: fc.constant({ do: 'write' as const }) },
      { weight: 6, arbitrary: fc.constant({ do: 'deliver' as const }) },
      { weight: 2, arbitrary: fc.constant({ do: 'repeat' as const }) },
      { weight: 2, arbitrary: fc.constant({ do: 'answer' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'relist' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'olderRelist' as const }) },
    );
    const steps = fc.array(fc.tuple(step, fc.constantFrom('a', 'a', 'a', 'b'), fc.nat(1000)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (plan) => {
        const newest = new Map<string, number>();
        const { store } = fixture(({ type, object }) => {
          if (type === 'deleted') return;
          const version = Number(object.metadata.resourceVersion);
          expect(version).toBeGreaterThan(newest.get(object.metadata.name) ?? 0);
          newest.set(object.metadata.name, version);
        });
        let version = 1;
        let delivered = 0;
        let streamBegin = 0;
        const live = new Map<string, Thing>();
        const history: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Thing }[] = [];
        const snapshots: { readonly items: readonly Thing[]; readonly version: number; readonly events: number }[] = [];
        const answers: Thing[] = [];
        const commit = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Thing): Thing => {
          history.push({ type, object });
          if (type === 'DELETED') live.delete(object.metadata.name);
          else live.set(object.metadata.name, object);
          snapshots.push({ items: [...live.values()], version, events: history.length });
          return object;
        };
        const change = (name: string): Thing => {
          version += 1;
          const uid = live.get(name)?.metadata.uid ?? `uid-${version}`;
          return commit(live.has(name) ? 'MODIFIED' : 'ADDED', thing(name, version, { uid }));
        };
        const end = (name: string): void => {
          const uid = live.get(name)?.metadata.uid;
          if (uid === undefined) return;
          version += 1;
          commit('DELETED', thing(name, version, { uid }));
        };
        const deliver = (): void => {
          const event = history[delivered];
          if (event === undefined) return;
          delivered += 1;
          store.event(event.type, event.object);
        };
        for (const [action, name, dice] of plan) {
          switch (action.do) {
            case 'change':
              change(name);
              break;
            case 'delete':
              end(name);
              break;
            case 'ownDelete': {
              // With preconditions: only the object in the store is deleted.
              const shown = store.get('default', name);
              if (shown === undefined || shown.metadata.resourceVersion !== live.get(name)?.metadata.resourceVersion)
                break;
              end(name);
              store.forget('default', name, shown.metadata.uid);
              break;
            }
            case 'write':
              answers.push(change(name));
              break;
            case 'answer': {
              const [answer] = answers.splice(dice % Math.max(1, answers.length), 1);
              if (answer === undefined) break;
              store.record(answer);
              const shown = Number(store.get('default', answer.metadata.name)?.metadata.resourceVersion ?? 0);
              const { uid, resourceVersion } = answer.metadata;
              // Read your own writes: as written or newer, or absent because the server has deleted it.
              const gone = history.some(({ type, object }) => type === 'DELETED' && object.metadata.uid === uid);
              if (shown > 0 || !gone) expect(shown).toBeGreaterThanOrEqual(Number(resourceVersion));
              newest.set(answer.metadata.name, Math.max(shown, newest.get(answer.metadata.name) ?? 0));
              break;
            }
            case 'deliver':
              deliver();
              break;
            case 'repeat': {
              // Frames of an earlier stream cannot arrive after a list: its reader is gone.
              const event = history[streamBegin + (dice % Math.max(1, delivered - streamBegin))];
              if (event !== undefined && delivered > streamBegin) store.event(event.type, event.object);
              break;
            }
            case 'relist':
            case 'olderRelist': {
              const consistent = snapshots.filter(({ events }) => events >= delivered);
              const snapshot =
                consistent[action.do === 'relist' ? consistent.length - 1 : dice % Math.max(1, consistent.length)];
              if (snapshot === undefined) break;
              list(store, snapshot.items, String(snapshot.version));
              delivered = snapshot.events;
              streamBegin = delivered;
              break;
            }
          }
        }
        while (delivered < history.length) deliver();
        for (const answer of answers) store.record(answer);
        expect(contents(store)).toEqual([...live.values()].map((object) => object.value).sort());
      }),
      { numRuns: 10_000 },
    );
  });
});

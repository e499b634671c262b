// Pins the sequences that were recorded from CNPG 1.30. They must change only with new recordings.
import { describe, expect, it } from '@jest/globals';
import { changing, creating, type Fleet, failingOver, type Step } from './sequences.ts';

/** A state on one line: phase, ready of all, current -> target primary. */
const line = ({ phase, ready, instances, current, target }: Step): string =>
  `${phase}: ${ready}/${instances.length} ${current || 'none'} -> ${target}`;

const waiting = 'Waiting for the instances to become active';
const three: Fleet = { cluster: 'db', instances: ['db-1', 'db-2', 'db-3'], primary: 'db-1', lastSerial: 3 };
const one: Fleet = { cluster: 'db', instances: ['db-1'], primary: 'db-1', lastSerial: 1 };

describe('a new Cluster', () => {
  it('comes up instance by instance', () => {
    const { steps, fleet } = creating('db', 3);
    expect(steps.map(line)).toEqual([
      'Setting up primary: 0/1 none -> db-1',
      'Creating a new replica: 1/2 db-1 -> db-1',
      'Creating a new replica: 2/3 db-1 -> db-1',
      'Cluster in healthy state: 3/3 db-1 -> db-1',
    ]);
    expect(fleet).toEqual(three);
  });
});

describe('the loss of the primary', () => {
  it('is seen late, then elects through the word pending, and heals long after writes are possible', () => {
    const { steps, fleet } = failingOver(three);
    expect(steps.map(line)).toEqual([
      'Cluster in healthy state: 2/3 db-1 -> db-1',
      'Failing over: 2/3 db-1 -> db-1',
      'Failing over: 2/3 db-1 -> pending',
      'Failing over: 2/3 db-1 -> db-1',
      'Failing over: 2/3 db-1 -> db-2',
      'Failing over: 2/3 db-2 -> db-2',
      `${waiting}: 2/3 db-2 -> db-2`,
      'Cluster in healthy state: 3/3 db-2 -> db-2',
    ]);
    expect(steps[0]?.lasts).toBe('stale');
    expect(fleet.primary).toBe('db-2');
  });

  it('of a single instance is a wait for the same one', () => {
    expect(failingOver(one).steps.map(line)).toEqual([
      'Cluster in healthy state: 0/1 db-1 -> db-1',
      `${waiting}: 0/1 db-1 -> db-1`,
      'Cluster in healthy state: 1/1 db-1 -> db-1',
    ]);
  });
});

describe('a change', () => {
  it('of memory restarts replicas first and the primary last', () => {
    const { steps, fleet } = changing(three, { instances: 3, restart: true, switchover: false });
    expect(steps.map(line)).toEqual([
      'Upgrading cluster: 3/3 db-1 -> db-1',
      `${waiting}: 2/3 db-1 -> db-1`,
      'Upgrading cluster: 3/3 db-1 -> db-1',
      `${waiting}: 2/3 db-1 -> db-1`,
      'Primary instance is being restarted without a switchover: 2/3 db-1 -> db-1',
      'Cluster in healthy state: 3/3 db-1 -> db-1',
    ]);
    expect(fleet.primary).toBe('db-1');
  });

  it('with a switchover moves the primary', () => {
    const { steps, fleet } = changing(three, { instances: 3, restart: true, switchover: true });
    expect(steps.slice(-3).map(line)).toEqual([
      'Switchover in progress: 3/3 db-1 -> db-2',
      'Switchover in progress: 2/3 db-2 -> db-2',
      'Cluster in healthy state: 3/3 db-2 -> db-2',
    ]);
    expect(fleet.primary).toBe('db-2');
  });

  it('from three instances to one leaves the second', () => {
    const { fleet } = changing(three, { instances: 1, restart: true, switchover: false });
    expect(fleet).toEqual({ cluster: 'db', instances: ['db-2'], primary: 'db-2', lastSerial: 3 });
  });

  it('from one to three gives numbers that were never given', () => {
    const shrunk = changing(three, { instances: 1, restart: false, switchover: false }).fleet;
    const { fleet } = changing(shrunk, { instances: 3, restart: false, switchover: false });
    expect(fleet.instances).toEqual(['db-2', 'db-4', 'db-5']);
  });

  it('without a change ends where it started', () => {
    expect(changing(three, { instances: 3, restart: false, switchover: false }).steps.map(line)).toEqual([
      'Cluster in healthy state: 3/3 db-1 -> db-1',
    ]);
  });
});

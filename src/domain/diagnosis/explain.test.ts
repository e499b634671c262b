// What is said of a database that is not ready: the cause, or else how long it has taken and what could not be seen.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import { type Facts, projectClaim } from '../../api/workload.ts';
import type { Round } from '../chapter.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, aTarget, observing, testTime } from '../testing.ts';
import type { Verdict } from '../verdict.ts';
import { explain, untilNextSearch } from './explain.ts';

const cluster = aCluster(anAddon(), { phase: 'Setting up primary', readyInstances: 0 });
const { name } = cluster.metadata;
const nothing: Facts = { pods: [], claims: [], warnings: [], changedAt: undefined, unseen: [], failed: [] };
const unbound = projectClaim({ metadata: { name: `${name}-1` }, status: { phase: 'Pending' } });
const withCause: Facts = { ...nothing, claims: [unbound] };
const blind: Facts = { ...nothing, failed: ['events'] };
const blindness = 'events in this namespace could not be listed, so the cause may remain unknown';
const creating: Verdict = { reason: 'Creating', message: 'the database is created' };

interface Scene {
  /** How long the attempt lasts, in seconds. */
  readonly since?: number;
  readonly facts?: Facts;
  readonly status?: AddonStatus;
  readonly hasCluster?: boolean;
}

function roundOf({ since = 0, facts, status, hasCluster = true }: Scene): Round {
  const attempt = {
    type: 'Reconciling',
    status: 'True',
    reason: 'Creating',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: new Date(testTime - since * 1000).toISOString(),
  } as const;
  const o = observing(anAddon({}, { conditions: [attempt], ...status }), {
    cluster: hasCluster ? cluster : undefined,
    ...(facts && { facts: { kind: 'found', object: facts } }),
  });
  return { s: situationOf(o), target: aTarget(o), now: testTime };
}

it('a cause that was found is reported', () => {
  expect(explain(roundOf({ since: 90, facts: withCause }), creating).reason).toBe('StorageClassMissing');
  // They were read for another reason.
  expect(explain(roundOf({ since: 89, facts: withCause }), creating)).toEqual(creating);
});

it('a database that is ready or stuck, and a verdict that is a cause, are not explained', () => {
  const running: Verdict = { reason: 'Running', message: 'the database runs' };
  expect(explain(roundOf({ facts: withCause }), running)).toBe(running);
  const lost: Verdict = { reason: 'NodeUnavailable', message: 'the node is gone' };
  expect(explain(roundOf({ since: 3600, facts: blind }), lost)).toBe(lost);
});

describe('without a cause', () => {
  it('the verdict stays until the deadline, with what could not be seen', () => {
    expect(explain(roundOf({ since: 299.999 }), creating)).toEqual(creating);
    expect(explain(roundOf({ since: 299.999, facts: nothing }), creating)).toEqual(creating);
    expect(explain(roundOf({ since: 299.999, facts: blind }), creating)).toEqual({
      reason: 'Creating',
      message: `the database is created; ${blindness}`,
    });
  });

  it('a database whose Cluster is only created now is not late, whatever the facts of another one', () => {
    expect(explain(roundOf({ since: 3600, facts: withCause, hasCluster: false }), creating)).toEqual(creating);
  });

  it.each<readonly [string, Scene, Verdict, string]>([
    ['a database that is created', { since: 300 }, creating, 'is still being created after 5 min'],
    [
      'a database that was ready',
      { since: 600, status: { ready_at: '2026-01-01T00:00:00Z' } },
      { reason: 'Provisioning', message: 'two of three' },
      'is still not ready after 10 min',
    ],
    [
      'a change, with its progress',
      { since: 300 },
      { reason: 'Applying', message: 'the plan is applied' },
      'is still being created after 5 min: the plan is applied',
    ],
  ])('%s takes too long after the deadline', (_, scene, verdict, words) => {
    const message = `the database ${words}; CloudNativePG reports "Setting up primary"`;
    expect(explain(roundOf(scene), verdict)).toEqual({ reason: 'TakingTooLong', message });
    expect(explain(roundOf({ ...scene, facts: blind }), verdict).message).toBe(`${message}; ${blindness}`);
  });
});

it('the next search is due only while something is in progress', () => {
  expect(untilNextSearch(roundOf({ since: 60 }), creating)).toBe(30_000);
  expect(untilNextSearch(roundOf({ since: 60 }), { reason: 'Running', message: '' })).toBeUndefined();
});

// The wait that the API server asks for is found wherever a read can fail.
import { describe, expect, it } from '@jest/globals';
import type { Facts } from '../api/workload.ts';
import { askedWait } from './asked-wait.ts';
import { roles } from './children.ts';
import type { Observed } from './observed.ts';
import { aCluster, anAddon, but, observing } from './testing.ts';

const o = observing(anAddon(), { cluster: aCluster(anAddon()) });
const unavailable = (retryAfterSeconds: number) => ({ kind: 'unavailable', retryAfterSeconds }) as const;
const failed = { kind: 'failed', message: 'away', retryAfterSeconds: 20 } as const;
const seen: Facts = { pods: [], claims: [], warnings: [], changedAt: undefined, unseen: [], failed: [] };
const facts = { kind: 'found', object: { ...seen, retryAfterSeconds: 20 } } as const;

const failures: readonly (readonly [string, Observed])[] = [
  ...roles.map((role) => [role, but(o, { [role]: unavailable(20) })] as const),
  ...(['source', 'authority', 'backup', 'redaction'] as const).map(
    (read) => [read, { ...o, [read]: unavailable(20) }] as const,
  ),
  ...(['volumes', 'backups'] as const).map((read) => [read, { ...o, [read]: failed }] as const),
  ['facts', { ...o, facts }],
  ['the facts of a restore drill', { ...o, drill: { ...o.drill, facts } }],
  ['the Secret of a restore drill', { ...o, drill: { ...o.drill, source: unavailable(20) } }],
];

describe('the wait that is asked for', () => {
  it.each(failures)('by the answer to the read of %s is found', (_, observed) =>
    expect(askedWait(observed)).toBe(20_000),
  );

  it('is the longest of all, and none where nobody asks', () => {
    expect(askedWait({ ...o, source: unavailable(30), volumes: failed, backup: unavailable(5) })).toBe(30_000);
    expect(askedWait(o)).toBe(0);
    const quiet = { kind: 'failed', message: 'more than 100' } as const;
    expect(askedWait({ ...o, source: unavailable(0), volumes: quiet, facts: { kind: 'found', object: seen } })).toBe(0);
  });
});

// What a scrape reports of the addons and of the running parts.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Condition } from '../api/kubernetes.ts';
import { anAddon, testPlatform } from '../domain/testing.ts';
import { Metrics } from '../runtime/metrics.ts';
import { measure } from './measure.ts';

const metrics = new Metrics({ version: 'test' });

/** An addon with this status and nothing else in it. */
const withStatus = (status: AddonStatus): PostgresAddon => ({ ...anAddon(), status });

const condition = (type: string, status: Condition['status'], reason = 'Any'): Condition => {
  return { type, status, reason, message: '', lastTransitionTime: '2026-01-02T03:04:05Z' };
};

/** The samples of a scrape whose name begins so, after the parts were measured, without what they have in common. */
async function scraped(name: string, addons: readonly PostgresAddon[] = [], leads = true): Promise<readonly string[]> {
  measure(metrics, {
    caches: {
      everyAddon: () => addons.values(),
      sizes: () => ({ addons: 11, clusters: 12, databaseRoles: 15, objectStores: 14, scheduledBackups: 13 }),
      unseen: () => 2,
      unconfirmedSeconds: () => ({ clusters: 6 }),
    },
    queue: { longestRunningSeconds: () => 3.5, spinning: 4 },
    elector: { isLeader: () => leads },
    output: { droppedLines: 5 },
    imagePattern: testPlatform.imagePattern,
    operator: testPlatform.operator,
    schema: { missing: ['spec.one', 'status.other', 'status.another'] },
  });
  const prefix = `postgres_addon_${name}`;
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(prefix));
  return lines.map((line) => line.slice('postgres_addon_'.length));
}

describe('a scrape counts the addons', () => {
  it('by phase; one without a status is being created, and one of another version has its own', async () => {
    const { status: _, ...fresh } = anAddon();
    const phases = ['running', 'running', 'deleted', 'of-another-version'] as readonly AddonStatus['phase'][];
    const addons = [fresh, ...phases.map((phase) => withStatus({ phase: phase ?? 'creating' }))];
    expect(await scraped('addons{', addons)).toEqual([
      'addons{phase="creating"} 1',
      'addons{phase="running"} 2',
      'addons{phase="provisioning"} 0',
      'addons{phase="deleted"} 1',
      'addons{phase="of-another-version"} 1',
    ]);
  });

  it('by readiness; one without the condition is unknown', async () => {
    const other = condition('PlanApplied', 'False');
    const addons = [
      withStatus({ conditions: [other, condition('Ready', 'True')] }),
      withStatus({ conditions: [other, condition('Ready', 'False')] }),
      withStatus({ conditions: [other, condition('Ready', 'False')] }),
      withStatus({ conditions: [other] }),
    ];
    expect(await scraped('addons_ready', addons)).toEqual([
      'addons_ready{status="True"} 1',
      'addons_ready{status="False"} 2',
      'addons_ready{status="Unknown"} 1',
    ]);
  });

  it('whose version or image has ended, by the reason', async () => {
    const ended = withStatus({
      conditions: [condition('Ready', 'True', 'Running'), condition('EndOfLife', 'True', 'VersionEnded')],
    });
    expect(await scraped('end_of_life', [ended, ended, anAddon()])).toEqual([
      'end_of_life{reason="VersionEnded"} 2',
      'end_of_life{reason="ImageUnsupported"} 0',
    ]);
  });

  it('that another installation holds, and not those that nobody holds yet', async () => {
    const others = withStatus({ operator: 'elsewhere/operator' });
    expect(await scraped('addons_held', [others, others, anAddon(), withStatus({})])).toEqual([
      'addons_held_by_others 2',
    ]);
  });

  it('by the result of the last restore drill, of those that have a schedule, and since when the oldest pass is', async () => {
    const last = (result: 'Passed' | 'Failed', time: string): PostgresAddon => ({
      ...anAddon({ backup: { drill: { schedule: '@daily' } } }),
      status: { backup: { lastDrill: { result, time }, ...(result === 'Passed' && { lastDrillPassTime: time }) } },
    });
    const addons = [
      last('Passed', '2026-01-02T03:04:05Z'),
      last('Passed', '2026-01-01T00:00:00Z'),
      last('Failed', '2025-01-01T00:00:00Z'),
      anAddon({ backup: { drill: { schedule: '@daily' } } }),
      withStatus({ backup: { lastDrillPassTime: '2024-01-01T00:00:00Z' } }),
    ];
    expect(await scraped('drill', addons)).toEqual([
      'drills{result="Passed"} 2',
      'drills{result="Failed"} 1',
      'drills{result="Skipped"} 0',
      'drills{result="None"} 1',
      'drill_oldest_pass_timestamp_seconds 1767225600',
    ]);
    expect(await scraped('drill_oldest')).toEqual(['drill_oldest_pass_timestamp_seconds 0']);
  });

  it('by the major version and the form of their image, once they have one', async () => {
    const images = ['17.2-standard-trixie', '17.4-standard-trixie', '17.4-standard-trixie', '16.1-minimal-trixie'];
    const addons = images.map((tag) => withStatus({ image: `ghcr.io/cloudnative-pg/postgresql:${tag}` }));
    expect(await scraped('databases', [...addons, anAddon()])).toEqual([
      'databases{major="17",image="pattern"} 3',
      'databases{major="16",image="other"} 1',
    ]);
  });
});

it('a scrape without addons shows a zero for everything that alerts are made of', async () => {
  expect(await scraped('addons{')).toEqual([
    'addons{phase="creating"} 0',
    'addons{phase="running"} 0',
    'addons{phase="provisioning"} 0',
    'addons{phase="deleted"} 0',
  ]);
  expect(await scraped('addons_ready')).toEqual([
    'addons_ready{status="True"} 0',
    'addons_ready{status="False"} 0',
    'addons_ready{status="Unknown"} 0',
  ]);
  expect(await scraped('addons_held')).toEqual(['addons_held_by_others 0']);
  expect(await scraped('databases')).toEqual([]);
});

it('a scrape shows the present state of the other parts', async () => {
  expect(await scraped('cache_objects')).toEqual([
    'cache_objects{kind="addons"} 11',
    'cache_objects{kind="clusters"} 12',
    'cache_objects{kind="databaseRoles"} 15',
    'cache_objects{kind="objectStores"} 14',
    'cache_objects{kind="scheduledBackups"} 13',
  ]);
  expect(await scraped('cache_unconfirmed')).toEqual(['cache_unconfirmed_seconds{kind="clusters"} 6']);
  expect(await scraped('unseen_namespaces')).toEqual(['unseen_namespaces 2']);
  expect(await scraped('queue_longest_running')).toEqual(['queue_longest_running_seconds 3.5']);
  expect(await scraped('queue_spinning')).toEqual(['queue_spinning 4']);
  expect(await scraped('log_lines_dropped')).toEqual(['log_lines_dropped_total 5']);
  expect(await scraped('crd_missing')).toEqual(['crd_missing 3']);
  expect(await scraped('leader')).toEqual(['leader 1']);
  expect(await scraped('leader', [], false)).toEqual(['leader 0']);
});

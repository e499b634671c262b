import { beforeEach, describe, expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { Metrics, metricTable } from './metrics.ts';

const build = { version: '1.2.3' };
let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics(build);
});

describe('metricTable', () => {
  it('names every metric once, as Prometheus wants it', () => {
    const names = metricTable.map((metric) => metric.name);
    expect(new Set(names).size).toBe(names.length);
    for (const metric of metricTable) {
      expect(metric.name).toMatch(/^postgres_addon_[a-z_]+$/);
      expect(metric.name.endsWith('_total')).toBe(metric.type === 'counter');
      expect(metric.help).toMatch(/\.$/);
      if (metric.type === 'histogram') expect(metric.name).toMatch(/_seconds$/);
    }
  });

  it('is exactly what a scrape shows, besides the standard metrics of Node and the process', async () => {
    const text = await metrics.text();
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const own = shown.filter((line) => line.startsWith('postgres_addon_'));
    expect(own.sort()).toEqual(metricTable.map((metric) => `${metric.name} ${metric.type}`).sort());
    expect(shown).toEqual(
      expect.arrayContaining(['nodejs_eventloop_lag_p99_seconds gauge', 'process_resident_memory_bytes gauge']),
    );
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});

describe('Metrics', () => {
  const value = async (line: string): Promise<string | undefined> =>
    (await metrics.text())
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length + 1);

  it('starts reconciles at zero and counts them by result, with retries apart', async () => {
    expect(await value('postgres_addon_reconcile_total{result="error"}')).toBe('0');
    metrics.queue.duration(0.02, 'done');
    metrics.queue.duration(0.2, 'retry');
    metrics.queue.duration(0.2, 'error');
    expect(await value('postgres_addon_reconcile_total{result="retry"}')).toBe('1');
    expect(await value('postgres_addon_queue_retries_total')).toBe('2');
    expect(await value('postgres_addon_reconcile_duration_seconds_count')).toBe('3');
    expect(await value('postgres_addon_reconcile_duration_seconds_bucket{le="0.025"}')).toBe('1');
  });

  it('records the queue, requests, watches, leadership and the build', async () => {
    metrics.queue.depth(4);
    metrics.queue.latency(3);
    metrics.longestRunning(9);
    metrics.spinning(2);
    metrics.request({ verb: 'patch', resource: 'clusters', code: 0, seconds: 5 });
    metrics.watch('Cluster', 'relist');
    metrics.cacheObjects('Cluster', 12);
    metrics.cacheUnconfirmed('Cluster', 91.5);
    metrics.leader(true);
    expect(await value('postgres_addon_queue_depth')).toBe('4');
    expect(await value('postgres_addon_queue_latency_seconds_sum')).toBe('3');
    expect(await value('postgres_addon_queue_longest_running_seconds')).toBe('9');
    expect(await value('postgres_addon_queue_spinning')).toBe('2');
    expect(await value('postgres_addon_api_requests_total{verb="patch",resource="clusters",code="0"}')).toBe('1');
    expect(await value('postgres_addon_api_request_duration_seconds_sum{verb="patch",resource="clusters"}')).toBe('5');
    expect(await value('postgres_addon_watch_relists_total{kind="Cluster"}')).toBe('1');
    expect(await value('postgres_addon_watch_failures_total{kind="Cluster"}')).toBeUndefined();
    expect(await value('postgres_addon_cache_objects{kind="Cluster"}')).toBe('12');
    expect(await value('postgres_addon_cache_unconfirmed_seconds{kind="Cluster"}')).toBe('91.5');
    expect(await value('postgres_addon_leader')).toBe('1');
    expect(await value(`postgres_addon_build_info{version="1.2.3",node="${process.version}"}`)).toBe('1');
  });

  it('collects before each scrape and forgets phases that nobody is in', async () => {
    let byPhase: Record<string, number> = { running: 2, failed: 1 };
    metrics.beforeScrape(() =>
      metrics.addons({ byPhase, byReady: { True: 2, False: 1 }, byEndOfLife: { VersionEnded: 4 }, heldByOthers: 4 }),
    );
    expect(await value('postgres_addon_addons{phase="failed"}')).toBe('1');
    expect(await value('postgres_addon_addons_held_by_others')).toBe('4');
    byPhase = { running: 3 };
    expect(await value('postgres_addon_addons{phase="running"}')).toBe('3');
    expect(await value('postgres_addon_addons{phase="failed"}')).toBeUndefined();
    expect(await value('postgres_addon_addons_ready{status="False"}')).toBe('1');
    expect(await value('postgres_addon_end_of_life{reason="VersionEnded"}')).toBe('4');
  });

  it('counts databases by image, and forgets an image that none has', async () => {
    metrics.databases([
      { major: '14', image: 'unsupported', count: 2 },
      { major: '17', image: 'pattern', count: 3 },
    ]);
    metrics.databases([{ major: '17', image: 'pattern', count: 5 }]);
    expect(await value('postgres_addon_databases{major="17",image="pattern"}')).toBe('5');
    expect(await value('postgres_addon_databases{major="14",image="unsupported"}')).toBeUndefined();
  });
});

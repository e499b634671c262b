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

  it('has buckets from a millisecond on, up to the longest call and wait', async () => {
    const text = await metrics.text();
    const bounds = (name: string) =>
      [...text.matchAll(new RegExp(`^postgres_addon_${name}_bucket\\{le="([^"]*)"`, 'gm'))].map(([, bound]) => bound);
    const calls = '0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 +Inf';
    expect(bounds('reconcile_duration_seconds').join(' ')).toBe(calls);
    const waits = '0.001 0.01 0.1 0.5 1 2 5 10 30 60 300 600 +Inf';
    expect(bounds('queue_latency_seconds').join(' ')).toBe(waits);
  });

  it('starts reconciles at zero and counts them by result, with retries apart', async () => {
    for (const result of ['done', 'again', 'retry', 'error'])
      expect(await value(`postgres_addon_reconcile_total{result="${result}"}`)).toBe('0');
    for (let done = 0; done < 3; done += 1) metrics.queue.duration(0.02, 'done');
    metrics.queue.duration(0.2, 'retry');
    metrics.queue.duration(0.2, 'error');
    expect(await value('postgres_addon_reconcile_total{result="retry"}')).toBe('1');
    expect(await value('postgres_addon_queue_retries_total')).toBe('2');
    expect(await value('postgres_addon_reconcile_duration_seconds_count')).toBe('5');
    expect(await value('postgres_addon_reconcile_duration_seconds_bucket{le="0.025"}')).toBe('3');
  });

  it('records the queue, requests, watches, leadership and the build', async () => {
    metrics.queue.depth(4);
    metrics.queue.latency(3);
    metrics.longestRunning(9);
    metrics.spinning(2);
    metrics.request({ verb: 'patch', resource: 'clusters', code: 0, seconds: 5 });
    metrics.watch('Cluster', 'relist');
    for (let seen = 0; seen < 2; seen += 1) metrics.watch('Backup', 'list');
    for (let seen = 0; seen < 3; seen += 1) metrics.watch('Backup', 'watch');
    for (let seen = 0; seen < 4; seen += 1) metrics.watch('Backup', 'failure');
    metrics.unseenNamespaces(3);
    metrics.missingFromSchema(6);
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
    expect(await value('postgres_addon_watch_lists_total{kind="Backup"}')).toBe('2');
    expect(await value('postgres_addon_watch_starts_total{kind="Backup"}')).toBe('3');
    expect(await value('postgres_addon_watch_failures_total{kind="Backup"}')).toBe('4');
    expect(await value('postgres_addon_unseen_namespaces')).toBe('3');
    expect(await value('postgres_addon_crd_missing')).toBe('6');
    expect(await value('postgres_addon_cache_objects{kind="Cluster"}')).toBe('12');
    expect(await value('postgres_addon_cache_unconfirmed_seconds{kind="Cluster"}')).toBe('91.5');
    expect(await value('postgres_addon_leader')).toBe('1');
    expect(await value(`postgres_addon_build_info{version="1.2.3",node="${process.version}"}`)).toBe('1');
    metrics.leader(false);
    expect(await value('postgres_addon_leader')).toBe('0');
  });

  it('says how many lines of the log were lost since the start', async () => {
    metrics.droppedLogLines(5);
    metrics.droppedLogLines(7);
    expect(await value('postgres_addon_log_lines_dropped_total')).toBe('7');
  });

  it('is served as what it is', () => {
    expect(metrics.contentType).toMatch(/^text\/plain; version=/);
  });

  it('collects before each scrape and forgets phases that nobody is in', async () => {
    let byPhase: Record<string, number> = { running: 2, failed: 1 };
    let ready: Record<string, number> = { True: 2, False: 1 };
    let endOfLife: Record<string, number> = { VersionEnded: 4 };
    metrics.beforeScrape(() => metrics.addons({ byPhase, byReady: ready, byEndOfLife: endOfLife, heldByOthers: 4 }));
    expect(await value('postgres_addon_addons{phase="failed"}')).toBe('1');
    expect(await value('postgres_addon_addons_held_by_others')).toBe('4');
    byPhase = { running: 3 };
    expect(await value('postgres_addon_addons{phase="running"}')).toBe('3');
    expect(await value('postgres_addon_addons{phase="failed"}')).toBeUndefined();
    expect(await value('postgres_addon_addons_ready{status="False"}')).toBe('1');
    expect(await value('postgres_addon_end_of_life{reason="VersionEnded"}')).toBe('4');
    ready = { True: 3 };
    endOfLife = { ImageEnded: 1 };
    expect(await value('postgres_addon_addons_ready{status="True"}')).toBe('3');
    expect(await value('postgres_addon_addons_ready{status="False"}')).toBeUndefined();
    expect(await value('postgres_addon_end_of_life{reason="VersionEnded"}')).toBeUndefined();
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

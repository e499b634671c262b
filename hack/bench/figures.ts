// All that one benchmark measures, and its two forms: a table for people, and the object itself for programs.
import type { ColdStart, Latency, Memory, OperatorRun } from './operator-run.ts';

export interface Ceiling {
  /** Writes per second, children by POST: what the API server can take at most. */
  readonly create: number;
  /** Writes per second, children by server-side apply, which costs the server more. */
  readonly apply: number;
}

export interface Figures {
  readonly addons: number;
  readonly clients: number;
  readonly cores: number;
  readonly node: string;
  /** Of the machine, over the minute before the start: others at work make every figure worse. */
  readonly loadBefore: number;
  readonly ceilingBefore: Ceiling;
  readonly ceilingAfter: Ceiling;
  readonly run: OperatorRun;
  readonly coldStart: ColdStart;
}

/** Six writes an addon, the user's own included, as share of the ceiling. */
export function efficiency({ addons, run, ceilingBefore, ceilingAfter }: Figures, way: keyof Ceiling): number {
  const ceiling = (ceilingBefore[way] + ceilingAfter[way]) / 2;
  return ((addons / run.seconds) * 6) / ceiling;
}

/** A table of lines; figures that have an aim show it. */
export function describe(figures: Figures): string {
  const { addons, clients, cores, node, loadBefore, ceilingBefore, ceilingAfter, run, coldStart } = figures;
  const perSecond = addons / run.seconds;
  const slope = (coldStart.memory.residentBytes - run.memory.atStart.residentBytes) / addons / 1024;
  const total = Object.values(run.cpuSecondsByProcess).reduce((sum, seconds) => sum + seconds, 0);
  const lines: readonly (readonly [what: string, value: string, aim?: string])[] = [
    [
      `${addons} addons of plan standard, ${clients} clients, ${cores} cores, Node ${node}, load before ${fixed(loadBefore, 1)}`,
      '',
    ],
    [
      'all running after',
      `${fixed(run.seconds, 1)} s  (${fixed(perSecond, 1)} addons/s, ${fixed(perSecond * 6, 0)} writes/s with the user's own)`,
    ],
    [
      'raw ceiling, children by POST',
      `${fixed(ceilingBefore.create, 0)} before, ${fixed(ceilingAfter.create, 0)} after, writes/s`,
    ],
    [
      'raw ceiling, children by apply',
      `${fixed(ceilingBefore.apply, 0)} before, ${fixed(ceilingAfter.apply, 0)} after, writes/s`,
    ],
    ['share of the ceiling (POST)', fixed(efficiency(figures, 'create'), 2), '>= 0.60, goal 0.80'],
    ['share of the ceiling (apply)', fixed(efficiency(figures, 'apply'), 2)],
    ['requests per addon', `${fixed(run.writesPerAddon, 2)} writes + ${fixed(run.readsPerAddon, 2)} reads`, '5 + 1'],
    ['events per addon', fixed(run.eventsPerAddon, 2), '<= 3'],
    ['requests that failed', String(run.failedRequests), '0'],
    ...Object.entries(run.requestsPerAddon).map(([request, count]) => [`  ${request}`, fixed(count, 2)] as const),
    ['commit to first request, burst', latency(run.latencyInBurst)],
    ['commit to first request, calm', latency(run.latencyWhenCalm)],
    ['event-loop delay p99', `${fixed(run.eventLoopP99Milliseconds, 1)} ms`],
    ['CPU of the operator', `${fixed(run.cpuMillisecondsPerAddon, 2)} ms per addon`],
    ...Object.entries(run.cpuSecondsByProcess).map(
      ([name, seconds]) => [`  ${name}`, `${fixed(seconds, 1)} s  (${fixed((seconds / total) * 100, 0)} %)`] as const,
    ),
    ['memory with 0 addons', memory(run.memory.atStart), '<= 110 MB'],
    [`memory after the run`, memory(run.memory.afterRun)],
    [
      `memory after a start with ${addons}`,
      `${memory(coldStart.memory)}, ${fixed(slope, 1)} kB per addon`,
      '<= 5 kB per addon',
    ],
    [`start with ${addons} addons: ready`, `${fixed(coldStart.secondsToReady, 2)} s`],
    [`start with ${addons} addons: all looked at`, `${fixed(coldStart.secondsToReconciled, 2)} s`],
    [`start with ${addons} addons: writes`, String(coldStart.writes), '0'],
  ];
  const width = Math.max(...lines.slice(1).map(([what]) => what.length));
  return lines
    .map(([what, value, aim]) =>
      value === '' ? what : `${what.padEnd(width)}  ${value}${aim === undefined ? '' : `  [${aim}]`}`,
    )
    .join('\n');
}

function latency({ p50, p99 }: Latency): string {
  return `p50 ${fixed(p50, 1)} ms, p99 ${fixed(p99, 1)} ms`;
}

function memory({ residentBytes, heapUsedBytes }: Memory): string {
  const mega = 1_000_000;
  return `${fixed(residentBytes / mega, 1)} MB resident, ${fixed(heapUsedBytes / mega, 1)} MB heap in use`;
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

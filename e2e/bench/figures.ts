// The results of a benchmark, and their two formats: a table for people and JSON for programs.
import type { CeilingFigures } from './ceiling.ts';
import { sum } from './load.ts';
import type { ColdStart, Latency, Memory, OperatorRun } from './operator-run.ts';
import type { Rest } from './rest.ts';

export interface Ceilings {
  /** Children by POST: what the API server can take at most. */
  readonly create: CeilingFigures;
  /** Children by server-side apply, which costs the server more. */
  readonly apply: CeilingFigures;
}

export interface Figures {
  readonly addons: number;
  readonly clients: number;
  readonly cores: number;
  readonly node: string;
  /** Of the machine, over the minute before the start: others at work make every figure worse. */
  readonly loadBefore: number;
  readonly ceilingBefore: Ceilings;
  readonly ceilingAfter: Ceilings;
  readonly run: OperatorRun;
  readonly coldStart: ColdStart;
  /** How many Backups of each addon are there at one more start. */
  readonly backups: number;
  readonly withBackups: ColdStart | undefined;
  readonly rest: Rest | undefined;
}

/** Six writes an addon, the user's own included, per second, as share of the ceiling. */
export function shareByTime({ addons, run, ceilingBefore, ceilingAfter }: Figures, way: keyof Ceilings): number {
  const ceiling = (ceilingBefore[way].writesPerSecond + ceilingAfter[way].writesPerSecond) / 2;
  return ((addons / run.seconds) * 6) / ceiling;
}

/** The CPU that the dumb client's writes cost, as share of what an addon costs with the operator: holds on a busy machine too. */
export function shareByCpu({ addons, run, ceilingBefore, ceilingAfter }: Figures, way: keyof Ceilings): number {
  const ceiling = (ceilingBefore[way].cpuMillisecondsPerAddon + ceilingAfter[way].cpuMillisecondsPerAddon) / 2;
  return ceiling / ((sum(run.cpuSecondsByProcess) * 1000) / addons);
}

/** A table of lines; figures that have an aim show it. */
export function describe(figures: Figures): string {
  const {
    addons,
    clients,
    cores,
    node,
    loadBefore,
    ceilingBefore,
    ceilingAfter,
    run,
    coldStart,
    backups,
    withBackups,
    rest,
  } = figures;
  const perSecond = addons / run.seconds;
  const slope = (coldStart.memory.residentBytes - run.memory.atStart.residentBytes) / addons / 1024;
  const total = sum(run.cpuSecondsByProcess);
  const lines: readonly (readonly [what: string, value: string, aim?: string])[] = [
    [
      `${addons} addons of plan standard, ${clients} clients, ${cores} cores, Node ${node}, load before ${fixed(loadBefore, 1)}`,
      '',
    ],
    [
      'all running after',
      `${fixed(run.seconds, 1)} s  (${fixed(perSecond, 1)} addons/s, ${fixed(perSecond * 6, 0)} writes/s with the user's own)`,
    ],
    ['raw ceiling, children by POST', ceilings(ceilingBefore.create, ceilingAfter.create)],
    ['raw ceiling, children by apply', ceilings(ceilingBefore.apply, ceilingAfter.apply)],
    ['share of the ceiling (POST)', shares(figures, 'create'), '>= 0.60, goal 0.80'],
    ['share of the ceiling (apply)', shares(figures, 'apply')],
    ['requests per addon', `${fixed(run.writesPerAddon, 2)} writes + ${fixed(run.readsPerAddon, 2)} reads`, '5 + 1'],
    ['events per addon', fixed(run.eventsPerAddon, 2), '<= 3'],
    ['requests that failed', String(run.failedRequests), '0'],
    ...Object.entries(run.requestsPerAddon).map(([request, count]) => [`  ${request}`, fixed(count, 2)] as const),
    ['commit to first request, burst', latency(run.latencyInBurst)],
    ['commit to first request, calm', latency(run.latencyWhenCalm)],
    ['event-loop delay p99', `${fixed(run.eventLoopP99Milliseconds, 1)} ms`],
    [
      'CPU of the operator',
      `${fixed(run.cpuMillisecondsPerAddon, 2)} ms per addon; of all, ${fixed((total * 1000) / addons, 1)} ms`,
    ],
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
    ...(withBackups === undefined
      ? []
      : [
          [
            `the same with ${backups} Backups of each`,
            `${memory(withBackups.memory)}, ${more(coldStart.memory, withBackups.memory)} resident`,
            '<= 3 MB more',
          ] as const,
        ]),
    [`start with ${addons} addons: ready`, `${fixed(coldStart.secondsToReady, 2)} s`],
    [`start with ${addons} addons: all looked at`, `${fixed(coldStart.secondsToReconciled, 2)} s`],
    [`start with ${addons} addons: writes`, String(coldStart.writes), '0'],
    ...(rest === undefined
      ? []
      : [
          [`CPU at rest with ${addons} addons of plan pro`, `${fixed(rest.cpu * 100, 1)} % of a core`] as const,
          ...Object.entries(rest.requestsPerAddonAndHour).map(
            ([request, count]) => [`  ${request}`, `${fixed(count, 1)} an hour for each`] as const,
          ),
        ]),
  ];
  const width = Math.max(...lines.slice(1).map(([what]) => what.length));
  return lines
    .map(([what, value, aim]) =>
      value === '' ? what : `${what.padEnd(width)}  ${value}${aim === undefined ? '' : `  [${aim}]`}`,
    )
    .join('\n');
}

function ceilings(before: CeilingFigures, after: CeilingFigures): string {
  const one = ({ writesPerSecond, cpuMillisecondsPerAddon }: CeilingFigures): string =>
    `${fixed(writesPerSecond, 0)} writes/s, ${fixed(cpuMillisecondsPerAddon, 1)} ms CPU an addon`;
  return `${one(before)} before; ${one(after)} after`;
}

function shares(figures: Figures, way: keyof Ceilings): string {
  return `${fixed(shareByTime(figures, way), 2)} by time, ${fixed(shareByCpu(figures, way), 2)} by CPU`;
}

function latency({ p50, p99 }: Latency): string {
  return `p50 ${fixed(p50, 1)} ms, p99 ${fixed(p99, 1)} ms`;
}

function memory({ residentBytes, heapUsedBytes }: Memory): string {
  const mega = 1_000_000;
  return `${fixed(residentBytes / mega, 1)} MB resident, ${fixed(heapUsedBytes / mega, 1)} MB heap in use`;
}

function more(before: Memory, after: Memory): string {
  const mega = (after.residentBytes - before.residentBytes) / 1_000_000;
  return `${mega < 0 ? '' : '+'}${fixed(mega, 1)} MB`;
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

// What a process says and how it ends, whatever the reader of its standard output does.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Does what its parent asks for, and confirms it. Some lines do not enter a pipe as a whole. */
const program = `
  const { runProcess } = await import(${JSON.stringify(new URL('./process.ts', import.meta.url).href)});
  await runProcess((config, log, die, output) => ({
    start: async () => {
      process.on('message', ({ talk = 0, end }) => {
        for (let line = 0; line < talk; line += 1) log.info('x'.repeat(line % 200 === 0 ? 100_000 : 200), { line });
        if (end === 'die') die('the last words');
        if (end === 'throw') throw (log.error('the last words'), new Error('a bug'));
        if (end === 'reject') Promise.reject(new Error('a bug'));
        process.send({ dropped: output.droppedLines });
      });
      process.send('started');
    },
    stop: async () => log.info('the last words'),
  }));`;

/** @param stdout a file descriptor, or 'pipe' for a socket whose other end is not read */
async function run(stdout: number | 'pipe'): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', stdout, 'ignore', 'ipc'],
      env: { PATH: process.env.PATH },
    },
  );
  children.push(child);
  await once(child, 'message');
  return child;
}

/** A process that writes into a pipe, and the reading of its other end, which has not begun. */
async function runIntoPipe(): Promise<{ readonly child: ChildProcess; readonly read: () => Readable }> {
  const folder = await mkdtemp(join(tmpdir(), 'process-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, 'w');
  await rm(folder, { recursive: true });
  const child = await run(writeEnd);
  closeSync(writeEnd);
  return { child, read: () => new Socket({ fd: readEnd, readable: true, writable: false }) };
}

async function runIntoSocket(): Promise<{ readonly child: ChildProcess; readonly read: () => Readable }> {
  const child = await run('pipe');
  return { child, read: () => child.stdout as Readable };
}

const outputs = { 'a pipe': runIntoPipe, 'a socket': runIntoSocket } as const;

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly line?: number;
  readonly lines?: number;
}

const linesOf = (output: string): readonly Line[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** Asks the process for lines, and says what it answers. @throws Error if it does not within two seconds */
async function talk(child: ChildProcess, lines: number): Promise<{ readonly dropped: number }> {
  child.send({ talk: lines });
  const [answer] = await once(child, 'message', { signal: AbortSignal.timeout(20_000) });
  return answer as { readonly dropped: number };
}

async function ended(child: ChildProcess): Promise<unknown> {
  return (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) }))[0];
}

describe.each(Object.entries(outputs))('standard output is %s that nobody reads', (_, start) => {
  it('and the process goes on, however much it has to say', async () => {
    const { child } = await start();
    // 4 MB each time.
    expect(await talk(child, 5000)).toBeDefined();
    const { dropped } = await talk(child, 5000);
    expect(dropped).toBeGreaterThan(0);
    expect((await talk(child, 1000)).dropped).toBeGreaterThan(dropped);
  });

  it.each([
    ['a signal', (child: ChildProcess) => child.kill('SIGTERM'), 0],
    ['its own decision', (child: ChildProcess) => child.send({ end: 'die' }), 1],
    ['a bug', (child: ChildProcess) => child.send({ end: 'throw' }), 1],
    ['a bug in a promise', (child: ChildProcess) => child.send({ end: 'reject' }), 1],
  ] as const)('and the process ends in time by %s', async (_cause, end, code) => {
    const { child } = await start();
    await talk(child, 5000);
    end(child);
    expect(await ended(child)).toBe(code);
  });

  it('for a while: it gets whole lines, the newest, and once how many it missed', async () => {
    const { child, read } = await start();
    const { dropped } = await talk(child, 20_000);
    const lines: Line[] = [];
    for await (const text of createInterface(read())) {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      if (line.level === 'warn') child.kill('SIGTERM');
    }
    const numbers = lines.flatMap(({ line }) => line ?? []);
    expect(numbers).toHaveLength(20_000 - dropped);
    expect(numbers.at(-1)).toBe(19_999);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([{ lines: dropped }]);
    expect(lines.at(-1)?.msg).toBe('the last words');
    // What waits is bounded: 1 MiB, and what the kernel keeps.
    expect(JSON.stringify(lines).length).toBeLessThan(2_000_000);
  });
});

describe.each(Object.entries(outputs))('standard output is %s that is read late', (_, start) => {
  it.each(['die', 'throw', 'reject'])('and the last lines are written before the process ends by "%s"', async (end) => {
    const { child, read } = await start();
    expect((await talk(child, 1000)).dropped).toBe(0);
    child.send({ end });
    const lines = linesOf(await text(read()));
    expect(lines.filter(({ line }) => line !== undefined)).toHaveLength(1000);
    expect(lines.at(-1)?.msg).toBe(end === 'reject' ? 'unhandled promise rejection (bug)' : 'the last words');
  });
});

describe('standard output is closed', () => {
  it.each(Object.entries(outputs))('and was %s: the process goes on, and counts', async (_, start) => {
    const { child, read } = await start();
    const reader = read();
    reader.destroy();
    await once(reader, 'close');
    expect((await talk(child, 100)).dropped).toBe(100);
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
  });

  it('or a full disk: the process goes on, and counts', async () => {
    const full = openSync('/dev/full', 'w');
    const child = await run(full);
    closeSync(full);
    expect((await talk(child, 100)).dropped).toBe(100);
    child.send({ end: 'die' });
    expect(await ended(child)).toBe(1);
  });
});

/** Fails as its environment says. It stops once its parent says so. */
const failing = `
  const { runProcess } = await import(${JSON.stringify(new URL('./process.ts', import.meta.url).href)});
  const { FAILS: fails } = process.env;
  await runProcess(() => {
    if (fails === 'make') throw new Error('no parts');
    return {
      start: async () => {
        if (fails === 'start') throw new Error('no port');
        if (fails === 'oddly') throw 'no error';
        process.on('message', () => {});
        process.send('started');
      },
      stop: async () => {
        const told = new Promise((resolve) => process.once('message', resolve));
        process.send('stopping');
        await told;
        if (fails === 'stop') throw new Error('no end');
      },
    };
  });`;

/** @returns its exit code and what it said, once it has ended. @param act what its parent does with it */
async function outcomeOf(fails: string, act: (child: ChildProcess) => Promise<void> = async () => {}) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', failing],
    { stdio: ['ignore', 'pipe', 'ignore', 'ipc'], env: { PATH: process.env.PATH, FAILS: fails } },
  );
  children.push(child);
  const said = text(child.stdout as Readable);
  const exit = once(child, 'exit');
  await act(child);
  const [code] = await exit;
  return { code, lines: linesOf(await said) as readonly (Line & { readonly signal?: string })[] };
}

describe('a process', () => {
  it.each([
    ['make', 'could not start: no parts'],
    ['start', 'could not start: no port'],
    ['oddly', 'could not start: no error'],
  ])('that cannot start says why, and ends with 1: %s', async (fails, msg) => {
    const { code, lines } = await outcomeOf(fails);
    expect([code, lines]).toMatchObject([1, [{ level: 'error', msg }]]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'is stopped by %s, once, and ends with 0 when that is done',
    async (signal) => {
      const { code, lines } = await outcomeOf('', async (child) => {
        await once(child, 'message');
        child.kill(signal);
        await once(child, 'message');
        child.kill('SIGTERM');
        child.kill('SIGINT');
        child.send('go on');
      });
      expect([code, lines]).toMatchObject([0, [{ level: 'info', msg: 'stopping', signal }]]);
    },
  );

  it('that cannot stop says why, and ends with 1', async () => {
    const { code, lines } = await outcomeOf('stop', async (child) => {
      await once(child, 'message');
      child.kill('SIGTERM');
      await once(child, 'message');
      child.send('go on');
    });
    expect([code, lines.at(-1)]).toMatchObject([1, { level: 'error', msg: 'shutdown failed: no end' }]);
  });
});

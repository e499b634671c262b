// Lines into a pipe whose other end the test reads when it wants to.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Output, standardOutput } from './output.ts';

let readEnd: number;
let writeEnd: number;
let resumed: number[] = [];
let output: Output;

beforeEach(() => {
  jest.useFakeTimers();
  const folder = mkdtempSync(join(tmpdir(), 'output-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  writeEnd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(folder, { recursive: true });
  resumed = [];
  output = new Output(writeEnd, (lines) => resumed.push(lines));
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  if (readEnd >= 0) closeSync(readEnd);
  closeSync(writeEnd);
});

/** Everything that is in the pipe. */
function read(): string {
  const parts: Buffer[] = [];
  const part = Buffer.alloc(65_536);
  try {
    for (;;) parts.push(Buffer.from(part.subarray(0, readSync(readEnd, part))));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  }
  return Buffer.concat(parts).toString();
}

/** Reads until nothing more comes, and lets the time of the retries pass. */
function readAll(): string {
  let all = '';
  for (let part = read(); part !== ''; part = read()) {
    all += part;
    jest.advanceTimersByTime(50);
  }
  return all;
}

/** A line of so many bytes that begins with its number. */
const line = (number: number, bytes: number): string => `${String(number).padEnd(bytes - 1, '.')}\n`;
const numbersIn = (text: string): readonly number[] => text.trimEnd().split('\n').map(Number.parseFloat);

describe('an output', () => {
  it('that is read writes at once, and has nothing to say of lost lines', () => {
    output.write('a\n');
    output.write('b\n');
    expect(read()).toBe('a\nb\n');
    expect(output.droppedLines).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
    expect(resumed).toEqual([]);
  });

  it('that is read late writes the rest of a line first, tries again each 50 ms, and then at once', () => {
    output.write(line(1, 100_000));
    output.write(line(2, 10));
    let text = read();
    jest.advanceTimersByTime(49);
    expect(read()).toBe('');
    jest.advanceTimersByTime(1);
    text += readAll();
    expect(text).toBe(line(1, 100_000) + line(2, 10));
    output.write(line(3, 10));
    expect(read()).toBe(line(3, 10));
    expect(jest.getTimerCount()).toBe(0);
    expect(resumed).toEqual([]);
  });

  it('that is not read keeps the newest lines, 1 MiB of them, and says once how many are lost', () => {
    // A pipe takes lines of this size as a whole or not at all.
    const bytes = 4096;
    const kept = 1_048_576 / bytes;
    for (let round = 0; round < 2; round += 1) {
      const before = output.droppedLines;
      for (let number = 0; number < 300; number += 1) output.write(line(number, bytes));
      const lost = output.droppedLines - before;
      expect(lost).toBeGreaterThan(0);
      output.write('\n');
      expect(output.droppedLines - before).toBe(lost + 1);
      expect(resumed).toEqual([]);
      const numbers = numbersIn(readAll());
      expect(numbers).toHaveLength(300 - lost - 1);
      const newest = Array.from({ length: kept - 1 }, (_, index) => 300 - kept + 1 + index);
      expect(numbers.slice(1 - kept)).toEqual(newest);
      expect(resumed.splice(0)).toEqual([lost + 1]);
    }
  });

  it('whose other end is closed drops what waits, counts it, and never throws', () => {
    output.write(line(1, 100_000));
    output.write(line(2, 10));
    closeSync(readEnd);
    readEnd = -1;
    jest.advanceTimersByTime(50);
    expect(output.droppedLines).toBe(2);
    output.write(line(3, 10));
    expect(output.droppedLines).toBe(3);
    expect(jest.getTimerCount()).toBe(0);
    expect(resumed).toEqual([]);
  });
});

describe('the last lines', () => {
  it('are not waited for when nobody can read them any more', () => {
    const wait = jest.spyOn(Atomics, 'wait');
    output.write(line(1, 100_000));
    closeSync(readEnd);
    readEnd = -1;
    output.flush(3_600_000);
    expect(wait).not.toHaveBeenCalled();
    expect(output.droppedLines).toBe(1);
  });

  it('are written without a timer', () => {
    output.write(line(1, 100_000));
    const text = read();
    output.flush(0);
    expect(text + read()).toBe(line(1, 100_000));
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are waited for as long as said, while the reader goes on', () => {
    const wait = jest.spyOn(Atomics, 'wait');
    output.write(line(1, 300_000));
    output.flush(40);
    expect(wait.mock.calls.map(([, , , milliseconds]) => milliseconds)).toEqual([10, 10, 10, 10]);
    output.flush(1);
    expect(wait.mock.results.map(({ value }) => value)).toEqual(Array(5).fill('timed-out'));
    let text = '';
    wait.mockImplementation(() => {
      text += read();
      return 'timed-out';
    });
    output.flush(3_600_000);
    expect(text + read()).toBe(line(1, 300_000));
    // Nothing waits any more.
    wait.mockClear();
    output.flush(3_600_000);
    expect(wait).not.toHaveBeenCalled();
  });
});

it('standard output is one, of which nothing is lost yet', () => {
  expect(standardOutput(() => {}).droppedLines).toBe(0);
});

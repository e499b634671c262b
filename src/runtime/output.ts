// Writes lines to a file descriptor. It must never wait for whoever reads them: what is not read in time is dropped and counted.
import { writeSync } from 'node:fs';
import type { LogDestination } from './log.ts';

/** What may wait for the reader, in bytes: some thousand lines of log. */
const longestQueue = 1_048_576;
/** There is no event for a descriptor that can be written to again, without giving up the last lines of a process that ends. */
const retryMilliseconds = 50;
const flushStepMilliseconds = 10;

export class Output implements LogDestination {
  readonly #fd: number;
  readonly #onResumed: (lines: number) => void;
  /** Whole lines, the oldest first. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The rest of a line of which a part is written: without it, the next one would be no line. */
  #begun: Buffer | undefined;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #reported = 0;

  /**
   * @param fd must not block: see standardOutput()
   * @param onResumed called when everything that waited is written, with the number of lines dropped since the last call
   */
  constructor(fd: number, onResumed: (lines: number) => void) {
    this.#fd = fd;
    this.#onResumed = onResumed;
  }

  /** The lines that were lost since the start. */
  get droppedLines(): number {
    return this.#dropped;
  }

  /** Writes a line, with its line feed, or keeps it until the reader has read on. Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#retry === undefined) this.#send();
    // The newest lines say most about why a process ended.
    while (this.#waitingBytes > longestQueue) this.#drop();
  }

  /** Writes what waits, for as long as the reader takes it, and blocks the process meanwhile: only for its end. */
  flush(milliseconds: number): void {
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    for (let left = milliseconds; !this.#send() && left > 0; left -= flushStepMilliseconds) {
      Atomics.wait(nothing, 0, 0, flushStepMilliseconds);
    }
  }

  /** @returns whether nothing waits any more */
  #send(): boolean {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    try {
      for (let next = this.#begun ?? this.#take(); next !== undefined; next = this.#begun ?? this.#take()) {
        this.#begun = next;
        const written = writeSync(this.#fd, next);
        this.#begun = written < next.length ? next.subarray(written) : undefined;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#retry = setTimeout(() => this.#send(), retryMilliseconds).unref();
        return false;
      }
      // A closed pipe, a full disk: nothing that waits can be written, and the next line is the next attempt.
      this.#begun = undefined;
      this.#dropped += 1;
      while (this.#waiting.length > 0) this.#drop();
      return true;
    }
    this.#reportDropped();
    return true;
  }

  #take(): Buffer | undefined {
    const oldest = this.#waiting.shift();
    this.#waitingBytes -= oldest?.length ?? 0;
    return oldest;
  }

  #drop(): void {
    if (this.#take() !== undefined) this.#dropped += 1;
  }

  #reportDropped(): void {
    const lines = this.#dropped - this.#reported;
    if (lines === 0) return;
    this.#reported = this.#dropped;
    this.#onResumed(lines);
  }
}

/** Standard output. Opening `process.stdout` makes Node set a pipe or a socket to non-blocking; files and terminals do not need it. */
export function standardOutput(onResumed: (lines: number) => void): Output {
  return new Output(process.stdout.fd, onResumed);
}

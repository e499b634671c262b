// The WAL of a simulated Cluster, file by file, and what pg_stat_archiver of its primary says about it.

/** What PostgreSQL says of its archiver. The names are those of WAL files of 16 MiB. */
export interface ArchiverView {
  /** Undefined as long as nothing was archived. Wall-clock time in milliseconds. */
  readonly archivedAt: number | undefined;
  readonly archived: string | undefined;
  readonly current: string;
}

export class Wal {
  #timeline = 1;
  #current = 1;
  #archived: string | undefined;
  #archivedAt: number | undefined;
  #isBroken = false;

  get view(): ArchiverView {
    return { archivedAt: this.#archivedAt, archived: this.#archived, current: this.#nameOf(this.#current) };
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Completes the file that is being written, and archives it if archiving works. @param now milliseconds @returns its name */
  complete(now: number): string {
    const name = this.#nameOf(this.#current);
    this.#current += 1;
    if (!this.#isBroken) this.#archive(now);
    return name;
  }

  break(): void {
    this.#isBroken = true;
  }

  /** What has waited is archived. */
  mend(now: number): void {
    this.#isBroken = false;
    this.#archive(now);
  }

  /** Another instance is the primary now. It has archived nothing before, and begins with the history of its timeline. */
  promote(now: number): void {
    this.#timeline += 1;
    this.#archived = this.#isBroken ? undefined : `${hex(this.#timeline)}.history`;
    this.#archivedAt = this.#isBroken ? undefined : now;
  }

  #archive(now: number): void {
    this.#archived = this.#nameOf(this.#current - 1);
    this.#archivedAt = now;
  }

  #nameOf(number: number): string {
    return [this.#timeline, Math.floor(number / 256), number % 256].map(hex).join('');
  }
}

function hex(part: number): string {
  return part.toString(16).toUpperCase().padStart(8, '0');
}

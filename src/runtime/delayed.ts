// Keys that become due later, earliest first. It has one entry per key and must never keep a stale one.

interface Entry {
  readonly key: string;
  readonly at: number;
}

/** A binary heap by due time that tracks the position of each key, so that moving a key forward is O(log n). */
export class DelayedKeys {
  readonly #heap: Entry[] = [];
  readonly #position = new Map<string, number>();

  /** When the earliest key is due, on the caller's monotonic clock in milliseconds; undefined when there is none. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Makes `key` due at `at`. Of two times for one key, the earlier wins. */
  add(key: string, at: number): void {
    const position = this.#position.get(key) ?? this.#heap.length;
    const before = this.#heap[position];
    if (before === undefined || before.at > at) this.#rise({ key, at }, position);
  }

  /** Removes and returns the earliest key that is due at `now`, or undefined. */
  takeDue(now: number): string | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  /** Removes a key. Returns whether it was there. */
  delete(key: string): boolean {
    const position = this.#position.get(key);
    if (position === undefined) return false;
    this.#position.delete(key);
    const last = this.#heap.pop();
    if (last === undefined || last.key === key) return true;
    const above = this.#heap[(position - 1) >> 1];
    if (above !== undefined && above.at > last.at) this.#rise(last, position);
    else this.#sink(last, position);
    return true;
  }

  #rise(entry: Entry, from: number): void {
    let position = from;
    for (;;) {
      const above = (position - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      this.#place(parent, position);
      position = above;
    }
    this.#place(entry, position);
  }

  #sink(entry: Entry, from: number): void {
    let position = from;
    for (;;) {
      const left = 2 * position + 1;
      const leftChild = this.#heap[left];
      const rightChild = this.#heap[left + 1];
      if (leftChild === undefined) break;
      const rightIsEarlier = rightChild !== undefined && rightChild.at < leftChild.at;
      const child = rightIsEarlier ? rightChild : leftChild;
      if (child.at >= entry.at) break;
      this.#place(child, position);
      position = rightIsEarlier ? left + 1 : left;
    }
    this.#place(entry, position);
  }

  #place(entry: Entry, position: number): void {
    this.#heap[position] = entry;
    this.#position.set(entry.key, position);
  }
}

// Computes the differences of two answers by path, in a form in which equal differences can be counted.

export interface Difference {
  /** Where: names and types of conditions, no numbers. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Every place at which two values differ. Conditions are compared by their type, and their order apart from them. */
export function differencesOf(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (Object.is(before, after)) return [];
  const [was, is] = [membersOf(before), membersOf(after)];
  if (was === undefined || is === undefined) {
    const [b, a] = [textOf(before), textOf(after)];
    if (b === a) return [];
    // Masked, so that the same difference is counted once; unless only what is masked differs.
    const [shortBefore, shortAfter] = [masked(b), masked(a)];
    return [
      shortBefore === shortAfter ? { path, before: b, after: a } : { path, before: shortBefore, after: shortAfter },
    ];
  }
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return keys.flatMap((key) => differencesOf(was[key], is[key], path === '' ? key : `${path}.${key}`));
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  const items = value as readonly Readonly<Record<string, unknown>>[];
  const names = items.map(nameOf);
  if (names.some((name) => name === undefined)) return Object.fromEntries(value.entries());
  const named = Object.fromEntries(items.map((item, index) => [names[index], item]));
  return { ...named, 'in the order': names.join(', ') };
}

/** By what an item of a list is known: the type of a condition, the verb and kind of a write. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { type, verb, kind } = item as Readonly<Record<string, unknown>>;
  if (typeof type === 'string') return type;
  return typeof verb === 'string' && typeof kind === 'string' ? `${verb} ${kind}` : undefined;
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** The text without what chance or time decides. */
function masked(text: string): string {
  return text.replace(/\b(uid|rv|pw)-\d+\b/g, '$1').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'a time');
}

/** A pair of values at one path. */
export interface Values {
  readonly before: string;
  readonly after: string;
  readonly count: number;
  /** Where it was found first. */
  readonly first: string;
}

/** The differences of the decisions in one situation, after one outcome. */
export interface Group {
  /** Who owns what was seen, and what came of the writes and the login. */
  readonly situation: string;
  /** In how many decisions. */
  readonly decisions: number;
  /** By path, every pair of values. */
  readonly differences: Readonly<Record<string, readonly Values[]>>;
}

/** Collects differences, so that each is reported once for its situation. */
export class Groups {
  readonly #groups = new Map<string, { decisions: number; readonly paths: Map<string, Map<string, Values>> }>();

  /** @param first where they were found */
  add(situation: string, found: readonly Difference[], first: string): void {
    if (found.length === 0) return;
    const group = this.#groups.get(situation) ?? { decisions: 0, paths: new Map<string, Map<string, Values>>() };
    this.#groups.set(situation, group);
    group.decisions += 1;
    for (const { path, before, after } of found) {
      const pairs = group.paths.get(path) ?? new Map<string, Values>();
      group.paths.set(path, pairs);
      const key = JSON.stringify([before, after]);
      const known = pairs.get(key) ?? { before, after, count: 0, first };
      pairs.set(key, { ...known, count: known.count + 1 });
    }
  }

  /** The most frequent first. */
  list(): readonly Group[] {
    const all = [...this.#groups].map(([situation, { decisions, paths }]) => {
      const pairs = [...paths].map(([path, values]) => [path, byCount([...values.values()])] as const);
      return { situation, decisions, differences: Object.fromEntries(pairs) };
    });
    return all.sort((a, b) => b.decisions - a.decisions);
  }
}

function byCount(values: readonly Values[]): readonly Values[] {
  return [...values].sort((a, b) => b.count - a.count);
}

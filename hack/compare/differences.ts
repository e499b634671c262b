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
    return b === a ? [] : [{ path, before: b, after: a }];
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

/** A value as text, without what chance or time decides. */
function textOf(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text
    .replace(/\b(uid|rv|pw)-\d+\b/g, '$1')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'a time')
    .replace(/^\d{4,}$/, 'milliseconds');
}

/** The differences that come together: in one situation, after one outcome. */
export interface Group {
  /** Who owns what was seen, and what came of the writes and the login. */
  readonly situation: string;
  /** In how many decisions. */
  readonly decisions: number;
  /** By path: how often, and with which values first. */
  readonly differences: Readonly<Record<string, Difference & { readonly count: number; readonly first: string }>>;
}

/** Collects differences, so that each is reported once for its situation. */
export class Groups {
  readonly #groups = new Map<string, Group>();

  /** @param first where it was found, for whoever wants to see it again */
  add(situation: string, found: readonly Difference[], first: string): void {
    if (found.length === 0) return;
    const { decisions, differences } = this.#groups.get(situation) ?? { decisions: 0, differences: {} };
    const all = { ...differences };
    for (const difference of found) {
      const known = all[difference.path] ?? { ...difference, count: 0, first };
      all[difference.path] = { ...known, count: known.count + 1 };
    }
    this.#groups.set(situation, { situation, decisions: decisions + 1, differences: all });
  }

  /** The most frequent first. */
  list(): readonly Group[] {
    return [...this.#groups.values()].sort((a, b) => b.decisions - a.decisions);
  }
}

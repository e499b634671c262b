// Breadth-first through every state of a model, so that the first violation found is a shortest one. The model itself is handed in: the
// one of an addon and its children (search.ts), or a small one of a single operation.

/** A rule that is broken. */
export interface Broken<Rule extends string> {
  readonly rule: Rule;
  readonly detail: string;
}

export interface Model<S, Rule extends string> {
  readonly start: S;
  /** Everything that may happen next in a state, each with what it breaks. */
  readonly stepsFrom: (state: S) => readonly (Move<S> & { readonly broken?: Broken<Rule> | undefined })[];
  /** Two states with the same key are the same. */
  readonly keyOf: (state: S) => string;
  /** What is wrong with a state that was reached, with the steps that show it; undefined when nothing is. */
  readonly wrongWith: (state: S) => (Broken<Rule> & { readonly steps: readonly string[] }) | undefined;
  /** How many states are explored before the search ends, the nearest first. */
  readonly most: number;
}

export interface Move<S> {
  readonly label: string;
  readonly state: S;
}

export interface Found<Rule extends string> {
  readonly states: number;
  readonly transitions: number;
  /** Every state that so many steps lead to was explored; undefined when there is no state left to explore. */
  readonly depth?: number;
  readonly violation?: Broken<Rule> & { readonly trace: readonly string[] };
}

/** Where a state was found: what led to it, how far from the beginning. */
interface Origin {
  readonly from: Origin | undefined;
  readonly label: string;
  readonly depth: number;
}

/** Explores until the first violation, the last state, or the bound. */
export function explore<S, Rule extends string>(model: Model<S, Rule>): Found<Rule> {
  const { start, stepsFrom, keyOf, wrongWith, most } = model;
  const seen = new Set([keyOf(start)]);
  const atStart = wrongWith(start);
  if (atStart !== undefined) {
    const { steps, ...broken } = atStart;
    return { states: 1, transitions: 0, violation: { ...broken, trace: [leftAlone, ...steps] } };
  }
  const open: { readonly state: S; readonly origin: Origin }[] = [
    { state: start, origin: { from: undefined, label: '', depth: 0 } },
  ];
  let transitions = 0;
  // The list grows while it is read; explored states are released.
  for (let index = 0; index < open.length; index += 1) {
    const { state, origin } = open[index] as (typeof open)[number];
    delete open[index];
    for (const step of stepsFrom(state)) {
      transitions += 1;
      const next: Origin = { from: origin, label: step.label, depth: origin.depth + 1 };
      if (step.broken !== undefined)
        return { states: seen.size, transitions, violation: { ...step.broken, trace: traceTo(next) } };
      const key = keyOf(step.state);
      if (seen.has(key)) continue;
      seen.add(key);
      const wrong = wrongWith(step.state);
      if (wrong !== undefined) {
        const { steps, ...broken } = wrong;
        const trace = [...traceTo(next), leftAlone, ...steps];
        return { states: seen.size, transitions, violation: { ...broken, trace } };
      }
      if (seen.size >= most) return { states: seen.size, transitions, depth: origin.depth };
      open.push({ state: step.state, origin: next });
    }
  }
  return { states: seen.size, transitions };
}

/** Separates the steps to a state from those that show what is wrong with it. */
const leftAlone = '-- then, left alone --';

function traceTo({ from, label }: Origin): readonly string[] {
  return from === undefined ? [] : [...traceTo(from), label];
}

/** What came of a search: how far it went, or the violation in a few lines. */
export function inWords<Rule extends string>({ violation, states, depth }: Found<Rule>): string {
  if (violation !== undefined)
    return [`${violation.rule}: ${violation.detail}`, ...violation.trace.map((label) => `  ${label}`)].join('\n');
  return `no violation in ${states} states, ${depth === undefined ? 'which is all there are' : `all up to depth ${depth}`}`;
}

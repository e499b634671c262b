// Breadth-first through every world that the rules allow, so that the first violation found is a shortest one.
import { Canonical } from './canonical.ts';
import { cnpgSteps } from './cnpg.ts';
import { collectorSteps } from './collector.ts';
import { FairRuns } from './fair.ts';
import type { Mind } from './mind.ts';
import { operatorSteps } from './operator.ts';
import { judge, type OracleName, remembering } from './oracles.ts';
import type { Step } from './step.ts';
import { stepsOfUsers, type UserStep } from './user.ts';
import { type Budget, emptyWorld, type Rules, type World } from './world.ts';

export interface Search {
  readonly rules: Rules;
  /** Steps that people take first, each once all has come to rest. */
  readonly prologue: readonly UserStep[];
  readonly budget: Budget;
  /** More states than this are a mistake in the search: its bounds are meant to be reached. */
  readonly most: number;
}

export interface Found {
  readonly states: number;
  readonly transitions: number;
  readonly violation?: { readonly oracle: OracleName; readonly detail: string; readonly trace: readonly string[] };
}

/** Everything that may happen next in a world. */
export function stepsFrom(world: World, mind: Mind): readonly Step[] {
  return [...operatorSteps(world, mind), ...cnpgSteps(world), ...collectorSteps(world), ...stepsOfUsers(world)];
}

/** @throws Error when there are more states than expected */
export function search({ rules, prologue, budget, most }: Search, mind: Mind): Found {
  const canonical = new Canonical();
  const fair = new FairRuns(mind, canonical);
  const start = begin(rules, prologue, budget, fair);
  const seen = new Set([canonical.keyOf(start)]);
  const worlds: (World | undefined)[] = [start];
  const origins: { readonly from: number; readonly label: string }[] = [{ from: -1, label: '' }];
  const traceTo = (index: number, last: string): readonly string[] => {
    const labels = [last];
    for (let at = index; at > 0; at = origins[at]?.from ?? -1) labels.unshift(origins[at]?.label ?? '');
    return labels;
  };
  let transitions = 0;
  for (let index = 0; index < worlds.length; index += 1) {
    const world = worlds[index];
    if (world === undefined) continue;
    worlds[index] = undefined;
    for (const step of stepsFrom(world, mind)) {
      transitions += 1;
      const label = `${step.actor} ${step.label}`;
      const broken = judge(world, step);
      if (broken !== undefined)
        return { states: seen.size, transitions, violation: { ...broken, trace: traceTo(index, label) } };
      const after = remembering(step);
      const key = canonical.keyOf(after);
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > most) throw new Error(`more than ${most} states`);
      const unfair = fair.check(after, 'surroundings first') ?? fair.check(after, 'operator first');
      if (unfair !== undefined) {
        const trace = [...traceTo(index, label), '-- then, left alone --', ...unfair.steps];
        return { states: seen.size, transitions, violation: { oracle: unfair.oracle, detail: unfair.detail, trace } };
      }
      worlds.push(after);
      origins.push({ from: index, label });
    }
  }
  return { states: seen.size, transitions };
}

function begin(rules: Rules, prologue: readonly UserStep[], budget: Budget, fair: FairRuns): World {
  const quiet = { steps: 1, checkups: 0, travels: 0 };
  const settled = prologue.reduce(
    (world, label) => {
      const only = { ...world, rules: { ...rules, steps: [label] }, left: quiet };
      const [step] = stepsOfUsers(only);
      if (step === undefined) throw new Error(`the prologue cannot ${label}`);
      return fair.settle(step.world);
    },
    emptyWorld(rules, quiet),
  );
  return { ...settled, rules, left: budget };
}

/** A violation in a few lines. */
export function tellOf({ violation, states }: Found): string {
  if (violation === undefined) return `no violation in ${states} states`;
  return [`${violation.oracle}: ${violation.detail}`, ...violation.trace.map((label) => `  ${label}`)].join('\n');
}

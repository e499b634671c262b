// The survivors that were looked at, each with the reason why no test kills it, compared with those of a run. Neither a new survivor nor
// a reason that is no longer needed goes unnoticed.
import { z } from 'zod';
import type { Mutant } from './operators.ts';

/** A survivor, recognized by its code: it stays the same when lines move. */
export interface Survivor {
  readonly file: string;
  /** The line that it begins in, without indentation. */
  readonly at: string;
  readonly was: string;
  readonly becomes: string;
}

const explainedSchema = z.array(
  z.strictObject({
    file: z.string(),
    at: z.string(),
    was: z.string(),
    becomes: z.string(),
    reason: z.string().min(1),
  }),
);
export type Explained = z.infer<typeof explainedSchema>[number];

/** @throws Error if the text is no list of explained survivors */
export function parseExplained(text: string): readonly Explained[] {
  return explainedSchema.parse(JSON.parse(text));
}

/** Longer code is told apart by its beginning. */
const longestCode = 100;
const brief = (code: string): string => code.replace(/\s+/g, ' ').slice(0, longestCode);

export function survivorOf(file: string, { at, was, becomes }: Mutant): Survivor {
  return { file, at, was: brief(was), becomes: brief(becomes) };
}

const identity = ({ file, at, was, becomes }: Survivor): string => JSON.stringify([file, at, was, becomes]);

/**
 * @param files those whose mutants were run: nothing is said about others
 * @returns survivors without a reason, and reasons without a survivor
 */
export function compareSurvivors(
  survivors: readonly Survivor[],
  explained: readonly Explained[],
  files: readonly string[],
): { readonly unexplained: readonly Survivor[]; readonly unneeded: readonly Explained[] } {
  const known = new Set(explained.map(identity));
  const survived = new Set(survivors.map(identity));
  return {
    unexplained: survivors.filter((survivor) => !known.has(identity(survivor))),
    unneeded: explained.filter((one) => files.includes(one.file) && !survived.has(identity(one))),
  };
}

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

/** Equal lines of a file are not told apart: each of their survivors needs an entry of its own. */
function isSame(one: Survivor, other: Survivor): boolean {
  return one.file === other.file && one.at === other.at && one.was === other.was && one.becomes === other.becomes;
}

/**
 * @param explained those of the same files
 * @returns survivors without a reason, and reasons without a survivor
 */
export function compareSurvivors(
  survivors: readonly Survivor[],
  explained: readonly Explained[],
): { readonly unexplained: readonly Survivor[]; readonly unneeded: readonly Explained[] } {
  const unneeded = [...explained];
  const unexplained = survivors.filter((survivor) => {
    const place = unneeded.findIndex((one) => isSame(one, survivor));
    if (place >= 0) unneeded.splice(place, 1);
    return place < 0;
  });
  return { unexplained, unneeded };
}

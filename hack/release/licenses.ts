// The licenses of what is in the image, as one text. It must never pass over a package whose license is not known.
import { SetupError } from '../toolchain/errors.ts';

export interface Licensed {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier, or where there is none, words that say where to look. */
  readonly license: string;
  readonly text: string;
}

/** SPDX identifiers of licenses that ask for no more than that their text goes with the program. */
const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
]);

/**
 * Checks the license of an npm package that goes into the bundle.
 * @param name with the version, for a refusal
 * @param declared the SPDX identifiers or the expression in its package.json
 * @returns the identifier
 * @throws SetupError when there is none, more than one, or one that is not allowed
 */
export function allowedLicense(name: string, declared: readonly string[]): string {
  const [license, ...others] = declared;
  if (license === undefined)
    throw new SetupError(`The package ${name} goes into the image and its package.json names no license.`);
  if (others.length === 0 && allowed.has(license)) return license;
  throw new SetupError(
    `The package ${name} goes into the image and has the license ${declared.join(', ')}. ` +
      `Allowed are ${[...allowed].join(', ')} (hack/release/licenses.ts).`,
  );
}

/**
 * The license in a readme, for packages that have it nowhere else.
 * @returns the chapter under the heading "License" without the heading; undefined when there is none, or nothing in it
 */
export function licenseInReadme(readme: string): string | undefined {
  const [, chapter = ''] = /^#+ *licen[cs]e *\r?\n([\s\S]*)/im.exec(readme) ?? [];
  const text = (chapter.split(/^#/m)[0] ?? '').trim();
  return text === '' ? undefined : text;
}

/**
 * @param title the first line
 * @param entries in the order in which they are to stand
 * @throws SetupError naming one without a text
 */
export function licensesText(title: string, entries: readonly Licensed[]): string {
  const chapters = entries.map(({ name, version, license, text }) => {
    if (text.trim() === '')
      throw new SetupError(`The package ${name} ${version} goes into the image without its license.`);
    return `${'='.repeat(80)}\n${name} ${version}\nLicense: ${license}\n${'-'.repeat(80)}\n${text.replace(/^\n+/, '').trimEnd()}\n`;
  });
  return [`${title}\n`, ...chapters].join('\n');
}

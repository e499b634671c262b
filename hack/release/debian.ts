// Which Debian packages the shared libraries in the image are from. It must never guess a version.
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { SetupError } from '../toolchain/errors.ts';
import { CommandError, run } from '../toolchain/run.ts';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package, by which Debian's advisories name it. */
  readonly source: string;
  /** Name and version of the distribution as a package URL has it, for example `debian-12`. */
  readonly distribution: string;
  /** Those of the files asked for that are from it. */
  readonly files: readonly string[];
  /** Its copyright file, which has the licenses. */
  readonly copyright: string;
}

/**
 * The Debian packages that files of this machine are from, as dpkg knows them.
 * @param files absolute paths
 * @returns the packages, sorted by name
 * @throws SetupError naming a file that is from no package, or a package without a copyright file
 */
export async function debianPackages(files: readonly string[]): Promise<readonly DebianPackage[]> {
  const byPackage = new Map<string, string[]>();
  for (const file of files) {
    const owner = await ownerOf(file);
    byPackage.set(owner, [...(byPackage.get(owner) ?? []), file]);
  }
  const distribution = await distributionOf();
  return await Promise.all(
    [...byPackage].sort(([a], [b]) => (a < b ? -1 : 1)).map(([owner, from]) => describe(owner, from, distribution)),
  );
}

async function ownerOf(file: string): Promise<string> {
  // dpkg knows a file by the path that its package has. Where /usr is merged, the file has another path with or without /usr.
  for (const path of [file, file.startsWith('/usr/') ? file.slice('/usr'.length) : `/usr${file}`]) {
    const owner = ownerIn(await search(path));
    if (owner !== undefined) return owner;
  }
  throw new SetupError(
    `${file} goes into the image and is from no Debian package, so neither its version nor its license is known. ` +
      'Make the release on Debian.',
  );
}

async function search(path: string): Promise<string> {
  try {
    return await run('dpkg-query', ['--search', path], { env: { LC_ALL: 'C' } });
  } catch (error) {
    if (error instanceof CommandError) return '';
    throw error;
  }
}

/**
 * The package in what `dpkg-query --search` prints of one file.
 * @returns its name as dpkg takes it, with the architecture; undefined when there is none, or more than one
 */
export function ownerIn(listing: string): string | undefined {
  return /^([a-z0-9][a-z0-9.+-]*(?::[a-z0-9-]+)?): \//m.exec(listing)?.[1];
}

async function describe(owner: string, files: readonly string[], distribution: string): Promise<DebianPackage> {
  const fields = ['Package', 'Version', 'Architecture', 'source:Package'].map((field) => `\${${field}}`).join('\\n');
  const shown = await run('dpkg-query', ['--show', `--showformat=${fields}`, owner]);
  const [name = '', version = '', architecture = '', source = ''] = shown.split('\n');
  const path = `/usr/share/doc/${name}/copyright`;
  const copyright = await readFile(path, 'utf8').catch(() => {
    throw new SetupError(`The Debian package ${name} goes into the image, and ${path}, its license, is not there.`);
  });
  return { name, version, architecture, source, distribution, files, copyright };
}

async function distributionOf(): Promise<string> {
  const { ID, VERSION_ID } = parseEnv(await readFile('/etc/os-release', 'utf8'));
  return `${ID}-${VERSION_ID}`;
}

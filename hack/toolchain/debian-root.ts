// Makes the root file system of a small Debian with a few packages, as the base of an image. It must never leave a mount or a process behind, even when killed.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { reachingSettings, sourceLine } from './apt-sources.ts';
import { SetupError } from './errors.ts';
import { ensureDebianPackages } from './packages.ts';
import { type Report, reportWhile } from './report.ts';
import { CommandError, run } from './run.ts';

export interface DebianRoot {
  /** For example `trixie`. */
  readonly suite: string;
  /** Another release, for packages that `suite` has no more. */
  readonly furtherSuite?: string;
  /** Packages to install with what they depend on, without what they recommend. */
  readonly packages: readonly string[];
  /** Path patterns of dpkg's `path-exclude` that are not unpacked. */
  readonly leaveOut: readonly string[];
  /** Shell commands, run with the new root as `$1`: before packages are configured, and at the end. */
  readonly before?: string;
  readonly after?: string;
}

/** Files that no program in a container reads. */
const NEVER_READ = ['doc', 'man', 'info', 'locale', 'i18n', 'lintian'].map((name) => `/usr/share/${name}/*`);

/**
 * Installs Debian into a folder, from the mirror that this machine's own apt uses.
 * @param target the folder to make; it must not exist
 * @param name what to call it in progress lines
 * @throws SetupError when not root, not on Debian, or apt cannot install a package; with the tool's own words
 */
export async function makeDebianRoot(recipe: DebianRoot, target: string, name: string, report: Report): Promise<void> {
  if (userInfo().uid !== 0) throw new SetupError(`Only root can make the image ${name}: it installs Debian packages.`);
  await ensureDebianPackages(['mmdebstrap'], report);
  const temporary = await mkdtemp(join(dirname(target), 'mmdebstrap-'));
  const dpkgOptions = join(temporary, 'dpkg.cfg');
  const excludes = [...NEVER_READ, ...recipe.leaveOut].map((pattern) => `path-exclude=${pattern}`);
  // Nobody needs this root after a power failure: it is made again.
  await writeFile(dpkgOptions, ['force-unsafe-io', ...excludes, ''].join('\n'));
  const options = [
    '--mode=root',
    '--format=directory',
    '--variant=essential',
    `--include=${recipe.packages.join(',')}`,
    `--dpkgopt=${dpkgOptions}`,
    ...(await reachingSettings()).map((line) => `--aptopt=${line}`),
    ...(recipe.before === undefined ? [] : [`--essential-hook=${recipe.before}`]),
    ...(recipe.after === undefined ? [] : [`--customize-hook=${recipe.after}`]),
  ];
  let step = 'starting';
  const onLine = (line: string) => {
    if (line.startsWith('I: ')) step = line.slice('I: '.length);
  };
  // A process namespace of its own dies as a whole with its first process; the mounts made inside go with it.
  const contained = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const suites = recipe.furtherSuite === undefined ? [recipe.suite] : [recipe.suite, recipe.furtherSuite];
  const sources = await Promise.all(suites.map(sourceLine));
  const args = [...contained, 'mmdebstrap', ...options, recipe.suite, target, ...sources];
  const env = { TMPDIR: temporary, LC_ALL: 'C' };
  try {
    await reportWhile(
      report,
      (elapsed) => `${name}: ${step}, ${elapsed}`,
      () => run('unshare', args, { env, onLine, whenParentDies: 'KILL' }),
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(
      `${name}: Debian ${recipe.suite} with ${recipe.packages.join(', ')} could not be installed from this machine's Debian ` +
        `mirror. Check that \`apt-get update\` works. mmdebstrap says:\n${error.said}`,
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  // How this machine reaches Debian, for example its proxy, does not belong in the image; devices come from the runtime.
  for (const path of ['etc/apt', 'etc/dpkg/dpkg.cfg.d', 'var/log', 'dev']) {
    await rm(join(target, path), { recursive: true, force: true });
  }
  for (const path of ['var/log', 'dev']) await mkdir(join(target, path));
}

/**
 * The version of a package in a root, as its authors number it.
 * @param root made by makeDebianRoot
 * @throws Error when the package is not installed there
 */
export async function installedVersion(root: string, name: string): Promise<string> {
  return versionIn(await readFile(join(root, 'var/lib/dpkg/status'), 'utf8'), name);
}

/**
 * @param status the content of dpkg's status file
 * @returns the package's version without epoch and Debian's revision
 * @throws Error when the package is not installed
 */
export function versionIn(status: string, name: string): string {
  const stanza = status.split('\n\n').find((text) => text.startsWith(`Package: ${name}\n`));
  const version = /^Version: (?:\d+:)?(.+)$/m.exec(stanza ?? '')?.[1];
  if (version === undefined) throw new Error(`no package ${name} is installed`);
  return version.replace(/-[^-]*$/, '');
}

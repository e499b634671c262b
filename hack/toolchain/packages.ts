// Debian packages the test cluster needs on the machine itself. It installs what is missing and never removes or upgrades anything.
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { SetupError } from './errors.ts';
import { formatElapsed, type Report, reportWhile } from './report.ts';
import { CommandError, run } from './run.ts';

/** How long another process may hold dpkg's lock before apt gives up, in seconds. */
const LOCK_PATIENCE_SECONDS = 600;

/**
 * Installs the packages that are not installed, waiting for another process that is using dpkg.
 * @param names Debian package names
 * @throws SetupError when the machine is not Debian, this process is not root, or apt-get refuses; with apt's own words
 */
export async function ensureDebianPackages(names: readonly string[], report: Report): Promise<void> {
  const missing = await notInstalled(names);
  if (missing.length === 0) return;
  if (userInfo().uid !== 0) {
    throw new SetupError(
      `These packages are missing and only root can install them: apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  const started = performance.now();
  const list = missing.join(', ');
  await reportWhile(
    report,
    (elapsed) => `Debian packages ${list}: apt-get at work, ${elapsed}`,
    () => install(missing, report),
  );
  report(`Debian packages ${list}: installed in ${formatElapsed(performance.now() - started)}`);
}

async function notInstalled(names: readonly string[]): Promise<readonly string[]> {
  let listed: string;
  try {
    listed = await run('dpkg-query', ['--show', '--showformat', `\${db:Status-Status} \${Package}\\n`]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(
      `Without Docker the test cluster needs Debian, and this machine has no dpkg (${names.join(', ')} wanted). ` +
        'Start a Docker daemon, or use a Debian 12 machine.',
    );
  }
  return missingFrom(listed, names);
}

/**
 * Which packages a listing does not show as installed.
 * @param listed lines of `<status> <package>`, as dpkg-query prints them
 */
export function missingFrom(listed: string, names: readonly string[]): readonly string[] {
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  );
  return names.filter((name) => !installed.has(name));
}

async function install(names: readonly string[], report: Report): Promise<void> {
  const attempt = () => aptGet(['install', '--yes', '--no-install-recommends', ...names], report);
  try {
    // The lists are refreshed only when they do not know a package, or know a version that the mirror no longer has.
    await attempt().catch(async (error: unknown) => {
      if (!(error instanceof CommandError) || !STALE_LISTS.test(error.said)) throw error;
      report('Debian packages: the package lists are missing or old, refreshing them');
      await aptGet(['update'], report);
      await attempt();
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(`apt-get could not install ${names.join(', ')}. apt-get says:\n${error.said}`);
  }
}

const STALE_LISTS =
  /Unable to locate package|has no installation candidate|404 +Not Found|Unable to fetch some archives/;
const LOCKED = /Could not get lock (\S+)|Unable to acquire the dpkg frontend lock/;

async function aptGet(args: readonly string[], report: Report): Promise<void> {
  const deadline = performance.now() + LOCK_PATIENCE_SECONDS * 1000;
  for (;;) {
    try {
      await run('apt-get', ['-o', `DPkg::Lock::Timeout=${LOCK_PATIENCE_SECONDS}`, ...args], {
        env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
        // dpkg interrupted in the middle leaves packages half-configured, so it is let to finish.
        whenParentDies: undefined,
      });
      return;
    } catch (error) {
      // apt's own timeout covers dpkg's lock only; of the locks of its lists and archives it says at once that they are taken.
      const locked = error instanceof CommandError && LOCKED.test(error.said);
      if (!locked || performance.now() > deadline) throw error;
      report('Debian packages: another process is using apt, waiting for it');
      await setTimeout(2_000);
    }
  }
}

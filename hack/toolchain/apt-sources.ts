// Finds out from the machine's own apt where Debian comes from and how it is reached. Parsing is pure; it must never name a host of its own.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from './errors.ts';
import { run } from './run.ts';

/** One enabled `deb` source. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A keyring file that the archive must be signed by, when the source names one. */
  readonly keyring?: string;
}

/**
 * Parses the one-line format of sources.list(5).
 * @param text the content of a `.list` file
 */
export function parseOneLineSources(text: string): readonly AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    const [, options = '', uri, suite, components = ''] = found ?? [];
    if (uri === undefined || suite === undefined) continue;
    const keyring = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    sources.push(source(uri, [suite], words(components), keyring));
  }
  return sources;
}

/**
 * Parses the deb822 format of sources.list(5).
 * @param text the content of a `.sources` file
 */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  const withoutComments = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):(.*(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value.trim());
    }
    const field = (name: string) => words(fields.get(name) ?? '');
    if (!field('types').includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes')) return [];
    return field('uris').map((uri) => source(uri, field('suites'), field('components'), fields.get('signed-by')));
  });
}

/**
 * Chooses the archive to install another Debian release from: the one that this machine's own release comes from.
 * @param sources all sources of the machine
 * @param codename `VERSION_CODENAME` of os-release(5)
 * @returns the first source with the release's main component
 * @throws SetupError when there is none
 */
export function chooseMirror(sources: readonly AptSource[], codename: string): AptSource {
  const release = new Set([codename, 'stable', 'oldstable', 'testing', 'sid', 'unstable']);
  const archive = sources.find(
    ({ uri, suites, components }) =>
      /^(https?|file|copy|mirror\+\w+|mirror):/.test(uri) &&
      components.includes('main') &&
      suites.some((suite) => release.has(suite)),
  );
  if (archive !== undefined) return archive;
  throw new SetupError(
    `This machine's apt names no Debian archive of ${codename} with "main", from which the images could be made: add one to /etc/apt/sources.list.`,
  );
}

/**
 * The line of sources.list(5) for a Debian release on this machine's mirror.
 * @param suite for example `trixie`
 */
export async function sourceLine(suite: string): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?(\w+)/m.exec(release)?.[1];
  if (codename === undefined || !/^ID="?debian"?$/m.test(release)) {
    throw new SetupError(
      "The images of the test cluster are made from Debian's packages, and this system is not Debian.",
    );
  }
  const { uri, keyring } = chooseMirror(await machineSources('/etc/apt'), codename);
  return `deb ${keyring === undefined ? '' : `[signed-by=${keyring}] `}${uri} ${suite} main`;
}

/** Settings of this machine's apt about reaching archives, which another apt on it needs too. */
const ABOUT_REACHING = /^Acquire::(https?::|Check-Valid-Until |Check-Date |Retries |ForceIPv[46] )/;

/**
 * This machine's apt settings for proxies, certificates and clocks.
 * @returns lines of apt.conf(5), in the form `apt-config dump` prints
 */
export async function reachingSettings(): Promise<readonly string[]> {
  return (await run('apt-config', ['dump'])).split('\n').filter((line) => ABOUT_REACHING.test(line));
}

async function machineSources(folder: string): Promise<readonly AptSource[]> {
  const parts = join(folder, 'sources.list.d');
  const names = await readdir(parts).catch(() => []);
  const paths = [join(folder, 'sources.list'), ...names.sort().map((name) => join(parts, name))];
  const sources: AptSource[] = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (path.endsWith('.list')) sources.push(...parseOneLineSources(text));
    if (path.endsWith('.sources')) sources.push(...parseDeb822Sources(text));
  }
  return sources;
}

function source(
  uri: string,
  suites: readonly string[],
  components: readonly string[],
  keyring: string | undefined,
): AptSource {
  // Signed-By may also hold a fingerprint or a whole key; only a file can be handed on.
  return { uri, suites, components, ...(keyring?.startsWith('/') === true ? { keyring } : {}) };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

// The release manifests of CloudNativePG and its Barman Cloud plugin, unchanged, and the CRDs in them. Copies are kept in the cache: a
// warm start needs neither Go nor network.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { moduleDirectory } from './binaries.ts';
import { cached } from './cache.ts';
import { SetupError } from './errors.ts';
import { hasGo, moduleGroup } from './go.ts';
import { requiredVersion } from './go-version.ts';
import type { Report } from './report.ts';

interface Source {
  readonly group: string;
  readonly module: string;
  /** The release manifest inside the module, by its version without the `v`. */
  readonly manifest: (version: string) => string;
  /** Its SHA-256 at the pinned version, wherever it comes from. */
  readonly sha256: string;
}

const CNPG: Source = {
  group: 'cnpg',
  module: 'github.com/cloudnative-pg/cloudnative-pg',
  manifest: (version) => `releases/cnpg-${version}.yaml`,
  sha256: 'f8bede43fe4ee0d478c2355b204a36876b2ae4faac60f2a9452280b293da3b88',
};
const PLUGIN: Source = {
  group: 'barman',
  module: 'github.com/cloudnative-pg/plugin-barman-cloud',
  manifest: () => 'manifest.yaml',
  sha256: '691e598b4591e83e23586d3394a8fedef429586a01d1a1b56ab8b80e9fa6ccb0',
};

/**
 * The release manifest of the pinned CloudNativePG: CRDs, RBAC, webhooks and Deployment.
 * @returns the path of a YAML file of many documents
 * @throws SetupError when it is not in the cache and neither Go nor GitHub gives it
 */
export async function cnpgReleaseManifest(report: Report): Promise<string> {
  return await manifestOf(CNPG, report);
}

/**
 * The CRDs of the pinned CloudNativePG.
 * @returns the paths of YAML files with one CRD each, sorted
 * @throws SetupError as cnpgReleaseManifest
 */
export async function cnpgCrds(report: Report): Promise<readonly string[]> {
  return await crdsOf(CNPG, report);
}

/**
 * The manifest of the pinned Barman Cloud plugin. It asks for cert-manager and names images of its development branch.
 * @returns the path of a YAML file of many documents
 * @throws SetupError as cnpgReleaseManifest
 */
export async function pluginManifest(report: Report): Promise<string> {
  return await manifestOf(PLUGIN, report);
}

/**
 * The CRDs of the pinned Barman Cloud plugin.
 * @returns the paths of YAML files with one CRD each, sorted
 * @throws SetupError as cnpgReleaseManifest
 */
export async function pluginCrds(report: Report): Promise<readonly string[]> {
  return await crdsOf(PLUGIN, report);
}

async function manifestOf(source: Source, report: Report): Promise<string> {
  return join(await copies(source, report), basename(source.manifest(versionOf(source))));
}

async function crdsOf(source: Source, report: Report): Promise<readonly string[]> {
  const directory = join(await copies(source, report), 'crds');
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}

function versionOf(source: Source): string {
  return requiredVersion(moduleGroup(source.group).goMod, source.module).slice(1);
}

async function copies(source: Source, report: Report): Promise<string> {
  const manifest = source.manifest(versionOf(source));
  const inputs = [source.module, versionOf(source), manifest, source.sha256];
  return await cached(
    { name: `${source.group}-manifests`, inputs },
    async (temporary) => {
      const text = await readManifest(source, manifest, report);
      await mkdir(join(temporary, 'crds'), { recursive: true });
      await writeFile(join(temporary, basename(manifest)), text);
      for (const [name, definition] of definitionsIn(text)) {
        await writeFile(join(temporary, 'crds', `${name}.yaml`), definition);
      }
    },
    report,
  );
}

/** From Go's module cache or proxy where there is a Go, as for everything that is built; else from the project's repository. */
async function readManifest(source: Source, manifest: string, report: Report): Promise<string> {
  const text = (await hasGo())
    ? await readFile(join(await moduleDirectory(source.group, source.module, report), manifest), 'utf8')
    : await download(`https://${source.module.replace('github.com', RAW)}/v${versionOf(source)}/${manifest}`, report);
  const found = createHash('sha256').update(text).digest('hex');
  if (found !== source.sha256) {
    throw new SetupError(`${manifest} of ${source.module} is not what was pinned: its SHA-256 is ${found}.`);
  }
  return text;
}

const RAW = 'raw.githubusercontent.com';

/** @throws SetupError when the address does not give it */
async function download(address: string, report: Report): Promise<string> {
  report(`downloading ${address}`);
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(60_000) });
    if (response.ok) return await response.text();
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `${address} cannot be downloaded (${why}). Allow it, or install Go, which brings the same file.`,
    );
  }
}

/** The CRDs of a manifest by name, each the text of its own document. */
export function definitionsIn(manifest: string): ReadonlyMap<string, string> {
  const definitions = manifest
    .split(/^---\s*$/m)
    .filter((document) => /^kind: CustomResourceDefinition$/m.test(document))
    .map((document) => [String(parse(document).metadata.name), document.trimStart()] as const);
  return new Map(definitions);
}

// The manifests and CRDs that CloudNativePG and its Barman Cloud plugin ship in their own sources, unchanged. Copies are kept in the cache: a warm start needs no Go.
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { moduleDirectory } from './binaries.ts';
import { cached } from './cache.ts';
import { moduleGroup } from './go.ts';
import { requiredVersion } from './go-version.ts';
import type { Report } from './report.ts';

interface Source {
  readonly group: string;
  readonly module: string;
  /** The release manifest inside the module, by its version without the `v`. */
  readonly manifest: (version: string) => string;
}

const CNPG: Source = {
  group: 'cnpg',
  module: 'github.com/cloudnative-pg/cloudnative-pg',
  manifest: (version) => `releases/cnpg-${version}.yaml`,
};
const PLUGIN: Source = {
  group: 'barman',
  module: 'github.com/cloudnative-pg/plugin-barman-cloud',
  manifest: () => 'manifest.yaml',
};
const CRDS = 'config/crd/bases';

/**
 * The release manifest of the pinned CloudNativePG: CRDs, RBAC, webhooks and Deployment.
 * @returns the path of a YAML file of many documents
 * @throws SetupError when it is not in the cache and Go cannot download it
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
  const inputs = [source.module, versionOf(source), manifest, CRDS];
  return await cached(
    { name: `${source.group}-manifests`, inputs },
    async (temporary) => {
      const from = await moduleDirectory(source.group, source.module, report);
      await mkdir(join(temporary, 'crds'), { recursive: true });
      await copyFile(join(from, manifest), join(temporary, basename(manifest)));
      for (const name of await readdir(join(from, CRDS))) {
        await copyFile(join(from, CRDS, name), join(temporary, 'crds', name));
      }
    },
    report,
  );
}

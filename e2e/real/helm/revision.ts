// The operator of an earlier commit, built from its sources, for an upgrade that starts there.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Cluster, loadImage } from '../../../hack/cluster/cluster.ts';
import type { Report } from '../../../hack/toolchain/report.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';

export interface Installable {
  /** Folder of the chart. */
  readonly chart: string;
  /** Reference of the image, which the node has. */
  readonly image: string;
}

/**
 * The last release: the last tag or, as long as there is none, the last commit before this one that changed the changelog.
 * @returns its commit; undefined in a checkout without a history
 */
export function lastRelease(): string | undefined {
  const git = (...args: readonly string[]): string => {
    try {
      return execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  };
  const tagged = git('rev-list', '--max-count=1', '--tags').trim();
  if (tagged !== '') return tagged;
  const noted = git('rev-list', '--max-count=1', 'HEAD~1', '--', 'CHANGELOG.md').trim();
  return noted === '' ? undefined : noted;
}

/**
 * Builds the image of a commit and makes it known to the node.
 * @throws ExecaError with the words of git, npm or the build
 */
export async function provideRevision(cluster: Cluster, commit: string, report: Report): Promise<Installable> {
  const root = join(repositoryRoot, '.tmp', 'revisions', commit);
  if (!existsSync(join(root, 'package.json'))) {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true });
    const archive = `${root}.tar`;
    await execa('git', ['archive', '--output', archive, commit], { cwd: repositoryRoot });
    await execa('tar', ['--extract', '--file', archive, '--directory', root]);
    await rm(archive);
  }
  await providePackages(root, report);
  const script = `const { buildOperatorImage } = await import('./hack/image/operator-image.ts');
    console.log(JSON.stringify(await buildOperatorImage((line) => console.error(line))));`;
  report(`building the image of ${commit.slice(0, 12)}`);
  const { stdout } = await execa(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script],
    { cwd: root },
  );
  const { reference, archive } = JSON.parse(stdout) as { readonly reference: string; readonly archive: string };
  await loadImage(cluster, archive, report);
  return { chart: join(root, 'charts', 'postgres-addon-operator'), image: reference };
}

/** The packages of this checkout, unless the commit has others. */
async function providePackages(root: string, report: Report): Promise<void> {
  if (existsSync(join(root, 'node_modules'))) return;
  const lock = (folder: string): Promise<string> => readFile(join(folder, 'package-lock.json'), 'utf8');
  if ((await lock(root)) === (await lock(repositoryRoot))) {
    await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
    return;
  }
  report('npm ci: the commit has other packages');
  await execa('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
}

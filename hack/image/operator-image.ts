// Builds the operator's container image without Docker, for the test clusters. The Containerfile builds the same content.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import packageJson from '../../package.json' with { type: 'json' };
import { cached, entryPath } from '../toolchain/cache.ts';
import { requireFreeDisk } from '../toolchain/disk.ts';
import { type ImageConfig, writeOciArchive } from '../toolchain/oci.ts';
import { architecture } from '../toolchain/platform.ts';
import { formatElapsed, type Report } from '../toolchain/report.ts';
import { bundleOperator } from './bundle.ts';
import { ENTRYPOINT, imageFiles, makeImageRoot, OPERATOR_UID } from './image-root.ts';

/** The repository of the image; the chart's default. */
export const operatorImageRepository = 'ghcr.io/paas-dev/postgres-addon-operator';

/** Images of an earlier source are removed from the cache after this time, in milliseconds. */
const keepMilliseconds = 3_600_000;

const cacheName = 'image-operator';

/** An upper estimate of what one build adds to the disk: a root, its layer, and the archive. */
const MEGABYTES = 450;

const CONFIG: ImageConfig = {
  User: `${OPERATOR_UID}:${OPERATOR_UID}`,
  Entrypoint: ENTRYPOINT,
  Env: ['PATH=/bin'],
  WorkingDir: '/app',
  ExposedPorts: { '8080/tcp': {} },
};

/**
 * Bundles the operator and packs it with Node; nothing is packed when there is an image of the same content.
 * @returns the image's name, and the absolute path of an OCI archive for `ctr images import`
 * @throws esbuild's BuildFailure; SetupError when the disk is too full or as imageFiles
 */
export async function buildOperatorImage(report: Report): Promise<{ reference: string; archive: string }> {
  const workplace = await mkdtemp(join(tmpdir(), 'postgres-addon-operator-'));
  try {
    const files = await imageFiles(await bundleOperator(workplace));
    const inputs = await inputsOf(files);
    // The tag follows the content: another build under the same name would leave pods of the old one running.
    const digest = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12);
    const reference = `${operatorImageRepository}:${packageJson.version}-dev.${digest}`;
    const key = { name: cacheName, inputs };
    if (!existsSync(entryPath(key)))
      await requireFreeDisk([{ name: 'the image of the operator', megabytes: MEGABYTES }]);
    const make = async (output: string): Promise<void> => {
      const started = performance.now();
      report('image operator: packing');
      await packOperatorImage(files, reference, output);
      report(`image operator: made in ${formatElapsed(performance.now() - started)}`);
    };
    const archive = await cached(key, make, report);
    await removeOthers(archive);
    return { reference, archive };
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/**
 * Packs the operator's image for this machine's CPU architecture. The same files give the same bytes.
 * @param files as imageFiles gives them
 * @param reference the image's full name
 * @param output the OCI archive to write; a folder `root` is made beside it
 * @returns the digest of the image
 * @throws CommandError when GNU tar fails, for example on a full disk
 */
export async function packOperatorImage(
  files: ReadonlyMap<string, string>,
  reference: string,
  output: string,
): Promise<string> {
  const root = join(dirname(output), 'root');
  await makeImageRoot(root, files);
  return await writeOciArchive({ root, reference, config: CONFIG, owners: 'root', output });
}

/** Everything the image depends on. */
async function inputsOf(files: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const contents: string[] = [];
  for (const [path, source] of files) contents.push(`${path} ${await sha256(source)}`);
  // How the folder is filled and packed is part of what comes out.
  const code = ['image-root.ts', '../toolchain/oci.ts'].map((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  );
  return [packageJson.version, JSON.stringify(CONFIG), architecture(), ...code, ...contents];
}

/** Every change of the source makes another image; without this the cache would grow by 135 MB each time. */
async function removeOthers(archive: string): Promise<void> {
  const folder = dirname(archive);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(`${cacheName}-`) || path === archive) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keepMilliseconds) await rm(path, { force: true });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

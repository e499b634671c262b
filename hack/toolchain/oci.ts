// Writes a container image without Docker: an OCI archive of one uncompressed layer. The same folder always gives the same bytes.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { architecture } from './platform.ts';
import { run } from './run.ts';

/** The part of an image's configuration that is used here (OCI image specification, config.md). */
export interface ImageConfig {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>;
}

export interface OciArchive {
  /** The folder that becomes the root file system, with owners and modes as they are on disk. */
  readonly root: string;
  /** The full name, for example `localhost/pause:1`; `ctr images import` gives the image this name. */
  readonly reference: string;
  /** Further names that the import gives the same image. */
  readonly aliases?: readonly string[];
  readonly config: ImageConfig;
  /** The tar file to write. */
  readonly output: string;
  /**
   * `kept` leaves files their modification times. Default `fixed`: two folders with the same content give the same bytes.
   */
  readonly modificationTimes?: 'fixed' | 'kept';
  /** `root` gives every file to uid 0 and gid 0, whoever owns the folder. Default `kept`. */
  readonly owners?: 'root' | 'kept';
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA_TYPE = 'application/vnd.oci.image';
/** Order and owners that do not depend on when, where and by whom the archive is made. */
const DETERMINISTIC = ['--sort=name', '--numeric-owner', '--format=gnu'];
const FIXED_TIME = '--mtime=@0';
const OWNED_BY_ROOT = ['--owner=0', '--group=0'];

/**
 * Writes an OCI image archive for this machine's CPU architecture.
 * @returns the digest of the image's manifest, as a registry names it: `sha256:` and 64 hexadecimal digits
 * @throws CommandError when GNU tar fails, for example on a full disk
 */
export async function writeOciArchive(archive: OciArchive): Promise<string> {
  const { root, reference, aliases = [], config, output } = archive;
  const layout = await mkdtemp(`${output}-`);
  try {
    await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
    const layerFile = join(layout, 'layer.tar');
    const times = archive.modificationTimes === 'kept' ? [] : [FIXED_TIME];
    const owners = archive.owners === 'root' ? OWNED_BY_ROOT : [];
    const metadata = [...DETERMINISTIC, ...times, ...owners];
    await run('tar', ['--create', ...metadata, '--file', layerFile, '--directory', root, '.']);
    const layer = await addFile(layout, `${MEDIA_TYPE}.layer.v1.tar`, layerFile);
    const configuration = await addJson(layout, `${MEDIA_TYPE}.config.v1+json`, {
      architecture: architecture(),
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const manifest = await addJson(layout, `${MEDIA_TYPE}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
      config: configuration,
      layers: [layer],
    });
    const named = [reference, ...aliases].map((name) => ({ ...manifest, annotations: annotationsOf(name) }));
    const index = { schemaVersion: 2, manifests: named };
    await writeFile(join(layout, 'index.json'), JSON.stringify(index), { mode: 0o644 });
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }), { mode: 0o644 });
    // The owner here is the current user, which must not end up in the bytes.
    const anonymous = [...OWNED_BY_ROOT, '--mode=u=rwX,go=rX', FIXED_TIME];
    const files = ['oci-layout', 'index.json', 'blobs'];
    await run('tar', ['--create', ...DETERMINISTIC, ...anonymous, '--file', output, '--directory', layout, ...files]);
    return manifest.digest;
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

/**
 * The names in an archive that writeOciArchive wrote.
 * @returns its reference, then its aliases
 */
export async function namesIn(archive: string): Promise<readonly string[]> {
  const index = await run('tar', ['--extract', '--to-stdout', '--file', archive, 'index.json']);
  return indexSchema.parse(JSON.parse(index)).manifests.map(({ annotations }) => annotations[NAME]);
}

const NAME = 'io.containerd.image.name';
const indexSchema = z.object({ manifests: z.array(z.object({ annotations: z.object({ [NAME]: z.string() }) })) });

function annotationsOf(name: string): Readonly<Record<string, string>> {
  return { [NAME]: name, 'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1) };
}

async function addJson(layout: string, mediaType: string, content: unknown): Promise<Descriptor> {
  const path = join(layout, 'document.json');
  await writeFile(path, JSON.stringify(content));
  return await addFile(layout, mediaType, path);
}

async function addFile(layout: string, mediaType: string, path: string): Promise<Descriptor> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest('hex');
  const { size } = await stat(path);
  await rename(path, join(layout, 'blobs', 'sha256', digest));
  return { mediaType, digest: `sha256:${digest}`, size };
}

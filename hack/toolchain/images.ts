// The container images of the test cluster, made without a registry and without Docker. An archive is made once per recipe and kept in the cache.
import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { binaryEntry, ensureBinaries } from './binaries.ts';
import { type CacheKey, cached, entryPath } from './cache.ts';
import { installedVersion, makeDebianRoot } from './debian-root.ts';
import { requireFreeDisk } from './disk.ts';
import { type ImageName, type ImageRecipe, imageRecipe, imageReferences } from './image-recipes.ts';
import { writeOciArchive } from './oci.ts';
import { architecture } from './platform.ts';
import { formatElapsed, type Report } from './report.ts';

export { type ImageName, imageReferences } from './image-recipes.ts';

/**
 * Finds or makes images, with the programs they hold.
 * @returns the absolute path of an OCI archive for each, to be imported with `ctr images import`
 * @throws SetupError as ensureBinaries; also when the disk is too full, when not root, or when Debian's mirror refuses
 */
export async function ensureImages(
  names: readonly ImageName[],
  report: Report,
): Promise<ReadonlyMap<ImageName, string>> {
  const missing = names.filter((name) => !existsSync(entryPath(keyOf(name))));
  if (missing.length > 0) {
    await requireFreeDisk(missing.map((name) => ({ name, megabytes: imageRecipe(name).megabytes })));
  }
  const archives = new Map<ImageName, string>();
  for (const name of names) archives.set(name, await ensureImage(name, report));
  return archives;
}

async function ensureImage(name: ImageName, report: Report): Promise<string> {
  return await cached(
    keyOf(name),
    async (temporary) => {
      const started = performance.now();
      const recipe = imageRecipe(name);
      const root = join(dirname(temporary), 'root');
      await fillRoot(name, recipe, root, report);
      report(`image ${name}: writing the archive`);
      await writeOciArchive({
        root,
        reference: imageReferences[name],
        aliases: await aliasesOf(name, root),
        config: recipe.config,
        output: temporary,
        // Python trusts a compiled file only while its source has the time it had when it was compiled.
        modificationTimes: recipe.debian === undefined ? 'fixed' : 'kept',
      });
      report(`image ${name}: made in ${formatElapsed(performance.now() - started)}`);
    },
    report,
  );
}

/** The name with the full version, which is known only after the installation. */
async function aliasesOf(name: ImageName, root: string): Promise<readonly string[]> {
  const { versionOf } = imageRecipe(name);
  if (versionOf === undefined) return [];
  const reference = imageReferences[name];
  return [reference.replace(/:\d+/, `:${await installedVersion(root, versionOf)}`)];
}

async function fillRoot(name: ImageName, recipe: ImageRecipe, root: string, report: Report): Promise<void> {
  if (recipe.debian === undefined) await makeBareRoot(root);
  else await makeDebianRoot(recipe.debian, root, `image ${name}`, report);
  if (recipe.program !== undefined) {
    const { binary, path } = recipe.program;
    const program = (await ensureBinaries([binary], report)).get(binary);
    if (program === undefined) throw new Error(`no program ${binary}`);
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(program, join(root, path));
    await chmod(join(root, path), 0o755);
  }
  if (recipe.link !== undefined) await symlink(recipe.link[1], join(root, recipe.link[0]));
}

/** A root for one static program: temporary files, user names, and the authorities that TLS trusts. */
async function makeBareRoot(root: string): Promise<void> {
  const certificates = join(root, 'etc/ssl/certs');
  await mkdir(certificates, { recursive: true });
  await writeFile(join(certificates, 'ca-certificates.crt'), `${rootCertificates.join('\n')}\n`);
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
}

function keyOf(name: ImageName): CacheKey {
  const recipe = imageRecipe(name);
  const program = recipe.program === undefined ? '' : binaryEntry(recipe.program.binary);
  // How a root is filled is part of what comes out: these files are inputs like the recipe is.
  const code = ['images.ts', 'debian-root.ts', 'oci.ts'].map((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  );
  const inputs = [imageReferences[name], JSON.stringify(recipe), program, ...code, architecture()];
  return { name: `image-${name}`, inputs };
}

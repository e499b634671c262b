// An OCI archive is a function of its folder's content, and holds what containerd looks for.
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { namesIn, writeOciArchive } from './oci.ts';
import { run } from './run.ts';

const reference = 'example.test:5000/some/image:1.2';
const config = { User: '65532', Entrypoint: ['/b'] };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oci-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Makes the same content, in the given order and with times of its own. */
async function root(name: string, files: readonly string[], time: number): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, 'etc'), { recursive: true });
  for (const file of files) {
    await writeFile(join(path, file), `content of ${file}`);
    await chmod(join(path, file), 0o640);
    await utimes(join(path, file), time, time);
  }
  await symlink('b', join(path, 'link'));
  return path;
}

async function archive(from: string, modificationTimes?: 'kept'): Promise<string> {
  const output = `${from}.tar`;
  await writeOciArchive({ root: from, reference, config, output, ...(modificationTimes ? { modificationTimes } : {}) });
  return output;
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function member(tar: string, name: string): Promise<string> {
  return await run('tar', ['--extract', '--to-stdout', '--file', tar, name]);
}

/** What the one layer of an archive holds, as `ls -l` would show it. */
async function filesOfLayer(tar: string): Promise<readonly string[]> {
  const blob = (digest: string) => `blobs/sha256/${digest.replace('sha256:', '')}`;
  const index = JSON.parse(await member(tar, 'index.json'));
  const manifest = JSON.parse(await member(tar, blob(index.manifests[0].digest)));
  await run('tar', ['--extract', '--file', tar, '--directory', folder]);
  const layer = join(folder, blob(manifest.layers[0].digest));
  return (await run('tar', ['--list', '--verbose', '--numeric-owner', '--file', layer])).trim().split('\n');
}

describe('writeOciArchive', () => {
  it('gives the same bytes for the same content, whatever the order and times of its files', async () => {
    const one = await archive(await root('one', ['b', 'a', 'etc/c'], 1_000_000));
    const two = await archive(await root('two', ['etc/c', 'a', 'b'], 2_000_000));
    expect(await sha256(one)).toBe(await sha256(two));
  });

  it('keeps times when asked to', async () => {
    const one = await archive(await root('one', ['b'], 1_000_000), 'kept');
    const two = await archive(await root('two', ['b'], 2_000_000), 'kept');
    expect(await sha256(one)).not.toBe(await sha256(two));
  });

  it('gives every file to root when asked to, whoever owns it', async () => {
    const from = await root('one', ['b'], 1);
    // Only root can give a file away; for anybody else it has an owner of its own anyway.
    if (process.getuid?.() === 0) await chown(join(from, 'b'), 1234, 1234);
    const output = `${from}.tar`;
    await writeOciArchive({ root: from, reference, config, owners: 'root', output });
    const owners = (await filesOfLayer(output)).map((line) => line.split(/\s+/)[1]);
    expect(owners.length).toBeGreaterThan(3);
    expect(new Set(owners)).toEqual(new Set(['0/0']));
  });

  it('contains further names of the same image, and returns them', async () => {
    const from = await root('one', ['b'], 1);
    const [output, aliases] = [`${from}.tar`, ['example.test:5000/some/image:1.2.3']];
    await writeOciArchive({ root: from, reference, aliases, config, output });
    expect(await namesIn(output)).toEqual([reference, ...aliases]);
    const { manifests } = JSON.parse(await member(output, 'index.json'));
    expect(new Set(manifests.map((manifest: { digest: string }) => manifest.digest)).size).toBe(1);
  });

  it('describes one layer by digest and size, and carries the name', async () => {
    const tar = join(folder, 'one.tar');
    const returned = await writeOciArchive({ root: await root('one', ['b'], 1), reference, config, output: tar });
    const index = JSON.parse(await member(tar, 'index.json'));
    expect(index.manifests[0].annotations).toEqual({
      'io.containerd.image.name': reference,
      'org.opencontainers.image.ref.name': '1.2',
    });
    const blob = (digest: string) => member(tar, `blobs/sha256/${digest.replace('sha256:', '')}`);
    const manifestText = await blob(index.manifests[0].digest);
    expect(manifestText).toHaveLength(index.manifests[0].size);
    const manifest = JSON.parse(manifestText);
    const layer = await blob(manifest.layers[0].digest);
    expect(`sha256:${createHash('sha256').update(layer).digest('hex')}`).toBe(manifest.layers[0].digest);
    const image = JSON.parse(await blob(manifest.config.digest));
    expect(image.config).toEqual(config);
    expect(returned).toBe(index.manifests[0].digest);
    expect(image.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
    expect(layer).toContain('content of b');
  });
});

// Tests the image as it is shipped, extracted from its archive. Needs root for chroot and for files of other owners.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import packageJson from '../../package.json' with { type: 'json' };
import { sharedLibraries } from './image-root.ts';
import { buildOperatorImage, operatorImageRepository } from './operator-image.ts';

let folder = '';
let root = '';
let archive = '';
let index: { readonly manifests: readonly Descriptor[] };
let configuration: { readonly config: Readonly<Record<string, unknown>> };

interface Descriptor {
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
}

beforeAll(async () => {
  if (userInfo().uid !== 0) throw new Error('This suite enters the image with chroot: run it as root.');
  ({ archive } = await buildOperatorImage(() => undefined));
  folder = await mkdtemp(join(tmpdir(), 'operator-image-'));
  root = join(folder, 'root');
  await mkdir(root);
  await execa('tar', ['--extract', '--file', archive, '--directory', folder]);
  index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  const manifest = JSON.parse(await blob(index.manifests[0]?.digest));
  configuration = JSON.parse(await blob(manifest.config.digest));
  const layer = join(folder, 'blobs', 'sha256', manifest.layers[0].digest.slice('sha256:'.length));
  await execa('tar', ['--extract', '--preserve-permissions', '--numeric-owner', '--file', layer, '--directory', root]);
});

afterAll(async () => {
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

async function blob(digest: string | undefined): Promise<string> {
  return await readFile(join(folder, 'blobs', 'sha256', (digest ?? '').slice('sha256:'.length)), 'utf8');
}

/** Runs a program of the image as the image's user. */
async function inside(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return await execa('chroot', ['--userspec=10001:10001', '--groups=10001', root, ...command], {
    env: { PATH: process.env.PATH, ...env },
    extendEnv: false,
    reject: false,
  });
}

describe('the archive', () => {
  it('names the image as the chart does', async () => {
    const chart = await readFile(join(import.meta.dirname, '../../charts/postgres-addon-operator/Chart.yaml'), 'utf8');
    const name = index.manifests[0]?.annotations['io.containerd.image.name'];
    expect(chart).toContain(`image: ${operatorImageRepository}:${packageJson.version}\n`);
    expect(name).toMatch(/-dev[.][0-9a-f]{12}$/);
    expect(name?.replace(/-dev[.].*/, '')).toBe(`${operatorImageRepository}:${packageJson.version}`);
  });

  it('starts the bundle as an ordinary user', () => {
    expect(configuration.config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['/bin/node', '/app/main.mjs'],
      ExposedPorts: { '8080/tcp': {} },
    });
  });

  it('is not made again while nothing changed', async () => {
    const lines: string[] = [];
    expect((await buildOperatorImage((line) => lines.push(line))).archive).toBe(archive);
    expect(lines).toEqual([]);
  });
});

describe('the image', () => {
  it('holds Node, its libraries, the bundle and five small files', async () => {
    const { stdout } = await execa('find', [root, '-type', 'f', '-printf', '%P\n']);
    const { stdout: listing } = await execa('ldd', [join(root, 'bin/node')]);
    expect(stdout.split('\n').sort()).toEqual(
      [
        'app/main.mjs',
        'bin/node',
        'etc/group',
        'etc/nsswitch.conf',
        'etc/passwd',
        'etc/ssl/certs/ca-certificates.crt',
        ...sharedLibraries(listing).map((path) => path.slice(1)),
      ].sort(),
    );
  });

  it('gives its user nothing to write to but /tmp', async () => {
    const { stdout } = await execa('find', [
      root,
      '(',
      '-not',
      '-user',
      '0',
      '-o',
      '-perm',
      '/022',
      ')',
      '-printf',
      '%P %m\n',
    ]);
    expect(stdout).toBe('tmp 1777');
  });

  it('runs Node as uid 10001', async () => {
    const { stdout, stderr } = await inside([
      '/bin/node',
      '-e',
      'console.log(process.getuid(), os.userInfo().username)',
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: '10001 operator', stderr: '' });
  });

  it('runs the operator, which says what is wrong with its configuration', async () => {
    const { exitCode, stderr } = await inside(['/bin/node', '/app/main.mjs'], { WORKERS: 'many' });
    expect(stderr).toContain('WORKERS');
    expect(exitCode).toBe(2);
  });

  it('has no shell', async () => {
    const { exitCode, stderr } = await inside(['/bin/sh', '-c', 'true']);
    expect(stderr).toContain('No such file or directory');
    expect(exitCode).toBe(127);
    const { stdout } = await inside(['/bin/node', '-p', "child_process.spawnSync('sh', ['-c', 'true']).error.code"]);
    expect(stdout).toBe('ENOENT');
  });
});

describe('sharedLibraries', () => {
  it('reads paths and the loader, and leaves out what the kernel provides', () => {
    const listing = [
      '\tlinux-vdso.so.1 (0x00007f20df1a6000)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f20df0b0000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f20df1a8000)',
    ].join('\n');
    expect(sharedLibraries(listing)).toEqual(['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  });

  it('names a library that is missing', () => {
    expect(() => sharedLibraries('\tlibstdc++.so.6 => not found\n')).toThrow('libstdc++.so.6');
  });
});

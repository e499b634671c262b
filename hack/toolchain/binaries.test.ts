// Where programs come from if nothing has to be built, and the message if something cannot be.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { binaryEntry, ensureBinaries } from './binaries.ts';
import { requireFreeDisk } from './disk.ts';
import { SetupError } from './errors.ts';
import { missingFrom } from './packages.ts';

const VARIABLES = ['POSTGRES_ADDON_CACHE', 'KUBEBUILDER_ASSETS', 'PATH'] as const;
let folder: string;
let before: readonly (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binaries-test-'));
  before = VARIABLES.map((name) => process.env[name]);
  process.env.POSTGRES_ADDON_CACHE = join(folder, 'cache');
});

afterEach(async () => {
  for (const [index, name] of VARIABLES.entries()) {
    const value = before[index];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true, force: true });
});

describe('ensureBinaries', () => {
  it('takes what KUBEBUILDER_ASSETS has', async () => {
    process.env.KUBEBUILDER_ASSETS = folder;
    await writeFile(join(folder, 'etcd'), '');
    await chmod(join(folder, 'etcd'), 0o755);
    const lines: string[] = [];
    const found = await ensureBinaries(['etcd'], (line) => lines.push(line));
    expect(found.get('etcd')).toBe(join(folder, 'etcd'));
    expect(lines).toEqual(['etcd: taken from KUBEBUILDER_ASSETS']);
  });

  it('names both ways out when Go is not there', async () => {
    delete process.env.KUBEBUILDER_ASSETS;
    // Everything but Go: the folder has setpriv alone.
    const setpriv = `#!/bin/sh\nexec /usr/bin/setpriv "$@"\n`;
    await writeFile(join(folder, 'setpriv'), setpriv, { mode: 0o755 });
    process.env.PATH = folder;
    const failure = ensureBinaries(['etcd'], () => {});
    await expect(failure).rejects.toBeInstanceOf(SetupError);
    await expect(failure).rejects.toThrow(/install Go 1\.26 or newer .* Docker/);
  });

  it('names every program by what it is built from', () => {
    expect(binaryEntry('kubelet')).toMatch(/^kubelet-[0-9a-f]{16}$/);
    expect(binaryEntry('kubelet')).toBe(binaryEntry('kubelet'));
  });
});

describe('requireFreeDisk', () => {
  it('says what is needed, what is free and what could be removed', async () => {
    const go = { buildCache: join(folder, 'go-build'), moduleCache: join(folder, 'mod') };
    await requireFreeDisk([{ name: 'etcd', megabytes: 1 }], go);
    const failure = requireFreeDisk([{ name: 'etcd', megabytes: 1e12 }], go);
    await expect(failure).rejects.toBeInstanceOf(SetupError);
    await expect(failure).rejects.toThrow(/Making etcd takes up to .* GB, .* left.*go clean -cache/);
  });
});

describe('missingFrom', () => {
  it('counts a package that is known but not installed as missing', () => {
    const listed = 'installed iproute2\nconfig-files runc\ninstalled libc6\n';
    expect(missingFrom(listed, ['iproute2', 'runc', 'debootstrap'])).toEqual(['runc', 'debootstrap']);
  });
});

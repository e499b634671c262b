import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';

const main = join(dirname(fileURLToPath(import.meta.url)), 'main.ts');
let cache = '';
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'cluster-cli-'));
});
afterAll(async () => {
  await rm(cache, { recursive: true });
});

const cluster = async (...args: readonly string[]) => {
  const env = { POSTGRES_ADDON_CACHE: cache, NODE_OPTIONS: '' };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], { reject: false, env });
  return { exitCode, stdout, stderr };
};

describe('the command line', () => {
  it('reports by exit code and message that there is no cluster', async () => {
    expect(await cluster('status', '--name', 'none')).toEqual({
      exitCode: 3,
      stdout: 'There is no cluster none.',
      stderr: '',
    });
    const json = await cluster('status', '--name', 'none', '-o', 'json');
    expect(JSON.parse(json.stdout)).toEqual({ name: 'none', state: 'absent', components: [] });
    expect(json.exitCode).toBe(3);
  });

  it.each([['env'], ['exec', '--', 'kubectl', 'get', '--help']])(
    '%s says how to make the cluster that is not there',
    async (...args) => {
      const [command = '', ...rest] = args;
      expect(await cluster(command, '--name', 'none', ...rest)).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: 'There is no cluster none. Run: npm run cluster -- up --name none',
      });
    },
  );

  it('answers a name that is none with a sentence, not with a stack', async () => {
    const { exitCode, stderr } = await cluster('up', '--name', 'No Such');
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/cannot name a cluster/);
  });

  it.each([
    [['up', '--profile', 'cloud'], /Allowed choices are control-plane, node/],
    [['up', '--driver', 'podman'], /Allowed choices are auto, kind, host/],
    [['status', '--output', 'yaml'], /Allowed choices are text, json/],
    [['frobnicate'], /unknown command/],
    [['up', '--bogus'], /Unknown option '--bogus'.*Usage: npm run cluster -- up/s],
    [['down', 'demo'], /Unexpected argument 'demo'.*Usage: npm run cluster -- down/s],
    [['--bogus'], /Unknown option '--bogus'.*Usage: npm run cluster/s],
    [['exec'], /the command to run is missing/],
    [[], /a command is missing.*Usage: npm run cluster/s],
  ])('%j is refused with what is allowed', async (args, words) => {
    const { exitCode, stdout, stderr } = await cluster(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
  });

  it('explains itself', async () => {
    const { exitCode, stdout } = await cluster('--help');
    expect(exitCode).toBe(0);
    for (const word of ['up', 'down', 'status', 'env', 'exec', 'Exit codes']) expect(stdout).toContain(word);
    const up = await cluster('up', '--help');
    expect(up.exitCode).toBe(0);
    for (const option of ['--name', '--driver', '--profile']) expect(up.stdout).toContain(option);
    expect(await cluster('help', 'up')).toEqual(up);
  });
});

// The life cycle of a cluster on this machine: created, used, interrupted, damaged, removed. With the control-plane profile, which needs seconds and no root.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { type Cluster, down, issueKubeconfig, status, up } from '../../hack/cluster/cluster.ts';
import { findProcesses, names } from '../../hack/cluster/host/processes.ts';
import { identify } from '../../hack/cluster/names.ts';
import { readState } from '../../hack/cluster/state.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';

const name = `lifecycle-${process.pid}`;
const identity = identify(name);
const profile = 'control-plane';
/** Including the first build of the programs. */
const patience = 20 * 60_000;

const lines: string[] = [];
const make = () => up({ name, profile, driver: 'host', report: (line) => lines.push(line) });
const kubectl = async (cluster: Cluster, kubeconfig: string, ...args: readonly string[]) =>
  (await execa(join(cluster.bin, 'kubectl'), ['--kubeconfig', kubeconfig, ...args])).stdout;
const pidOf = async (component: string) => (await status(name)).components.find((one) => one.name === component)?.pid;

/** Everything of this cluster that the machine knows of. */
const remains = async () => ({
  processes: (await findProcesses((argv) => names(argv, identity.stateDirectory))).map(({ argv }) => argv[0]),
  mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(identity.realName)),
  files: existsSync(identity.stateDirectory),
});
const nothing = { processes: [], mounts: [], files: false };

async function killed(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error('it does not run');
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}`)) await pause(10);
}

beforeAll(() => make().then(() => down(name, () => undefined)), patience);
afterAll(() => down(name, () => undefined), patience);

describe('a cluster', () => {
  it(
    'comes up, serves administrators and others, counts their requests, and goes without a trace',
    async () => {
      const cluster = await make();
      expect(await status(name)).toMatchObject({ name, state: 'running', cluster: { profile, nsenter: [] } });
      const crds = await kubectl(cluster, cluster.kubeconfig, 'get', 'crd', '-o', 'name');
      expect(crds).toContain('clusters.postgresql.cnpg.io');
      expect(crds).toContain('objectstores.barmancloud.cnpg.io');

      const someone = await issueKubeconfig(cluster, { user: 'some:one', groups: ['readers'] });
      expect(await kubectl(cluster, someone, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo}')).toMatch(
        /"groups":\["readers","system:authenticated"\].*"username":"some:one"/,
      );
      await expect(kubectl(cluster, someone, 'get', 'secrets')).rejects.toThrow(/forbidden/);
      const events = (await readFile(cluster.auditLog, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(events.filter((event) => event.user.username === 'some:one' && event.verb === 'list')).toMatchObject([
        { stage: 'ResponseComplete', objectRef: { resource: 'secrets' }, responseStatus: { code: 403 } },
      ]);

      expect(await down(name, () => undefined)).toBe(true);
      expect(await remains()).toEqual(nothing);
      expect(await status(name)).toEqual({ name, state: 'absent', components: [] });
      expect(await down(name, () => undefined)).toBe(false);
    },
    patience,
  );

  it(
    'is left as it is by a second up, with its data',
    async () => {
      const cluster = await make();
      await kubectl(cluster, cluster.kubeconfig, 'create', 'namespace', 'kept');
      const before = await status(name);
      await make();
      expect(await status(name)).toEqual(before);
      expect(await kubectl(cluster, cluster.kubeconfig, 'get', 'namespace', 'kept', '-o', 'name')).toBe(
        'namespace/kept',
      );
    },
    patience,
  );

  it(
    'that lost a component is completed, with its data',
    async () => {
      const etcd = await pidOf('etcd');
      await killed(await pidOf('kube-controller-manager'));
      await killed(etcd);
      expect((await status(name)).state).toBe('partial');
      const cluster = await make();
      expect((await status(name)).state).toBe('running');
      expect(await pidOf('etcd')).not.toBe(etcd);
      expect(await kubectl(cluster, cluster.kubeconfig, 'get', 'namespace', 'kept', '-o', 'name')).toBe(
        'namespace/kept',
      );
    },
    patience,
  );

  it(
    'says which of its ports another program has taken',
    async () => {
      const port = (await readState(identity))?.ports?.apiServer;
      await killed(await pidOf('kube-apiserver'));
      // The controllers go on looking for their API server here. A connection that nobody reads would keep the port for ever.
      const squatter = createServer((connection) => connection.destroy()).listen(port, '127.0.0.1');
      await once(squatter, 'listening');
      await expect(make()).rejects.toThrow(
        `Port ${port} on 127.0.0.1, where clients of the cluster ${name} look for kube-apiserver, is taken`,
      );
      squatter.close();
      await once(squatter, 'close');
      await make();
      expect((await status(name)).state).toBe('running');
    },
    patience,
  );

  it(
    'that is dead is replaced, and said to be',
    async () => {
      for (const { pid } of (await status(name)).components) await killed(pid);
      lines.length = 0;
      const cluster = await make();
      expect(lines).toContain(`Removed what a dead or unfinished cluster ${name} had left behind.`);
      await expect(kubectl(cluster, cluster.kubeconfig, 'get', 'namespace', 'kept')).rejects.toThrow(/not found/);
      await down(name, () => undefined);
    },
    patience,
  );

  it.each([
    ['its state is chosen', 'state.json'],
    ['it has certificates', 'kubeconfig'],
    ['etcd runs', 'log/etcd.log'],
    ['the API server runs', 'log/audit.jsonl'],
    ['the controllers start', 'log/kube-controller-manager.log'],
  ])(
    'whose up is killed when %s is made by the next one',
    async (_, file) => {
      const main = join(repositoryRoot, 'hack', 'cluster', 'main.ts');
      const args = [main, 'up', '--name', name, '--profile', profile, '--driver', 'host'];
      const interrupted = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } });
      const ended = once(interrupted, 'exit');
      while (!existsSync(join(identity.stateDirectory, file))) await pause(5);
      interrupted.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);

      const cluster = await make();
      expect((await status(name)).state).toBe('running');
      await kubectl(cluster, cluster.kubeconfig, 'create', 'configmap', 'works');
      await down(name, () => undefined);
      expect(await remains()).toEqual(nothing);
    },
    patience,
  );

  it(
    'removed right after up was killed leaves nothing either',
    async () => {
      const main = join(repositoryRoot, 'hack', 'cluster', 'main.ts');
      const args = [main, 'up', '--name', name, '--profile', profile, '--driver', 'host'];
      const interrupted = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } });
      const ended = once(interrupted, 'exit');
      while (!existsSync(join(identity.stateDirectory, 'log/audit.jsonl'))) await pause(5);
      interrupted.kill('SIGKILL');
      await ended;
      expect(await down(name, () => undefined)).toBe(true);
      expect(await remains()).toEqual(nothing);
    },
    patience,
  );

  it(
    'asked for twice at once is one cluster',
    async () => {
      const [one, other] = await Promise.all([make(), make()]);
      expect(other).toEqual(one);
      const processes = await findProcesses((argv) => names(argv, identity.stateDirectory));
      expect(processes).toHaveLength(3);
    },
    patience,
  );

  it(
    'has a neighbour with other ports and other objects',
    async () => {
      const neighbour = `${name}-b`;
      try {
        const mine = await make();
        const theirs = await up({ name: neighbour, profile, driver: 'host', report: () => undefined });
        await kubectl(theirs, theirs.kubeconfig, 'create', 'namespace', 'theirs');
        await expect(kubectl(mine, mine.kubeconfig, 'get', 'namespace', 'theirs')).rejects.toThrow(/not found/);
        await down(neighbour, () => undefined);
        expect((await status(name)).state).toBe('running');
      } finally {
        await down(neighbour, () => undefined);
      }
    },
    patience,
  );
});

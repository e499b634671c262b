// The programs are fakes on PATH that record how they were called: this is how far the kind driver is tested where there is no Docker.

import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import type { UpRequest } from '../driver.ts';
import { findProcesses, kill, names } from '../host/processes.ts';
import { identify } from '../names.ts';
import { lineProgress } from '../progress.ts';
import { readState } from '../state.ts';
import { kindDriver, type Sources } from './driver.ts';

const { PATH: originalPath, POSTGRES_ADDON_CACHE: originalCache } = process.env;
const lines: string[] = [];
const progress = lineProgress((line) => lines.push(line));
let scratch = '';

/**
 * Each call is appended to `calls`; clusters are folders below `clusters`.
 * A file `fail-<program>` makes the program fail with its content.
 */
const fake = (name: string, body: string) => `#!/bin/sh
here=${scratch}
echo "${name} $*" >> $here/calls
if [ -f $here/fail-${name} ]; then cat $here/fail-${name} >&2; exit 1; fi
${body}
`;

const kind = `
case "$1 $2" in
  "get clusters") ls $here/clusters;;
  "get nodes") if [ -d $here/clusters/$4 ]; then echo $4-control-plane; fi;;
  "create cluster") mkdir $here/clusters/$4; cat > $here/kind-config; cp $here/kubeconfig $6;;
  "delete cluster") rm -r $here/clusters/$4;;
esac`;
const docker = `
case "$*" in
  *ca.key) echo KEY;;
  *ca.crt) echo CERTIFICATE;;
  inspect*) echo 172.18.0.2;;
esac`;
const kubectl = `
case "$*" in *"--filename -"*) cat >> $here/applied; echo >> $here/applied;; esac
case "$*" in *"get --raw /readyz"*) [ ! -f $here/unready ] || exit 1;; esac`;

const kubeconfig = stringify({
  clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:9', 'certificate-authority-data': '' } }],
  users: [{ name: 'x', user: { 'client-certificate-data': '', 'client-key-data': '' } }],
});

const deployment = (name: string) =>
  stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'cnpg-system' },
    spec: { template: { spec: { containers: [{ name, image: 'x' }] } } },
  });

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'kind-'));
  await mkdir(join(scratch, 'clusters'));
  await mkdir(join(scratch, 'programs'));
  for (const [name, body] of Object.entries({ kind, docker, kubectl })) {
    const path = join(scratch, 'programs', name);
    await writeFile(path, fake(name, body));
    await chmod(path, 0o755);
  }
  await writeFile(join(scratch, 'kubeconfig'), kubeconfig);
  await writeFile(join(scratch, 'cnpg.yaml'), deployment('cnpg-controller-manager'));
  await writeFile(join(scratch, 'plugin.yaml'), deployment('barman-cloud'));
  process.env.PATH = `${join(scratch, 'programs')}:${originalPath}`;
  process.env.POSTGRES_ADDON_CACHE = join(scratch, 'cache');
  lines.length = 0;
});

afterEach(async () => {
  await kill(await findProcesses((argv) => names(argv, scratch)));
  await rm(scratch, { recursive: true });
});

afterAll(() => {
  process.env.PATH = originalPath;
  if (originalCache === undefined) delete process.env.POSTGRES_ADDON_CACHE;
  else process.env.POSTGRES_ADDON_CACHE = originalCache;
});

const sources = (): Sources => ({
  crds: async () => ['/crds/a.yaml', '/crds/b.yaml'],
  cnpgManifest: async () => join(scratch, 'cnpg.yaml'),
  pluginManifest: async () => join(scratch, 'plugin.yaml'),
  bin: async () => '/pinned',
});
const request = (profile: UpRequest['profile']): UpRequest => ({
  identity: identify('demo', '/some/checkout'),
  profile,
  crds: ['/crds/own.yaml'],
});
const calls = async () => (await readFile(join(scratch, 'calls'), 'utf8')).trimEnd().split('\n');
const expanders = () => findProcesses((argv) => argv.some((argument) => argument.includes(scratch)));

describe('the kind driver', () => {
  it('makes a control plane: a cluster and the definitions, nothing more', async () => {
    const { identity } = request('control-plane');
    const cluster = await kindDriver(sources()).up(request('control-plane'), progress);
    const { kubeconfig } = cluster;
    expect(await calls()).toEqual([
      'kind get clusters',
      'docker version',
      'kind get clusters',
      `kind create cluster --name ${identity.realName} --kubeconfig ${kubeconfig} --config - --wait 180s`,
      `docker exec ${identity.realName}-control-plane cat /etc/kubernetes/pki/ca.key`,
      `docker exec ${identity.realName}-control-plane cat /etc/kubernetes/pki/ca.crt`,
      `kubectl --kubeconfig ${kubeconfig} apply --server-side --force-conflicts --filename /crds/a.yaml --filename /crds/b.yaml --filename /crds/own.yaml`,
      `kubectl --kubeconfig ${kubeconfig} wait --for=condition=Established customresourcedefinitions --all --timeout=60s`,
    ]);
    expect(cluster).toMatchObject({ driver: 'kind', profile: 'control-plane', bin: '/pinned', nsenter: [] });
    expect(await readFile(join(identity.stateDirectory, 'pki', 'ca.key'), 'utf8')).toBe('KEY\n');
    expect((await readState(identity))?.completedAt).toBeDefined();
    expect(await readFile(join(scratch, 'kind-config'), 'utf8')).toContain('audit-log-path');
  });

  it('makes a node: CloudNativePG, the plugin, S3 and storage, each waited for', async () => {
    const cluster = await kindDriver(sources()).up(request('node'), progress);
    const waits = (await calls())
      .filter((call) => /rollout|dry-run/.test(call))
      .map((call) => call.split(' ').slice(3).join(' '));
    expect(waits).toEqual([
      'rollout status deployment/cnpg-controller-manager --namespace cnpg-system --timeout=300s',
      'create --dry-run=server --filename -',
      'rollout status deployment/barman-cloud --namespace cnpg-system --timeout=300s',
      'rollout status deployment/object-store --namespace object-store --timeout=300s',
    ]);
    const applied = await readFile(join(scratch, 'applied'), 'utf8');
    for (const name of ['cnpg-controller-manager', 'barman-cloud-server-tls', 'versitygw', 'fixed']) {
      expect(applied).toContain(name);
    }
    expect(cluster).toMatchObject({
      nodeIp: '172.18.0.2',
      objectStore: { endpoint: 'http://object-store.object-store.svc:7070' },
    });
    expect(cluster.nsenter.slice(0, 2)).toEqual(['docker', 'exec']);
    expect(await expanders()).toHaveLength(1);
  });

  it('keeps a cluster that responds, and recreates one that does not', async () => {
    const driver = kindDriver(sources());
    await driver.up(request('control-plane'), progress);
    await rm(join(scratch, 'calls'));
    await driver.up(request('control-plane'), progress);
    expect((await calls()).some((call) => call.startsWith('kind create'))).toBe(false);

    await writeFile(join(scratch, 'unready'), '');
    await rm(join(scratch, 'calls'));
    await driver.up(request('control-plane'), progress);
    expect(
      (await calls()).filter((call) => /^kind (create|delete)/.test(call)).map((call) => call.split(' ')[1]),
    ).toEqual(['delete', 'create']);
    expect(lines).toContain('kind cluster: it does not answer: making it again');
  });

  it('loads images and reports the status', async () => {
    const driver = kindDriver(sources());
    const { identity } = request('control-plane');
    const cluster = await driver.up(request('control-plane'), progress);
    await driver.loadImage(cluster, '/images/operator.tar', () => undefined);
    expect((await calls()).at(-1)).toMatch(/^kind load image-archive \/images\/operator.tar --name demo-[0-9a-f]{8}$/);

    const state = await readState(identity);
    if (state === undefined) throw new Error('no state');
    expect(await driver.status(identity, state)).toMatchObject({
      state: 'running',
      components: [{ name: `${identity.realName}-control-plane` }],
    });
    await rm(join(scratch, 'clusters', identity.realName), { recursive: true });
    expect(await driver.status(identity, state)).toEqual({ name: 'demo', state: 'partial', components: [] });
  });

  it('removes all of it, twice', async () => {
    const driver = kindDriver(sources());
    const { identity } = request('node');
    await driver.up(request('node'), progress);
    expect(await driver.down(identity, progress)).toBe(true);
    expect(await readdir(join(scratch, 'clusters'))).toEqual([]);
    expect(existsSync(identity.stateDirectory)).toBe(false);
    expect(await expanders()).toEqual([]);
    expect(await driver.down(identity, progress)).toBe(false);
  });

  it('refuses another profile under the same name', async () => {
    const driver = kindDriver(sources());
    await driver.up(request('control-plane'), progress);
    await expect(driver.up(request('node'), progress)).rejects.toThrow(
      /runs with the profile control-plane. Take it down/,
    );
  });

  it('reports the failure of a program with its own message', async () => {
    await writeFile(join(scratch, 'fail-kind'), 'ERROR: failed to create cluster: port 6443 is taken\n');
    await expect(kindDriver(sources()).up(request('node'), progress)).rejects.toThrow(
      'kind get clusters failed: ERROR: failed to create cluster: port 6443 is taken',
    );
  });

  it('remembers nothing when Docker does not answer', async () => {
    await writeFile(join(scratch, 'fail-docker'), 'Cannot connect to the Docker daemon\n');
    await expect(kindDriver(sources()).up(request('node'), progress)).rejects.toThrow(
      'docker version failed: Cannot connect to the Docker daemon',
    );
    expect(existsSync(request('node').identity.stateDirectory)).toBe(false);
  });

  it('names a program that is not there', async () => {
    process.env.PATH = join(scratch, 'nothing');
    await expect(kindDriver(sources()).up(request('node'), progress)).rejects.toThrow(
      'The kind driver needs the program kind, which is not on PATH. Install it, or use --driver host.',
    );
    expect(existsSync(request('node').identity.stateDirectory)).toBe(false);
  });
});

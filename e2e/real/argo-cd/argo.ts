// A real Argo CD: its application controller and its repo server, as processes of this machine that use the cluster's API server, and a git
// repository in a folder. It has neither a web interface nor users of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { only, render } from '../../../charts/helm.ts';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { ensureBinaries, moduleDirectory } from '../../../hack/toolchain/binaries.ts';
import { minutes, type Real } from '../real.ts';

const home = 'argocd';
const report = (line: string): void => console.error(line);

/** What an Application says of itself. */
export interface ApplicationStatus {
  readonly health?: { readonly status?: string };
  readonly sync?: { readonly status?: string; readonly revision?: string };
  readonly operationState?: {
    readonly phase?: string;
    readonly message?: string;
    readonly syncResult?: { readonly revision?: string };
  };
  readonly resources?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly status?: string;
    readonly health?: { readonly status?: string; readonly message?: string };
  }[];
}

export class ArgoCD {
  readonly #real: Real;
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  /** Of the git repository. */
  readonly #repository: string;

  private constructor(real: Real, folder: string) {
    this.#real = real;
    this.#folder = folder;
    this.#repository = join(folder, 'repository');
  }

  /** Starts it, with the chart's patch for `argocd-cm`. */
  static async start(real: Real): Promise<ArgoCD> {
    const argo = new ArgoCD(real, await mkdtemp(join(tmpdir(), 'argo-cd-')));
    await argo.#install();
    await argo.#startProcesses();
    await mkdir(argo.#repository, { recursive: true });
    await argo.#git('init', '--quiet', '--initial-branch=main');
    await argo.commit('An empty repository', { 'README.md': 'Applications for the tests.\n' });
    return argo;
  }

  /** Deletes every Application, with its resources, and ends the processes. */
  async stop(): Promise<void> {
    await this.#real.kubectl(['delete', 'application', '--all', '--namespace', home, '--timeout=4m']);
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Commits files, by their paths; undefined removes one. @returns the revision */
  async commit(message: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#repository, path);
      if (text === undefined) {
        await rm(file);
        continue;
      }
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--message', message);
    return await this.revision();
  }

  /** Undoes the last commit by another one. @returns the revision */
  async revert(): Promise<string> {
    await this.#git('revert', '--no-edit', 'HEAD');
    return await this.revision();
  }

  async revision(): Promise<string> {
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }

  /** Makes an Application of a folder of the repository. It prunes and heals by itself, and its deletion waits for its resources. */
  async createApplication(name: string, path: string, namespace: string): Promise<void> {
    await this.#apply({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name, namespace: home, finalizers: ['resources-finalizer.argocd.argoproj.io/foreground'] },
      spec: {
        project: 'default',
        source: { repoURL: `file://${this.#repository}`, targetRevision: 'main', path },
        destination: { server: 'https://kubernetes.default.svc', namespace },
        syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['PrunePropagationPolicy=foreground'] },
      },
    });
  }

  async application(name: string): Promise<ApplicationStatus> {
    const args = ['get', 'application', name, '--namespace', home, '--output', 'json'];
    return (JSON.parse(await this.#real.kubectl(args)) as { readonly status?: ApplicationStatus }).status ?? {};
  }

  /** Has Argo CD look at git and the cluster now. */
  async refresh(name: string): Promise<void> {
    const args = [
      'annotate',
      'application',
      name,
      '--namespace',
      home,
      'argocd.argoproj.io/refresh=normal',
      '--overwrite',
    ];
    await this.#real.kubectl(args);
  }

  /**
   * Waits, as `argocd app wait --operation --health` does, until a sync of the revision is done and everything is healthy. A commit that adds
   * a hook alone is not synced by itself.
   */
  async healthy(name: string, revision: string, timeoutMilliseconds = minutes(6)): Promise<ApplicationStatus> {
    await this.refresh(name);
    return await eventually(
      `Application ${name} to be synced and healthy`,
      async () => {
        const status = await this.application(name);
        const { phase, syncResult } = status.operationState ?? {};
        const isOver = phase === 'Succeeded' && syncResult?.revision === revision && status.sync?.status === 'Synced';
        if (!isOver || status.health?.status !== 'Healthy') throw new Error(JSON.stringify(status, null, 1));
        return status;
      },
      { timeoutMilliseconds },
    );
  }

  /** Syncs as `argocd app sync --force --replace` does: objects are deleted and created again. */
  async replace(name: string, revision: string): Promise<void> {
    const sync = { revision, syncStrategy: { apply: { force: true } }, syncOptions: ['Replace=true'] };
    const patch = JSON.stringify({ operation: { initiatedBy: { username: 'tests' }, sync } });
    await this.#real.kubectl(['patch', 'application', name, '--namespace', home, '--type=merge', '--patch', patch]);
    await eventually(`the operation of Application ${name} to begin`, async () => {
      const args = ['get', 'application', name, '--namespace', home, '--output', 'jsonpath={.operation}'];
      if ((await this.#real.kubectl(args)) !== '') throw new Error('it has not begun');
    });
  }

  /** Deletes an Application and leaves its resources, as `argocd app delete --cascade=false` does. */
  async forget(name: string): Promise<void> {
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await this.#real.kubectl(['patch', 'application', name, '--namespace', home, '--type=merge', '--patch', patch]);
    await this.deleteApplication(name);
  }

  /** Deletes an Application, with its resources, as `argocd app delete` does. */
  async deleteApplication(name: string): Promise<void> {
    await this.#real.kubectl(['delete', 'application', name, '--namespace', home, '--timeout=4m']);
  }

  async #install(): Promise<void> {
    const text = await readFile(join(await sources(), 'manifests', 'core-install.yaml'), 'utf8');
    const all = parseAllDocuments(text).map((document) => document.toJS() as LiveObject);
    const { data } = only(await render({ argoCD: { enabled: true } }), 'ConfigMap');
    await this.#apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } });
    for (const manifest of all) {
      const { kind, metadata } = manifest;
      if (!['CustomResourceDefinition', 'ConfigMap', 'Secret'].includes(kind)) continue;
      const more = {
        ...(metadata.name === 'argocd-cm' && { data: { 'timeout.reconciliation': '10s', ...data } }),
        ...(kind === 'Secret' && { stringData: { 'server.secretkey': 'a test value' } }),
      };
      const object = {
        ...manifest,
        ...more,
        metadata: { ...metadata, ...(kind === 'CustomResourceDefinition' ? {} : { namespace: home }) },
      };
      await this.#apply(object);
    }
    await this.#real.kubectl([
      'wait',
      '--for=condition=Established',
      'crd/applications.argoproj.io',
      'crd/appprojects.argoproj.io',
    ]);
    await this.#apply({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: home },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ namespace: '*', server: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    });
  }

  async #apply(object: object): Promise<void> {
    await this.#real.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(object));
  }

  async #startProcesses(): Promise<void> {
    const binaries = await ensureBinaries(['argocd', 'miniredis'], report);
    const program = (name: 'argocd' | 'miniredis'): string => binaries.get(name) ?? '';
    const { kubeconfig, bin } = this.#real.cluster;
    const own = join(this.#folder, 'kubeconfig');
    const config = parse(await readFile(kubeconfig, 'utf8'));
    for (const { context } of config.contexts) context.namespace = home;
    await writeFile(own, stringify(config), { mode: 0o600 });
    const data = await Promise.all(
      ['gpg', 'tls', 'ssh'].map(async (name) => {
        await mkdir(join(this.#folder, name));
        return join(this.#folder, name);
      }),
    );
    // The repo server calls it for each revision.
    const scripts = join(this.#folder, 'bin');
    const wrapper = join(await sources(), 'hack', 'git-verify-wrapper.sh');
    await mkdir(scripts);
    await writeFile(join(scripts, 'git-verify-wrapper.sh'), await readFile(wrapper), { mode: 0o755 });
    const environment = {
      PATH: [scripts, bin, process.env.PATH].join(delimiter),
      HOME: this.#folder,
      TMPDIR: this.#folder,
      KUBECONFIG: own,
      ARGOCD_FAKE_IN_CLUSTER: 'true',
      ARGOCD_GPG_ENABLED: 'false',
      ARGOCD_GNUPGHOME: data[0],
      ARGOCD_TLS_DATA_PATH: data[1],
      ARGOCD_SSH_DATA_PATH: data[2],
    };
    const [redis, repo, repoMetrics, controllerMetrics] = await Promise.all([1, 2, 3, 4].map(freePort));
    this.#run(program('miniredis'), [`127.0.0.1:${redis}`], environment);
    const common = ['--redis', `127.0.0.1:${redis}`, '--logformat', 'text', '--loglevel', 'warn'];
    const repoServer = [
      '--disable-tls',
      '--client-ca-path=',
      '--address',
      '127.0.0.1',
      '--port',
      `${repo}`,
      '--metrics-port',
      `${repoMetrics}`,
    ];
    this.#run(program('argocd'), [...common, ...repoServer], {
      ...environment,
      ARGOCD_BINARY_NAME: 'argocd-repo-server',
    });
    const controller = [
      '--persist-resource-health',
      '--repo-server',
      `127.0.0.1:${repo}`,
      '--repo-server-plaintext',
      '--app-resync',
      '10',
    ];
    this.#run(
      program('argocd'),
      [...common, ...controller, '--metrics-port', `${controllerMetrics}`, '--namespace', home],
      {
        ...environment,
        ARGOCD_BINARY_NAME: 'argocd-application-controller',
      },
    );
  }

  #run(program: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): void {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    process.once('exit', () => child.kill('SIGKILL'));
    this.#children.push(child);
  }

  async #git(...args: readonly string[]): Promise<string> {
    const identity = ['-c', 'user.name=Tests', '-c', 'user.email=tests@example.com', '-c', 'commit.gpgsign=false'];
    const { stdout } = await execa('git', [...identity, ...args], { cwd: this.#repository });
    return stdout;
  }
}

/** Argo CD's own sources. */
function sources(): Promise<string> {
  return moduleDirectory('argocd', 'github.com/argoproj/argo-cd/v3', report);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

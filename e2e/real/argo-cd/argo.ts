// A real Argo CD: its controllers for Applications and ApplicationSets and its repo server, as processes of this machine that use the cluster's
// API server, and a git repository in a folder. It has neither a web interface nor users of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { ensureBinaries, moduleDirectory } from '../../../hack/toolchain/binaries.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { History } from '../../harness/history.ts';
import { minutes, type Real } from '../real.ts';

const report = (line: string): void => console.error(line);

const applicationGvr = { group: 'argoproj.io', version: 'v1alpha1', plural: 'applications', kind: 'Application' };

/** What an Application says of itself. */
export interface ApplicationStatus {
  readonly health?: { readonly status?: string };
  readonly reconciledAt?: string;
  readonly sync?: { readonly status?: string; readonly revision?: string };
  readonly operationState?: {
    readonly phase?: string;
    readonly message?: string;
    readonly syncResult?: { readonly revision?: string };
  };
  readonly conditions?: readonly { readonly type: string; readonly message: string }[];
  readonly resources?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly status?: string;
    readonly health?: { readonly status?: string; readonly message?: string };
  }[];
}

export class ArgoCD {
  readonly #real: Real;
  readonly #home: string;
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  readonly #applications: History;
  /** Of the git repository. */
  readonly #repository: string;

  private constructor(real: Real, home: string, folder: string) {
    this.#real = real;
    this.#home = home;
    this.#folder = folder;
    this.#repository = join(folder, 'repository');
    this.#applications = new History(real.client, applicationGvr);
  }

  /**
   * Starts it. At the end of the file it is stopped, and every Application deleted with its resources.
   * @param home its namespace, which no other test uses
   * @param settings beyond its own ones in `argocd-cm`
   */
  static async start(real: Real, home: string, settings: Readonly<Record<string, string>> = {}): Promise<ArgoCD> {
    const argo = new ArgoCD(real, home, await mkdtemp(join(tmpdir(), 'argo-cd-')));
    real.atEnd(() => argo.#stop());
    await argo.#install(settings);
    argo.#applications.start();
    await argo.#startProcesses();
    await mkdir(argo.#repository, { recursive: true });
    await argo.#git('init', '--quiet', '--initial-branch=main');
    await argo.commit('An empty repository', { 'README.md': 'Applications for the tests.\n' });
    return argo;
  }

  /** The address of the repository. */
  get url(): string {
    return `file://${this.#repository}`;
  }

  async #stop(): Promise<void> {
    await this.#kubectl('delete', 'applicationset', '--all', '--timeout=10m');
    await this.#kubectl('delete', 'application', '--all', '--timeout=10m');
    await this.#applications.stop();
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
      metadata: { name, namespace: this.#home, finalizers: ['resources-finalizer.argocd.argoproj.io/foreground'] },
      spec: {
        project: 'default',
        source: { repoURL: this.url, targetRevision: 'main', path },
        destination: { server: 'https://kubernetes.default.svc', namespace },
        syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['PrunePropagationPolicy=foreground'] },
      },
    });
  }

  /** What an Application has said of itself since Argo CD was started, the oldest first, by a watch. */
  history(name: string): readonly ApplicationStatus[] {
    return this.#applications.of(this.#home, name).map(({ status }) => status ?? {});
  }

  async application(name: string): Promise<ApplicationStatus> {
    const text = await this.#kubectl('get', 'application', name, '--output', 'json');
    return (JSON.parse(text) as { readonly status?: ApplicationStatus }).status ?? {};
  }

  /** Has Argo CD look at git and the cluster now. */
  async refresh(name: string): Promise<void> {
    await this.#kubectl('annotate', 'application', name, 'argocd.argoproj.io/refresh=normal', '--overwrite');
  }

  /** Waits until Argo CD has compared git and the cluster once more. A request for it can be lost among others; the next one is not far. */
  async compared(name: string): Promise<void> {
    const before = (await this.application(name)).reconciledAt;
    await this.refresh(name);
    await eventually(`Application ${name} to be compared again`, async () => {
      if ((await this.application(name)).reconciledAt === before) throw new Error(`last at ${before}`);
    });
  }

  /** Has the controller of ApplicationSets look at git now, as a webhook of the git server does. */
  async refreshSet(name: string): Promise<void> {
    await this.#kubectl('annotate', 'applicationset', name, 'argocd.argoproj.io/application-set-refresh=true');
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
    await this.#kubectl('patch', 'application', name, '--type=merge', '--patch', patch);
    await eventually(`the operation of Application ${name} to begin`, async () => {
      const operation = await this.#kubectl('get', 'application', name, '--output', 'jsonpath={.operation}');
      if (operation !== '') throw new Error('it has not begun');
    });
  }

  /** Deletes an Application and leaves its resources, as `argocd app delete --cascade=false` does. */
  async forget(name: string): Promise<void> {
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await this.#kubectl('patch', 'application', name, '--type=merge', '--patch', patch);
    await this.deleteApplication(name);
  }

  /** Deletes an Application, with its resources, as `argocd app delete` does. */
  async deleteApplication(name: string): Promise<void> {
    await this.#kubectl('delete', 'application', name, '--timeout=10m');
  }

  async #install(settings: Readonly<Record<string, string>>): Promise<void> {
    const text = await readFile(join(await sources(), 'manifests', 'core-install.yaml'), 'utf8');
    const all = parseAllDocuments(text).map((document) => document.toJS() as LiveObject);
    const home = this.#home;
    // What is of another Argo CD of this cluster is told apart by the id.
    const data = { 'timeout.reconciliation': '10s', installationID: home, ...settings };
    await this.#apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } });
    for (const manifest of all) {
      const { kind, metadata } = manifest;
      if (!['CustomResourceDefinition', 'ConfigMap', 'Secret'].includes(kind)) continue;
      const more = {
        ...(metadata.name === 'argocd-cm' && { data: { ...manifest.data, ...data } }),
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
      'crd/applicationsets.argoproj.io',
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
        // What its Applications may consist of, and what of these kinds is called orphaned.
        namespaceResourceWhitelist: [
          { group: 'addons.paas.dev', kind: '*' },
          { group: 'apps', kind: '*' },
          { group: 'batch', kind: '*' },
          { group: '', kind: 'ConfigMap' },
          { group: clusterGvr.group, kind: clusterGvr.kind },
        ],
        // CloudNativePG makes this one in each namespace with a database.
        orphanedResources: { warn: true, ignore: [{ kind: 'ConfigMap', name: 'cnpg-default-monitoring' }] },
      },
    });
  }

  /** Runs kubectl in its namespace. */
  async #kubectl(...args: readonly string[]): Promise<string> {
    return await this.#real.kubectl([...args, '--namespace', this.#home]);
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
    for (const { context } of config.contexts) context.namespace = this.#home;
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
    const [redis, repo, repoMetrics, controllerMetrics, ...ofSets] = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7].map(freePort),
    );
    this.#run(program('miniredis'), [`127.0.0.1:${redis}`], environment);
    const log = ['--logformat', 'text', '--loglevel', 'warn'];
    const common = ['--redis', `127.0.0.1:${redis}`, ...log];
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
    const ofRepo = (flag: string): readonly string[] => [flag, `127.0.0.1:${repo}`, '--repo-server-plaintext'];
    const resync = ['--app-resync', '10', '--app-resync-jitter', '0'];
    const controller = ['--persist-resource-health', ...resync, '--metrics-port', `${controllerMetrics}`];
    this.#run(program('argocd'), [...common, ...ofRepo('--repo-server'), ...controller, '--namespace', this.#home], {
      ...environment,
      ARGOCD_BINARY_NAME: 'argocd-application-controller',
    });
    const addresses = ['--metrics-addr', '--probe-addr', '--webhook-addr'].flatMap((flag, index) => [
      flag,
      `127.0.0.1:${ofSets[index]}`,
    ]);
    this.#run(program('argocd'), [...log, ...ofRepo('--argocd-repo-server'), ...addresses, '--namespace', this.#home], {
      ...environment,
      ARGOCD_BINARY_NAME: 'argocd-applicationset-controller',
    });
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

// The programs of the test cluster: which module, version and flags each is built from. Only what is requested is built.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type CacheKey, cached, entryPath } from './cache.ts';
import { requireFreeDisk } from './disk.ts';
import { isExecutable } from './executables.ts';
import { findGo, type Go, goBuild, goDownload, type ModuleGroup, moduleGroup } from './go.ts';
import { requiredVersion } from './go-version.ts';
import { architecture } from './platform.ts';
import type { Report } from './report.ts';

export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'coredns'
  | 'cnpg-manager'
  | 'barman-plugin'
  | 'versitygw'
  | 'argocd'
  | 'miniredis'
  | 'pause';

interface Recipe {
  /** Folder of hack/toolchain/modules. */
  readonly group: string;
  readonly module: string;
  /** The main package; `.` is the group's own. */
  readonly package: string;
  /** Linker variables that name the version; `V` stands for the pinned one, with its `v`. */
  readonly versionFlags?: (version: string) => readonly string[];
  /** About how many packages it is made of, for progress lines. */
  readonly packages: number;
  /** What a first build adds to the disk: sources, compiled packages and the program itself. */
  readonly megabytes: number;
}

const KUBERNETES = 'k8s.io/kubernetes';
const CONTAINERD = 'github.com/containerd/containerd/v2';
const CNPG = 'github.com/cloudnative-pg/cloudnative-pg';
const ARGO_CD = 'github.com/argoproj/argo-cd/v3';
const BARMAN = 'github.com/cloudnative-pg/plugin-barman-cloud';

function kubernetes(program: string, packages: number, megabytes: number): Recipe {
  return {
    group: 'kubernetes',
    module: KUBERNETES,
    package: `${KUBERNETES}/cmd/${program}`,
    versionFlags: (version) => {
      const [major, minor] = version.slice(1).split('.');
      const variable = 'k8s.io/component-base/version';
      return [`${variable}.gitVersion=${version}`, `${variable}.gitMajor=${major}`, `${variable}.gitMinor=${minor}`];
    },
    packages,
    megabytes,
  };
}

function containerd(program: string, packages: number, megabytes: number): Recipe {
  return {
    group: 'containerd',
    module: CONTAINERD,
    package: `${CONTAINERD}/cmd/${program}`,
    versionFlags: (version) => [`${CONTAINERD}/version.Version=${version}`],
    packages,
    megabytes,
  };
}

const RECIPES: Readonly<Record<BinaryName, Recipe>> = {
  etcd: {
    group: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    package: 'go.etcd.io/etcd/server/v3',
    packages: 580,
    megabytes: 600,
  },
  'kube-apiserver': kubernetes('kube-apiserver', 2_030, 3_200),
  'kube-controller-manager': kubernetes('kube-controller-manager', 2_410, 700),
  'kube-scheduler': kubernetes('kube-scheduler', 1_420, 200),
  kubelet: kubernetes('kubelet', 1_780, 400),
  'kube-proxy': kubernetes('kube-proxy', 1_410, 200),
  containerd: containerd('containerd', 970, 900),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2', 420, 50),
  ctr: containerd('ctr', 610, 50),
  coredns: { group: 'coredns', module: 'github.com/coredns/coredns', package: '.', packages: 800, megabytes: 1_000 },
  'cnpg-manager': {
    group: 'cnpg',
    module: CNPG,
    package: `${CNPG}/cmd/manager`,
    versionFlags: (version) => [`${CNPG}/pkg/versions.buildVersion=${version.slice(1)}`],
    packages: 1_110,
    megabytes: 1_200,
  },
  'barman-plugin': {
    group: 'barman',
    module: BARMAN,
    package: `${BARMAN}/cmd/manager`,
    packages: 1_200,
    megabytes: 1_200,
  },
  pause: { group: 'pause', module: '', package: '.', packages: 60, megabytes: 50 },
  // One program in all roles, by the name in $ARGOCD_BINARY_NAME.
  argocd: {
    group: 'argocd',
    module: ARGO_CD,
    package: `${ARGO_CD}/cmd`,
    versionFlags: (version) => [`${ARGO_CD}/common.version=${version.slice(1)}`],
    packages: 2_600,
    megabytes: 4_000,
  },
  miniredis: { group: 'argocd', module: '', package: '.', packages: 100, megabytes: 100 },
  versitygw: {
    group: 's3',
    module: 'github.com/versity/versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    versionFlags: (version) => [`main.Version=${version}`],
    packages: 590,
    megabytes: 900,
  },
};

/** The programs that controller-runtime's users keep in `$KUBEBUILDER_ASSETS`. */
const ENVTEST: ReadonlySet<BinaryName> = new Set(['etcd', 'kube-apiserver', 'kube-controller-manager']);

/**
 * Finds or builds programs, each from the first source that has it: `$KUBEBUILDER_ASSETS`, the cache, Go.
 * @returns their absolute paths in the order asked for; each is named exactly like its BinaryName, in a folder that can go on PATH
 * @throws SetupError when Go is missing or too old, the disk is too full, or a module is not served
 */
export async function ensureBinaries(
  names: readonly BinaryName[],
  report: Report,
): Promise<ReadonlyMap<BinaryName, string>> {
  const found = new Map<BinaryName, string>();
  const missing: BinaryName[] = [];
  for (const name of names) {
    const path = (await fromEnvtest(name, report)) ?? (await fromCache(name));
    if (path === undefined) missing.push(name);
    else found.set(name, path);
  }
  if (missing.length > 0) {
    const go = await findGo();
    await requireFreeDisk(
      missing.map((name) => ({ name, megabytes: RECIPES[name].megabytes })),
      go,
    );
    report(`building with Go, kept for the next time: ${missing.join(', ')}`);
    for (const name of missing) found.set(name, await build(name, go, report));
  }
  return new Map(names.map((name) => [name, found.get(name) ?? '']));
}

/**
 * The sources of a module at the version its group pins, for the manifests that are in them.
 * @param group a folder of hack/toolchain/modules
 * @param module a module path that the group requires
 * @returns an absolute path in Go's module cache, read-only
 * @throws SetupError as ensureBinaries
 */
export async function moduleDirectory(group: string, module: string, report: Report): Promise<string> {
  return await goDownload(await findGo(), moduleGroup(group), module, report);
}

/**
 * What a program is built from, as one word: two programs with the same word are the same.
 * @returns a file name with a hash in it, whether the program was built yet or not
 */
export function binaryEntry(name: BinaryName): string {
  return basename(entryPath(plan(name).key));
}

async function fromEnvtest(name: BinaryName, report: Report): Promise<string | undefined> {
  const directory = process.env.KUBEBUILDER_ASSETS;
  if (!directory || !ENVTEST.has(name)) return undefined;
  const path = join(directory, name);
  if (!(await isExecutable(path))) return undefined;
  report(`${name}: taken from KUBEBUILDER_ASSETS`);
  return path;
}

/** Whether a program has been built. */
export function isBuilt(name: BinaryName): boolean {
  return existsSync(join(entryPath(plan(name).key), name));
}

async function fromCache(name: BinaryName): Promise<string | undefined> {
  const { key } = plan(name);
  const path = join(entryPath(key), name);
  return (await isExecutable(path)) ? path : undefined;
}

async function build(name: BinaryName, go: Go, report: Report): Promise<string> {
  const { group, flags, key } = plan(name);
  const directory = await cached(
    key,
    async (temporary) => {
      await mkdir(temporary);
      const output = join(temporary, name);
      const temporaryFolder = dirname(temporary);
      const { package: main, packages } = RECIPES[name];
      await goBuild(go, { group, package: main, flags, output, temporaryFolder, name, packages }, report);
    },
    report,
  );
  return join(directory, name);
}

function plan(name: BinaryName): {
  readonly group: ModuleGroup;
  readonly flags: readonly string[];
  readonly key: CacheKey;
} {
  const recipe = RECIPES[name];
  const group = moduleGroup(recipe.group);
  const versionFlags = recipe.versionFlags?.(requiredVersion(group.goMod, recipe.module)) ?? [];
  const linker = ['-s', '-w', ...versionFlags.map((assignment) => `-X ${assignment}`)].join(' ');
  // `-s -w` drops the debugging information anyway; not making it at all compiles an eighth faster into a fifth less disk.
  const flags = ['-mod=readonly', '-trimpath', '-gcflags=all=-dwarf=false', '-ldflags', linker];
  const inputs = [group.goMod, group.goSum, group.mainGo, recipe.package, ...flags, 'linux', architecture()];
  return { group, flags, key: { name, inputs } };
}

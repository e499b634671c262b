// The Go toolchain of this machine: checked, then asked to build or download from one module group. It must never write into the repository.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.ts';
import { harmlessGoFlags, isNewEnough, OLDEST_GO, parseGoVersion } from './go-version.ts';
import { architecture } from './platform.ts';
import { formatElapsed, type Report, reportWhile } from './report.ts';
import { CommandError, run } from './run.ts';

/** A checked Go toolchain. */
export interface Go {
  /** `go env GOCACHE`: compiled packages. */
  readonly buildCache: string;
  /** `go env GOMODCACHE`: downloaded modules. */
  readonly moduleCache: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A module group's folder and the files that pin it. */
export interface ModuleGroup {
  readonly directory: string;
  readonly goMod: string;
  /** Empty for a group that requires no module. */
  readonly goSum: string;
  /** The group's own main package, when it has one. */
  readonly mainGo: string;
}

const TWO_WAYS_OUT =
  `Either install Go ${OLDEST_GO.join('.')} or newer (https://go.dev/dl), or start a Docker daemon: ` +
  'with Docker the test cluster is made by kind and nothing is compiled.';

/**
 * Reads a module group of hack/toolchain/modules.
 * @param group the name of its folder
 */
export function moduleGroup(group: string): ModuleGroup {
  const directory = join(import.meta.dirname, 'modules', group);
  const text = (name: string) => readFileSync(join(directory, name), 'utf8');
  const textIfAny = (name: string) => (existsSync(join(directory, name)) ? text(name) : '');
  return { directory, goMod: text('go.mod'), goSum: textIfAny('go.sum'), mainGo: textIfAny('main.go') };
}

/** Whether there is a Go that can be used. */
export async function hasGo(): Promise<boolean> {
  try {
    await findGo();
    return true;
  } catch (error) {
    if (error instanceof SetupError) return false;
    throw error;
  }
}

/**
 * Finds Go and checks that it can build the module groups.
 * @throws SetupError when Go is missing or too old
 */
export async function findGo(): Promise<Go> {
  let answer: string;
  try {
    // In the root folder no go.mod can ask for another toolchain: this is the version that is installed.
    answer = await run('go', ['env', '-json', 'GOVERSION', 'GOFLAGS', 'GOCACHE', 'GOMODCACHE'], { cwd: '/' });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(
      `Go is needed to build the programs of the test cluster, and cannot be run (${error.said}). ${TWO_WAYS_OUT}`,
    );
  }
  const found = JSON.parse(answer) as Record<'GOVERSION' | 'GOFLAGS' | 'GOCACHE' | 'GOMODCACHE', string>;
  const version = parseGoVersion(found.GOVERSION);
  if (version === undefined || !isNewEnough(version)) {
    throw new SetupError(
      `Go ${OLDEST_GO.join('.')} is needed to build the programs of the test cluster; this is ${found.GOVERSION}. ${TWO_WAYS_OUT}`,
    );
  }
  return {
    buildCache: found.GOCACHE,
    moduleCache: found.GOMODCACHE,
    environment: {
      CGO_ENABLED: '0',
      GOOS: 'linux',
      GOARCH: architecture(),
      GOWORK: 'off',
      // A group may need a newer Go than the installed one, which Go then downloads.
      GOTOOLCHAIN: 'auto',
      GOFLAGS: harmlessGoFlags(found.GOFLAGS),
    },
  };
}

export interface GoBuild {
  readonly group: ModuleGroup;
  /** The main package. */
  readonly package: string;
  readonly flags: readonly string[];
  /** Path of the executable to write. */
  readonly output: string;
  /** An existing folder for Go's temporary files, which Go itself does not always remove when it is interrupted. */
  readonly temporaryFolder: string;
  /** What to call it in progress lines. */
  readonly name: string;
  /** About how many packages it is made of; fewer are compiled when Go's own cache has some. */
  readonly packages: number;
}

/**
 * Builds one executable, reporting at least every ten seconds.
 * @throws SetupError with Go's own words when the build fails
 */
export async function goBuild(go: Go, build: GoBuild, report: Report): Promise<void> {
  const started = performance.now();
  let downloaded = 0;
  let compiled = 0;
  const onLine = (line: string) => {
    if (line.startsWith('go: downloading ')) downloaded += 1;
    else compiled += 1;
  };
  const progress = (elapsed: string) =>
    `${build.name}: ${downloaded > 0 ? `${downloaded} modules downloaded, ` : ''}` +
    `${compiled} of at most ${build.packages} packages compiled, ${elapsed}`;
  const args = ['build', '-v', ...build.flags, '-o', build.output, build.package];
  const env = { ...go.environment, GOTMPDIR: build.temporaryFolder };
  await reportWhile(report, progress, () => runGo(go, build.group, args, build.name, env, onLine));
  report(`${build.name}: built in ${formatElapsed(performance.now() - started)}`);
}

/**
 * Downloads one module at the version its group pins.
 * @returns the directory of its sources in Go's module cache, read-only
 * @throws SetupError with Go's own words when it is not served
 */
export async function goDownload(go: Go, group: ModuleGroup, module: string, report: Report): Promise<string> {
  const progress = (elapsed: string) => `${module}: downloading, ${elapsed}`;
  await reportWhile(report, progress, () => runGo(go, group, ['mod', 'download', module], module));
  return (await runGo(go, group, ['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', module], module)).trim();
}

async function runGo(
  go: Go,
  group: ModuleGroup,
  args: readonly string[],
  purpose: string,
  env: Readonly<Record<string, string>> = go.environment,
  onLine: (line: string) => void = () => {},
): Promise<string> {
  try {
    return await run('go', args, { cwd: group.directory, env, onLine, whenParentDies: 'INT' });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(explainGoFailure(purpose, error.said));
  }
}

/** Signs in Go's output that the network, and not the code, is what failed. */
const NOT_SERVED =
  /\b(404|410|403|502|503)\b|no such host|connection refused|i\/o timeout|TLS handshake|no route to host|unexpected EOF|module lookup disabled|unknown revision/i;

/**
 * A sentence for a failed Go command, followed by what Go said.
 * @param purpose what was to be built or downloaded
 * @param said Go's last lines
 */
export function explainGoFailure(purpose: string, said: string): string {
  // With -v the names of compiled packages stand between the lines that matter.
  const words = said
    .split('\n')
    .filter((line) => /[\s:]/.test(line.trim()))
    .slice(-8)
    .join('\n');
  if (/no space left on device/i.test(said)) {
    return `${purpose}: the disk is full. \`go clean -cache\` frees Go's compiled packages. Go says:\n${words}`;
  }
  if (/go\.mod requires go >=|toolchain not available/.test(said)) {
    return `${purpose}: the installed Go is too old for this module. ${TWO_WAYS_OUT} Go says:\n${words}`;
  }
  if (NOT_SERVED.test(said)) {
    return (
      `${purpose}: a Go module could not be downloaded. Check the network, and \`go env GOPROXY\`: the proxy has to serve ` +
      `the modules of hack/toolchain/modules. What is already downloaded is kept. Go says:\n${words}`
    );
  }
  return `${purpose}: Go could not build it. Go says:\n${words}`;
}

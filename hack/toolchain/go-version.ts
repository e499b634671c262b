// Parses versions in the output of Go. Pure.

/** The oldest Go that builds every module group (`go` lines of modules/*\/go.mod, without the patch level). */
export const OLDEST_GO: readonly [number, number] = [1, 26];

/**
 * Reads what `go env GOVERSION` prints.
 * @param text for example `go1.26.8`, `go1.27rc1` or `devel go1.28-abcdef`
 * @returns major and minor, or undefined when the text names no version
 */
export function parseGoVersion(text: string): readonly [number, number] | undefined {
  const found = /\bgo(\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** Whether a Go version can build the module groups. */
export function isNewEnough([major, minor]: readonly [number, number]): boolean {
  return major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1]);
}

/**
 * The version that a go.mod pins for a module.
 * @param goMod the text of a go.mod
 * @param module a module path
 * @returns for example `v1.36.3`
 * @throws Error when the go.mod does not require the module
 */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split('\n')) {
    const words = line
      .replace(/^\s*require\s+/, '')
      .trim()
      .split(/\s+/);
    if (words[0] === module && words[1]?.startsWith('v') === true) return words[1];
  }
  throw new Error(`go.mod does not require ${module}`);
}

/** Flags that would change what is built, or where its sources come from: not the user's to choose here. */
const NOT_OURS =
  /^--?(race|msan|asan|cover\w*|tags|gcflags|ldflags|asmflags|gccgoflags|mod|modfile|overlay|pgo|buildmode|compiler|toolexec|installsuffix|linkshared|trimpath|o)(=|$)/;

/**
 * Keeps of the user's GOFLAGS what says how Go should work (`-p`, `-modcacherw`, `-buildvcs`, ...).
 * @param flags the value of GOFLAGS, separated by spaces
 */
export function harmlessGoFlags(flags: string): string {
  return flags
    .split(/\s+/)
    .filter((flag) => flag !== '' && !NOT_OURS.test(flag))
    .join(' ');
}

// The CPU architecture of this machine, as Go, OCI and Debian name it. It must never guess: an unknown CPU is an error.
import { SetupError } from './errors.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The CPU architecture as Go, OCI images and Debian name it.
 * @throws SetupError on a CPU other than x64 and arm64
 */
export function architecture(): string {
  const name = ARCHITECTURES[process.arch];
  if (name === undefined) {
    throw new SetupError(`The test cluster runs on x64 and arm64 machines; this one is ${process.arch}.`);
  }
  return name;
}

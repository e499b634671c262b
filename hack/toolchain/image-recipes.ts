// The content of each image of the test cluster. They have their production names, so that manifests and the product run unmodified.
import type { BinaryName } from './binaries.ts';
import type { DebianRoot } from './debian-root.ts';
import type { ImageConfig } from './oci.ts';
import { architecture } from './platform.ts';

export type ImageName = 'pause' | 'cnpg' | 'postgres' | 'postgres-15' | 'barman-plugin' | 'barman-sidecar';

/** Full image names; the versions are those that hack/toolchain/modules pins. */
export const imageReferences: Readonly<Record<ImageName, string>> = {
  pause: 'localhost/pause:1',
  cnpg: 'ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0',
  postgres: 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie',
  'postgres-15': 'ghcr.io/cloudnative-pg/postgresql:15-standard-trixie',
  'barman-plugin': 'ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.14.0',
  'barman-sidecar': 'ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar:v0.14.0',
};

export interface ImageRecipe {
  /** The Debian below; without one the image holds its program, the CA bundle, /etc/passwd and /tmp alone. */
  readonly debian?: DebianRoot;
  /** The program of this project's toolchain in the image, and its absolute path there. */
  readonly program?: { readonly binary: BinaryName; readonly path: string };
  /** Absolute path of a symbolic link, and what it points to. */
  readonly link?: readonly [path: string, target: string];
  /** The Debian package whose version is in a second tag of the image, for example 17.11-standard-trixie beside 17-standard-trixie. */
  readonly versionOf?: string;
  readonly config: ImageConfig;
  /** What making it takes on the disk at its peak. */
  readonly megabytes: number;
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The recipe of an image for this machine's CPU.
 * @throws SetupError on a CPU that is not supported
 */
export function imageRecipe(name: ImageName): ImageRecipe {
  switch (name) {
    case 'pause':
      return {
        program: { binary: 'pause', path: '/pause' },
        config: { User: '65535:65535', Entrypoint: ['/pause'] },
        megabytes: 10,
      };
    case 'cnpg':
      // The operator lists /operator/manager_* to learn which CPUs it can serve.
      return {
        program: { binary: 'cnpg-manager', path: `/operator/manager_${architecture()}` },
        link: ['/manager', `operator/manager_${architecture()}`],
        config: { User: '65532:65532', Entrypoint: ['/manager'], WorkingDir: '/' },
        megabytes: 250,
      };
    case 'barman-plugin':
      return {
        program: { binary: 'barman-plugin', path: '/manager' },
        config: { User: '65532:65532', Entrypoint: ['/manager'], WorkingDir: '/' },
        megabytes: 250,
      };
    case 'postgres':
      // A major upgrade runs the old image's programs in the new image: these are their libraries, which trixie has no more.
      return postgres('17', { suite: 'trixie', furtherSuite: 'bookworm', packages: ['libicu72', 'libldap-2.5-0'] });
    case 'postgres-15':
      return postgres('15', { suite: 'bookworm', packages: [] });
    case 'barman-sidecar':
      return {
        debian: {
          suite: 'trixie',
          packages: ['barman-cli-cloud', 'python3-boto3', 'ca-certificates'],
          // The descriptions of all of AWS but S3 and STS, and of some whose names begin alike.
          leaveOut: ['[!s]*', 's[!3t]*'].map((service) => `/usr/lib/python3/dist-packages/botocore/data/${service}/*`),
        },
        program: { binary: 'barman-plugin', path: '/manager' },
        config: { User: '26:26', Entrypoint: ['/manager'], Env: [`PATH=${SYSTEM_PATH}`, 'LANG=C.UTF-8'] },
        megabytes: 1_000,
      };
  }
}

/** @param from where the packages come from, and what the image needs beside Postgres */
function postgres(major: string, from: Pick<DebianRoot, 'suite' | 'furtherSuite' | 'packages'>): ImageRecipe {
  const name = `postgresql-${major}`;
  const home = `/usr/lib/postgresql/${major}`;
  return {
    debian: {
      ...from,
      packages: [name, ...from.packages],
      // Just-in-time compilation is most of the image and no help on small data; without this library Postgres goes without it.
      leaveOut: ['/usr/lib/*/libLLVM*', '/usr/lib/*/libz3.so*', `${home}/lib/llvmjit.so`, `${home}/lib/bitcode/*`],
      // CloudNativePG makes its own data directory; Debian's would be dead weight.
      before:
        'mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"',
      // CloudNativePG runs Postgres as uid 26.
      after: 'chroot "$1" usermod -u 26 postgres',
    },
    versionOf: name,
    config: { User: '26', Env: [`PATH=${home}/bin:${SYSTEM_PATH}`, 'LANG=C.UTF-8'], Cmd: ['postgres'] },
    megabytes: 1_200,
  };
}

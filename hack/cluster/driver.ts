// The interface of a cluster driver, and the choice of one. It must never depend on how a driver works.
import { userInfo } from 'node:os';
import { execa } from 'execa';
import { SetupError } from '../toolchain/errors.ts';
import type { Report } from '../toolchain/report.ts';
import type { Identity } from './names.ts';
import type { Progress } from './progress.ts';
import type { DriverName, Profile, State } from './state.ts';

/** A cluster that is up, as its users see it. */
export interface Cluster {
  readonly name: string;
  readonly profile: Profile;
  readonly driver: DriverName;
  readonly stateDirectory: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the API server's audit log: one JSON event per line, one or two per request. */
  readonly auditLog: string;
  /** A folder with kubectl and helm. */
  readonly bin: string;
  /** Prefix for a command that has to reach and resolve Services and pods; empty where there are none. */
  readonly nsenter: readonly string[];
  /** The node's address; of the `node` profile only. */
  readonly nodeIp?: string;
  /** An S3 server that pods reach; of the `node` profile only. */
  readonly objectStore?: ObjectStore;
}

export interface ObjectStore {
  /** As the `endpointURL` of a Barman ObjectStore. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A user that may do nothing but what the policy of a bucket permits. */
  readonly guest: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The file in which the S3 server looks for users other than its administrator, by name and content. */
export function usersFile({ guest: { accessKeyId, secretAccessKey } }: ObjectStore): readonly [string, string] {
  const account = { access: accessKeyId, secret: secretAccessKey, role: 'user', userID: 0, groupID: 0, projectID: 0 };
  return ['users.json', JSON.stringify({ accessAccounts: { [accessKeyId]: account } })];
}

export interface ComponentStatus {
  readonly name: string;
  /** On this machine; absent if it is not running. */
  readonly pid?: number;
}

export interface Status {
  readonly name: string;
  /** `partial`: an `up` that did not come to its end, or a cluster that lost a component. */
  readonly state: 'running' | 'partial' | 'absent';
  readonly components: readonly ComponentStatus[];
  /** There when `up` came far enough for a cluster to speak of. */
  readonly cluster?: Cluster;
}

export interface UpRequest {
  readonly identity: Identity;
  readonly profile: Profile;
  /** Paths of YAML files with one custom resource definition each, beside CloudNativePG's own. */
  readonly crds: readonly string[];
}

export interface Driver {
  /** Makes the cluster, or what is missing of it. @throws SetupError when the surroundings do not allow it */
  up(request: UpRequest, progress: Progress): Promise<Cluster>;
  /** Removes the cluster and all it left. @returns whether there was anything */
  down(identity: Identity, progress: Progress): Promise<boolean>;
  /** @param state what is remembered of the cluster */
  status(identity: Identity, state: State): Promise<Status>;
  /** Makes an image known to the node, under the name its archive gives it. @param archive path of an OCI archive */
  loadImage(cluster: Cluster, archive: string, report: Report): Promise<void>;
}

/** What the choice of a driver depends on. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Whether a Docker daemon answers and `kind` is on PATH. */
  readonly kindWorks: () => Promise<boolean>;
}

/**
 * `auto`: kind where it works; else the host, which needs Linux and, for a node, root.
 * @throws SetupError naming both ways out when neither is possible
 */
export async function chooseDriver(
  wish: DriverName | 'auto',
  profile: Profile,
  surroundings: Surroundings = theseSurroundings(),
): Promise<DriverName> {
  if (wish !== 'auto') return wish;
  if (await surroundings.kindWorks()) return 'kind';
  const { platform, isRoot } = surroundings;
  if (platform === 'linux' && (isRoot || profile === 'control-plane')) return 'host';
  const lacking = platform === 'linux' ? 'this user is not root' : `this system is ${platform}`;
  throw new SetupError(
    `A cluster needs one of two things. Either a Docker daemon and \`kind\` on PATH: here \`docker info\` or \`kind version\` fails. Or root on Debian Linux: ${lacking}.`,
  );
}

function theseSurroundings(): Surroundings {
  return {
    platform: process.platform,
    isRoot: userInfo().uid === 0,
    kindWorks: async () => {
      const answers = await Promise.all([
        execa('docker', ['info'], { timeout: 5_000, reject: false, stdio: 'ignore' }),
        execa('kind', ['version'], { timeout: 5_000, reject: false, stdio: 'ignore' }),
      ]);
      return answers.every((answer) => !answer.failed);
    },
  };
}

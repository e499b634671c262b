// Manipulates disks of instances from outside the database: provides a disk that can be filled, and edits files while the instance does
// not run. It must never leave a mount or a volume behind.
import { postgresImage, type Real } from './real.ts';

/** Where the node keeps small disks. */
const disks = '/var/lib/small-disks';
/** PostgreSQL takes 62 MB at its start, and each file of its log 16 MB. */
const megabytes = 320;
/** mount(2) and umount2(2); perl's syscall() wants variables. The image has no program for it that root may use. */
const syscalls = `[ "$(uname -m)" = x86_64 ] && mount=165 umount=166 || mount=40 umount=39`;
const keeper = 'small-disk';

async function exec(real: Real, namespace: string, script: string): Promise<string> {
  return await real.script({ namespace, pod: keeper }, script);
}

/** Puts a small disk where the first volume claim of a Cluster that is still to come will find it. */
export async function offerSmallDisk(real: Real, namespace: string, claim: string): Promise<void> {
  const disk = `/disks/${namespace}`;
  const mount = `my ($n, $what, $where, $options) = (shift() + 0, "tmpfs", "${disk}", "size=${megabytes}m,mode=0777"); syscall($n, $what, $where, $what, 0, $options) == 0 or die "mount: $!\\n"`;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: keeper, namespace },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'mount',
          image: postgresImage,
          securityContext: { privileged: true, runAsUser: 0 },
          command: [
            'bash',
            '-ceu',
            `mkdir -p ${disk}; ${syscalls}; mountpoint -q ${disk} || perl -e '${mount}' "$mount"; exec sleep infinity`,
          ],
          readinessProbe: { exec: { command: ['mountpoint', '-q', disk] }, periodSeconds: 1, timeoutSeconds: 10 },
          volumeMounts: [{ name: 'disks', mountPath: '/disks', mountPropagation: 'Bidirectional' }],
        },
      ],
      volumes: [{ name: 'disks', hostPath: { path: disks, type: 'DirectoryOrCreate' } }],
    },
  };
  await real.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await real.kubectl(['wait', `pod/${keeper}`, '--namespace', namespace, '--for=condition=Ready', '--timeout=10m']);
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'standard',
      claimRef: { namespace, name: claim },
      hostPath: { path: `${disks}/${namespace}`, type: 'Directory' },
    },
  };
  await real.kubectl(['apply', '-f', '-'], JSON.stringify(volume));
}

/** Leaves no room: from outside, since what PostgreSQL writes there counts as its memory. */
export async function fill(real: Real, namespace: string): Promise<void> {
  const disk = `/disks/${namespace}`;
  // Until there is no room: how much there is changes meanwhile.
  await exec(real, namespace, `! dd if=/dev/zero of=${disk}/filler bs=64K status=none 2>/dev/null`);
}

export async function makeRoom(real: Real, namespace: string): Promise<void> {
  await exec(real, namespace, `rm /disks/${namespace}/filler`);
}

/** At the end, with the database on it gone. */
export async function removeSmallDisk(real: Real, namespace: string): Promise<void> {
  const unmount = `my ($n, $where) = (shift() + 0, "/disks/${namespace}"); syscall($n, $where, 2) == 0 or die "umount: $!\\n"`;
  await exec(real, namespace, `${syscalls}; perl -e '${unmount}' "$umount" && rmdir /disks/${namespace}`);
  await real.kubectl(['delete', 'persistentvolume', namespace, '--wait=false']);
}

/** Runs a script as PostgreSQL's user where the files of a volume claim are; the instance need not run. */
export async function mend(real: Real, namespace: string, claim: string, script: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'mender', namespace },
    spec: {
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      securityContext: { runAsUser: 26 },
      containers: [
        {
          name: 'mender',
          image: postgresImage,
          command: ['bash', '-ceu', `cd /volume/pgdata; ${script}`],
          volumeMounts: [{ name: 'volume', mountPath: '/volume' }],
        },
      ],
      volumes: [{ name: 'volume', persistentVolumeClaim: { claimName: claim } }],
    },
  };
  await real.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  const done = 'jsonpath={.status.phase}=Succeeded';
  await real.kubectl(['wait', 'pod/mender', '--namespace', namespace, `--for=${done}`, '--timeout=10m']);
}

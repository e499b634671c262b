// The S3 server of a kind cluster: in the cluster itself, for its pods do not reach programs of this machine.
import type { Manifest } from '../client.ts';
import { type ObjectStore, usersFile } from '../driver.ts';

const name = 'object-store';
const port = 7070;

export const objectStore: ObjectStore = {
  endpoint: `http://${name}.${name}.svc:${port}`,
  bucket: 'backups',
  region: 'us-east-1',
  accessKeyId: 'backups',
  secretAccessKey: 'backups-secret',
  guest: { accessKeyId: 'guest', secretAccessKey: 'guest-secret' },
};

/** A namespace, a server whose data goes with its pod, and a Service. */
export function objectStoreManifests(): readonly Manifest[] {
  const metadata = { name, namespace: name, labels: { app: name } };
  const data = { name: 'data', mountPath: '/data' };
  const [buckets, users] = [`${data.mountPath}/buckets`, `${data.mountPath}/users`];
  const [usersName, accounts] = usersFile(objectStore);
  const container = {
    name,
    image: 'ghcr.io/versity/versitygw:v1.8.0',
    args: ['--port', `:${port}`, '--region', objectStore.region, '--iam-dir', users, 'posix', buckets],
    env: [
      { name: 'ROOT_ACCESS_KEY', value: objectStore.accessKeyId },
      { name: 'ROOT_SECRET_KEY', value: objectStore.secretAccessKey },
    ],
    ports: [{ containerPort: port }],
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
    volumeMounts: [data],
  };
  const pod = {
    // In this server a bucket is a folder.
    initContainers: [
      {
        name: 'bucket',
        image: container.image,
        command: ['sh', '-c', 'mkdir -p "$0" "$1" && printf %s "$3" > "$1/$2"'],
        args: [`${buckets}/${objectStore.bucket}`, users, usersName, accounts],
        volumeMounts: [data],
      },
    ],
    containers: [container],
    volumes: [{ name: data.name, emptyDir: {} }],
  };
  const deployment = {
    replicas: 1,
    selector: { matchLabels: metadata.labels },
    template: { metadata: { labels: metadata.labels }, spec: pod },
  };
  const manifests = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: metadata.labels, ports: [{ port }] } },
  ];
  return manifests;
}

// Reads and changes the buckets of the cluster's object store, as somebody does who has its keys: from a pod with an S3 client.
import { storeSecretName } from '../../hack/install/operator.ts';
import { imageReferences } from '../../hack/toolchain/image-recipes.ts';
import type { Real } from './real.ts';

const pod = 'bucket';

/** Starts the pod, in a namespace that has the Secret of the store. */
export async function openBucket(real: Real, namespace: string): Promise<void> {
  const { endpoint = '' } = real.cluster.objectStore ?? {};
  const key = (name: string, key: string): object => ({
    name,
    valueFrom: { secretKeyRef: { name: storeSecretName, key } },
  });
  const container = {
    name: pod,
    image: imageReferences['barman-sidecar'],
    command: ['python3', '-c', 'import signal; signal.pause()'],
    env: [
      { name: 'ENDPOINT', value: endpoint },
      key('AWS_ACCESS_KEY_ID', 'ACCESS_KEY_ID'),
      key('AWS_SECRET_ACCESS_KEY', 'SECRET_ACCESS_KEY'),
      key('AWS_DEFAULT_REGION', 'REGION'),
    ],
  };
  const spec = { automountServiceAccountToken: false, terminationGracePeriodSeconds: 0, containers: [container] };
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec };
  await real.kubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(manifest));
  await real.kubectl(['wait', '--namespace', namespace, `pod/${pod}`, '--for=condition=Ready', '--timeout=10m']);
}

/**
 * @param url of a folder or an object in a bucket
 * @param python what is done with `bucket`, and with `name` and `key` of the URL
 * @param input what it can read
 */
async function inBucket(real: Real, namespace: string, url: string, python: string, input = ''): Promise<string> {
  const key = new URL(url).pathname.slice(1);
  const bucket = "boto3.resource('s3', endpoint_url=os.environ['ENDPOINT']).Bucket(sys.argv[2])";
  const script = `import boto3, os, sys\nkey, name, bucket = sys.argv[1], sys.argv[2], ${bucket}\n${python}`;
  const command = ['python3', '-c', script, key, new URL(url).hostname];
  return await real.kubectl(['exec', '--stdin', '--namespace', namespace, pod, '--', ...command], input);
}

/**
 * When each object below a folder was written, by its name without the folder.
 * @returns milliseconds since the epoch, of the whole second: status has no more
 */
export async function timesBelow(real: Real, namespace: string, folder: string): Promise<ReadonlyMap<string, number>> {
  const print =
    'for found in bucket.objects.filter(Prefix=key): print(int(found.last_modified.timestamp()), found.key[len(key):])';
  const lines = (await inBucket(real, namespace, folder, print)).matchAll(/^(\d+) (.+)$/gm);
  return new Map([...lines].map(([, seconds, name = '']) => [name, Number(seconds) * 1000]));
}

/** @returns the names of the objects below a folder, without the folder */
export async function objectsBelow(real: Real, namespace: string, folder: string): Promise<readonly string[]> {
  return [...(await timesBelow(real, namespace, folder)).keys()];
}

/** Where the plugin puts a WAL file, below the folder of its lineage. */
export const walObject = (name: string): string => `wals/${name.slice(0, 16)}/${name}.gz`;

/** A namespace with an open bucket. */
interface Place {
  readonly real: Real;
  readonly namespace: string;
}

/** Copies every object below a folder into the bucket of another cluster, under the same name. */
export async function copyBelow(from: Place, to: Place, folder: string): Promise<void> {
  const print = [
    'import base64, json',
    'objects = bucket.objects.filter(Prefix=key)',
    "print(json.dumps({found.key: base64.b64encode(found.get()['Body'].read()).decode() for found in objects}))",
  ].join('\n');
  const put = [
    'import base64, json',
    'for name, content in json.load(sys.stdin).items(): bucket.put_object(Key=name, Body=base64.b64decode(content))',
  ].join('\n');
  await inBucket(to.real, to.namespace, folder, put, await inBucket(from.real, from.namespace, folder, print));
}

/** Deletes every object below a folder. */
export async function deleteBelow(real: Real, namespace: string, folder: string): Promise<void> {
  await inBucket(real, namespace, folder, 'bucket.objects.filter(Prefix=key).delete()');
}

/** Creates a bucket of another name, which this user may use. */
export async function createBucket(real: Real, namespace: string, name: string, user: string): Promise<void> {
  const create = [
    'import json',
    'user, client = key, bucket.meta.client',
    'client.create_bucket(Bucket=name)',
    "resources = [f'arn:aws:s3:::{name}', f'arn:aws:s3:::{name}/*']",
    "statement = {'Effect': 'Allow', 'Principal': {'AWS': [user]}, 'Action': 's3:*', 'Resource': resources}",
    "policy = {'Version': '2012-10-17', 'Statement': [statement]}",
    'client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))',
  ].join('\n');
  await inBucket(real, namespace, `s3://${name}/${user}`, create);
}

/** Deletes a bucket of another name, with what is in it. */
export async function deleteBucket(real: Real, namespace: string, name: string): Promise<void> {
  await inBucket(real, namespace, `s3://${name}/`, 'bucket.objects.delete()\nbucket.delete()');
}

export async function writeObject(real: Real, namespace: string, url: string): Promise<void> {
  await inBucket(real, namespace, url, "bucket.put_object(Key=key, Body=b'another server')");
}

/**
 * The servers that wrote the WAL files of a lineage, each by the first two bytes of its pages: another major version has others.
 * @param lineage the folder of the lineage
 */
export async function writersOf(real: Real, namespace: string, lineage: string): Promise<readonly string[]> {
  const print = [
    'import gzip, re',
    'for found in bucket.objects.filter(Prefix=key):',
    "    if re.search(r'/[0-9A-F]{24}\\.gz$', found.key):",
    "        print(gzip.decompress(found.get()['Body'].read())[:2].hex())",
  ].join('\n');
  const magics = (await inBucket(real, namespace, `${lineage}/wals/`, print)).split('\n');
  return [...new Set(magics.filter((magic) => magic !== ''))];
}

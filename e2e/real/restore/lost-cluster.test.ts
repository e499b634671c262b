// A Kubernetes cluster is lost, with everything but its bucket and the manifests: the databases come back in another one.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { down, up } from '../../../hack/cluster/cluster.ts';
import { e2eClusterName } from '../../../hack/e2e/cluster-name.ts';
import { installChart, provideImage, storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { copyBelow, objectsBelow, openBucket } from '../bucket.ts';
import { Document } from '../documents.ts';
import { Real, useReal } from '../real.ts';

const real = useReal();
const otherName = `${e2eClusterName}-next`;
const report = (): void => undefined;
let namespace = '';
let next: Real | undefined;

/** The manifest in git. */
const spec: AddonSpec = { plan: 'standard', backup: { storeRef: { name: storeName } } };

beforeAll(async () => {
  namespace = await real().namespace('lost');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'shop', spec);
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  await real().startApp(namespace, 'shop');
  await real().sql(namespace, 'shop', 'CREATE TABLE orders AS SELECT n, md5(n::text) FROM generate_series(1, 10000) n');
  // What is committed reaches the archive within five minutes, and with a base backup at once.
  const request = `addons.paas.dev/backup-now=${Date.now()}`;
  await real().kubectl(['annotate', 'pga', 'shop', request, '--namespace', namespace]);
  const isDone = '--for=jsonpath={.status.backup.now.result}=Completed';
  await real().kubectl(['wait', 'pga/shop', isDone, '--timeout=10m', '--namespace', namespace]);
});

afterAll(async () => {
  await next?.stop();
  await down(otherName, report);
});

it('a database of a lost cluster comes back in another one, from the bucket and the manifest alone', async () => {
  const sum = 'SELECT count(*), sum(n), md5(string_agg(md5, $$ $$ ORDER BY n)) FROM orders';
  const before = await real().sql(namespace, 'shop', sum);
  expect(before).toMatch(/^10000\|/);
  const { destinationPath = '' } = (real().addons.latest(namespace, 'shop').status as AddonStatus).backup ?? {};

  await down(otherName, report);
  const cluster = await up({ name: otherName, profile: 'node', report });
  await installChart(cluster, await provideImage(cluster, report), report);
  next = new Real(cluster);
  await next.kubectl(['create', 'namespace', namespace]);
  await next.client.apply(storeSecret(cluster, namespace));
  await Promise.all([openBucket(real(), namespace), openBucket(next, namespace)]);
  await copyBelow({ real: real(), namespace }, { real: next, namespace }, `${destinationPath}/`);

  // As the documentation says: the folders of the namespace have the server names.
  const documented = (await Document.read('docs/restore.md')).section('### A lost cluster').command('aws s3 ls');
  expect(documented).toMatch(/ s3:\/\/\S+\/team-a\/$/);
  expect(destinationPath.endsWith(`/${namespace}`)).toBe(true);
  const names = await objectsBelow(next, namespace, `${destinationPath}/`);
  const serverNames = new Set(names.map((name) => name.split('/')[0] ?? ''));
  expect(serverNames.size).toBe(1);
  const [serverName = ''] = serverNames;

  await next.apply(namespace, 'shop', { ...spec, restore: { from: { archive: { store: storeName, serverName } } } });
  await next.running(namespace, 'shop');
  await next.startApp(namespace, 'shop');
  expect(await next.sql(namespace, 'shop', sum)).toBe(before);
  // Its backups go on, under a name of their own.
  await next.reason(namespace, 'shop', 'BackupReady', 'InForce');
  expect((next.addons.latest(namespace, 'shop').status as AddonStatus).backup?.serverName).not.toBe(serverName);
});

// The commands of docs/backup.md, as they stand there, for a database of their own.
import { beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { storeName } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { storesFile } from '../../../src/stores-file.ts';
import { deleteBelow, objectsBelow, openBucket } from '../bucket.ts';
import { Desk, Document } from '../documents.ts';
import { useReal } from '../real.ts';

const real = useReal();
let namespace = '';
let document: Document;
let desk: Desk;

beforeAll(async () => {
  document = await Document.read('docs/backup.md');
  namespace = await real().namespace('docs');
  desk = await Desk.set(real(), namespace);
});

it('has no command that is not run here', () => {
  const request = ['request=', 'kubectl annotate', 'kubectl wait', 'kubectl wait'];
  const known = ['kubectl get pga', 'kubectl create secret', ...request, 'aws s3 rm'];
  expect(document.commands().map((line) => known.find((beginning) => line.startsWith(beginning)))).toEqual(known);
});

it('has values that the operator takes', () => {
  const values = document
    .blocks('yaml')
    .map((block) => parse(block) as { readonly backup?: unknown; readonly spec?: unknown });
  const stores = values.filter(({ backup }) => backup !== undefined);
  expect(stores).toHaveLength(4);
  for (const { backup } of stores) expect(storesFile.parse(backup)).toMatchObject({ defaultStore: 'main' });
});

it('brings up a database, says what can be restored, backs up now, and removes what is left in the bucket', async () => {
  const { accessKeyId, secretAccessKey, region } = real().cluster.objectStore ?? {};
  const secret = document
    .command('kubectl create secret')
    .replace('ACCESS_KEY_ID=...', `ACCESS_KEY_ID=${accessKeyId}`)
    .replace('SECRET_ACCESS_KEY=...', `SECRET_ACCESS_KEY=${secretAccessKey}`)
    .replace('REGION=eu-central-1', `REGION=${region}`);
  expect(await desk.run(secret)).toContain('secret/backup-credentials created');

  const [spec] = document
    .blocks('yaml')
    .map((block) => (parse(block) as { readonly spec?: AddonSpec }).spec)
    .filter((one) => one !== undefined);
  const { storeRef, ...backup } = spec?.backup ?? {};
  expect(storeRef).toEqual({ name: 'main' });
  await real().apply(namespace, 'shop', {
    plan: 'standard',
    ...spec,
    backup: { ...backup, storeRef: { name: storeName } },
  });
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  expect(await desk.run(document.command('kubectl get pga'))).toMatch(/^daily \{"from":"20[^"]+Z","to":"20[^"]+Z"\}$/);
  // Twice: the end of the first request must not be taken for that of the second.
  const [request = ''] = document.blocks('sh').filter((block) => block.includes('backup-now'));
  for (const number of [1, 2]) {
    expect(await desk.run(request.replace('$(date +%s)', `$(date +%s)-${number}`))).toMatch(
      /annotated(?:.*condition met){2}/s,
    );
    const { now } = (real().addons.latest(namespace, 'shop').status as AddonStatus).backup ?? {};
    expect(now).toMatchObject({ request: expect.stringMatching(new RegExp(`-${number}$`)), result: 'Completed' });
  }

  const { destinationPath, serverName } = (real().addons.latest(namespace, 'shop').status as AddonStatus).backup ?? {};
  const left = `${destinationPath}/${serverName}/`;
  // The AWS command line is not here; the folder that it is given is what matters.
  const documented =
    /^aws s3 rm --recursive s3:\/\/company-postgres\/production\/(team-a\/db-team-a-shop-[0-9a-f]{8}\/)$/;
  expect(document.command('aws s3 rm')).toMatch(documented);
  expect(left.replaceAll(namespace, 'team-a')).toMatch(/\/team-a\/db-team-a-shop-[0-9a-f]{8}\/$/);
  await openBucket(real(), namespace);
  expect((await objectsBelow(real(), namespace, left)).length).toBeGreaterThan(2);
  await real().kubectl(['delete', 'pga', 'shop', '--namespace', namespace, '--timeout=10m']);
  expect((await objectsBelow(real(), namespace, left)).length).toBeGreaterThan(2);
  await deleteBelow(real(), namespace, left);
  expect(await objectsBelow(real(), namespace, left)).toEqual([]);
});

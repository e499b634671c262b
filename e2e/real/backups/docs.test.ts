// The commands of docs/backup.md, as they stand there, for a database of their own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, it, jest } from '@jest/globals';
import { execa } from 'execa';
import { parse } from 'yaml';
import { storeName } from '../../../hack/install/operator.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { storesFile } from '../../../src/stores-file.ts';
import { deleteBelow, objectsBelow, openBucket } from '../bucket.ts';
import { minutes, useReal } from '../real.ts';

jest.setTimeout(minutes(10));

const real = useReal();
let namespace = '';
let document = '';

beforeAll(async () => {
  document = await readFile(join(repositoryRoot, 'docs/backup.md'), 'utf8');
  namespace = await real().namespace('docs');
});

/** The code blocks of a language. */
const blocksOf = (language: string): readonly string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);

/** The commands of the blocks for a shell, in their order; of a session, the lines after the prompt. */
function commands(): readonly string[] {
  const sessions = blocksOf('console').flatMap((block) =>
    [...block.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line),
  );
  const scripts = blocksOf('sh').flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'));
  return [...sessions, ...scripts];
}

/** The one that begins so. @throws Error if there is none, or another one */
function command(beginning: string): string {
  const [found, ...others] = commands().filter((line) => line.startsWith(beginning));
  if (found === undefined || others.length > 0) throw new Error(`docs/backup.md has not one command "${beginning}"`);
  return found;
}

/** Runs commands where `team-a` is the namespace of this test, and the present one. @returns what it printed */
async function run(line: string): Promise<string> {
  const { bin, kubeconfig } = real().cluster;
  const scratch = await mkdtemp(join(tmpdir(), 'docs-'));
  const own = join(scratch, 'kubeconfig');
  try {
    await writeFile(own, await readFile(kubeconfig), { mode: 0o600 });
    const env = { KUBECONFIG: own, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const here = 'kubectl config set-context --current --namespace team-a >/dev/null';
    const script = `set -e\n${here}\n${line}`.replaceAll('team-a', namespace);
    const { stdout } = await execa('bash', ['-c', script], { env });
    return stdout;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

it('has no command that is not run here', () => {
  const request = ['request=', 'kubectl annotate', 'kubectl wait', 'kubectl wait'];
  const known = ['kubectl get pga', 'kubectl create secret', ...request, 'aws s3 rm'];
  expect(commands().map((line) => known.find((beginning) => line.startsWith(beginning)))).toEqual(known);
});

it('has values that the operator takes', () => {
  const values = blocksOf('yaml').map(
    (block) => parse(block) as { readonly backup?: unknown; readonly spec?: unknown },
  );
  const stores = values.filter(({ backup }) => backup !== undefined);
  expect(stores).toHaveLength(4);
  for (const { backup } of stores) expect(storesFile.parse(backup)).toMatchObject({ defaultStore: 'main' });
});

it('brings up a database, says what can be restored, backs up now, and removes what is left in the bucket', async () => {
  const { accessKeyId, secretAccessKey, region } = real().cluster.objectStore ?? {};
  const secret = command('kubectl create secret')
    .replace('ACCESS_KEY_ID=...', `ACCESS_KEY_ID=${accessKeyId}`)
    .replace('SECRET_ACCESS_KEY=...', `SECRET_ACCESS_KEY=${secretAccessKey}`)
    .replace('REGION=eu-central-1', `REGION=${region}`);
  expect(await run(secret)).toContain('secret/backup-credentials created');

  const [spec] = blocksOf('yaml')
    .map((block) => (parse(block) as { readonly spec?: AddonSpec }).spec)
    .filter((one) => one !== undefined);
  const { storeRef, ...backup } = spec?.backup ?? {};
  expect(storeRef).toEqual({ name: 'main' });
  await real().apply(namespace, 'shop', {
    plan: 'standard',
    ...spec,
    backup: { ...backup, storeRef: { name: storeName } },
  });
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce', minutes(8));
  expect(await run(command('kubectl get pga'))).toMatch(/^daily \{"from":"20[^"]+Z","to":"20[^"]+Z"\}$/);
  // Twice: the end of the first request must not be taken for that of the second.
  const [request = ''] = blocksOf('sh').filter((block) => block.includes('backup-now'));
  for (const number of [1, 2]) {
    expect(await run(request.replace('$(date +%s)', `$(date +%s)-${number}`))).toMatch(
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
  expect(command('aws s3 rm')).toMatch(documented);
  expect(left.replaceAll(namespace, 'team-a')).toMatch(/\/team-a\/db-team-a-shop-[0-9a-f]{8}\/$/);
  await openBucket(real(), namespace);
  expect((await objectsBelow(real(), namespace, left)).length).toBeGreaterThan(2);
  await real().kubectl(['delete', 'pga', 'shop', '--namespace', namespace, '--timeout=2m']);
  expect((await objectsBelow(real(), namespace, left)).length).toBeGreaterThan(2);
  await deleteBelow(real(), namespace, left);
  expect(await objectsBelow(real(), namespace, left)).toEqual([]);
});

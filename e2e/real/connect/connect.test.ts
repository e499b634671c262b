// The commands and manifests of docs/connect.md, as they stand there: from this machine, which is no part of the cluster, with no other rights
// than those that the page names; and for an application in the cluster.
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { requireProgram } from '../../../hack/cluster/host/surroundings.ts';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';
import type { SslMode } from '../../../src/api/addon.ts';
import { sourceSecretName } from '../../../src/domain/names.ts';
import { isRunning, secretText } from '../../harness/views.ts';
import { clusterName, secretName } from '../belongings.ts';
import { Desk, Document } from '../documents.ts';
import { postgresImage, useReal } from '../real.ts';
import { Forward } from './forward.ts';

const real = useReal();
let namespace = '';
let document: Document;
/** Of somebody with every right, and of somebody with those of the page. */
let office: Desk;
let laptop: Desk;
let forward: Forward;

beforeAll(async () => {
  await requireProgram('psql', 'postgresql-client', (line) => console.error(line));
  document = await Document.read('docs/connect.md');
  namespace = await real().namespace('link');
  office = await Desk.set(real(), namespace);
  laptop = await Desk.set(real(), namespace);
  await ask('prefer');
});

/** Has the addon with this sslMode. */
async function ask(sslMode: SslMode): Promise<void> {
  await real().apply(namespace, 'shop', { plan: 'free', connection: { sslMode } });
  await real().running(namespace, 'shop');
  if (sslMode === 'verify-full') await real().reason(namespace, 'shop', 'ExtrasPublished', 'Published');
}

/** The manifest of a kind in the page. */
function manifest(kind: string): string {
  const [found, ...others] = document.blocks('yaml').filter((text) => text.includes(`\nkind: ${kind}\n`));
  if (found === undefined || others.length > 0) throw new Error(`the page has not one ${kind}`);
  return found;
}

const apply = (text: string): Promise<string> => office.run(`kubectl apply -f - <<'EOF'\n${text}\nEOF`);

/** Where the commands speak of the page's port, it is that of the forward. */
const ported = (command: string): string => command.replaceAll('15432', forward.port);

const url = async (): Promise<string> =>
  secretText(await real().client.get(secrets, namespace, secretName('shop')), 'DATABASE_URL');

/** Starts the forward of the page, at a port that is free. */
async function open(): Promise<Forward> {
  const command = document.section('## From a laptop').command('until kubectl port-forward');
  expect(command).toContain(' 15432:5432');
  return await Forward.open(real(), laptop, command, '15432');
}

/** Who logs in, and whether with TLS, by the page's commands for psql. @param beginning of the one that starts psql */
async function psql(beginning: string): Promise<string> {
  const section = document.section('### psql');
  const question = 'SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  const start = `PGCONNECT_TIMEOUT=60 ${section.command(beginning)} --no-align --tuples-only <<<'${question}'`;
  return await forward.through(() => laptop.run(ported(section.command('DATABASE_URL=')), start));
}
const plainly = 'PGHOSTADDR=127.0.0.1 psql';
const withTheCa = 'PGHOSTADDR=127.0.0.1 PGSSLROOTCERT=ca.crt psql';

/** Has an application for node-postgres on the laptop, which prints the same. @param client the expression that makes its client */
async function write(client: string): Promise<void> {
  const program = `
    const { readFileSync } = require('node:fs');
    const { Client } = require('pg');
    const client = ${client.replaceAll('team-a', namespace)};
    client.connect()
      .then(() => client.query('SELECT current_user AS user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))
      .then(({ rows: [{ user, ssl }] }) => { console.log(user + '|' + ssl); return client.end(); });`;
  await writeFile(join(laptop.folder, 'app.cjs'), program);
}

it('has no command that is not run here', () => {
  const laptops = ['until kubectl port-forward', 'kubectl get configmap', 'DATABASE_URL=', plainly, withTheCa];
  const others = ['kubectl get secret app-', 'export DATABASE_URL=', 'npm start', 'kubectl create rolebinding'];
  const known = [...laptops, ...others, 'kubectl rollout restart', 'kubectl rollout status'];
  expect(document.commands().map((line) => known.find((beginning) => line.startsWith(beginning)))).toEqual(known);
});

describe('from a laptop', () => {
  beforeAll(async () => {
    await apply(manifest('Role'));
    await office.run(document.section('### Rights').command('kubectl create rolebinding'));
    const config = parse(await readFile(laptop.kubeconfig, 'utf8'));
    for (const { user } of config.users) user.as = 'jane@example.com';
    await writeFile(laptop.kubeconfig, stringify(config));
    // The API server watches the roles: it can be a moment behind.
    await eventually('the rights', () => laptop.run('kubectl auth can-i create pods --subresource=portforward'));
    await symlink(join(repositoryRoot, 'node_modules'), join(laptop.folder, 'node_modules'));
    await writeFile(join(laptop.folder, 'package.json'), JSON.stringify({ scripts: { start: 'node app.cjs' } }));
    forward = await open();
  });

  it('the rights are not those of somebody who reads the key of the CA, or runs commands in pods', async () => {
    await expect(laptop.run('kubectl get secret db-team-a-shop-ca')).rejects.toThrow(
      /secrets "db-.*-shop-ca" is forbidden/,
    );
    const pod = `${clusterName(namespace, 'shop')}-1`;
    await expect(laptop.run(`kubectl exec ${pod} -- true`)).rejects.toThrow(/forbidden/);
  });

  it.each<SslMode>(['prefer', 'require'])('psql logs in with TLS, with sslMode: %s', async (sslMode) => {
    await ask(sslMode);
    expect(await psql(plainly)).toBe('app|t');
  });

  it('psql checks the certificate and the name with sslMode: verify-full, given both addresses', async () => {
    await ask('verify-full');
    await laptop.run(document.section('### The CA').command('kubectl get configmap'));
    expect(await readFile(join(laptop.folder, 'ca.crt'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(await psql(withTheCa)).toBe('app|t');
    // A client that has only one address is refused.
    const local = `PGSSLROOTCERT=ca.crt psql "${(await url()).replace(/@[^/]*/, `@localhost:${forward.port}`)}"`;
    const refused = 'does not match host name';
    const of = (command: string): Promise<string> => forward.through(() => laptop.run(`${command} </dev/null`));
    await expect(of(local)).rejects.toThrow(`${refused} "localhost"`);
    // The name is checked, not only the CA.
    const other = (await url()).replace(/@[^/]*/, `@other.${namespace}:${forward.port}`);
    await expect(of(`${withTheCa} "${other}"`)).rejects.toThrow(refused);
  });

  it('an application logs in without sslmode, also with sslMode: verify-full', async () => {
    expect(await url()).toMatch(/sslmode=verify-full$/);
    const commands = document.section('### A local application').commands().map(ported);
    await write('new Client(process.env.DATABASE_URL)');
    expect(await forward.through(() => laptop.run(...commands))).toContain('app|false');
  });

  it('an application checks the certificate by the name that its program has', async () => {
    const section = document.section('### A local application');
    const [client = ''] = section.blocks('js');
    await write(client);
    const start = (): Promise<string> => forward.through(() => laptop.run(...section.commands().map(ported)));
    expect(await start()).toContain('app|true');
    await write(client.replace('db-team-a-shop-rw', 'db-team-a-other-rw'));
    await expect(start()).rejects.toThrow("does not match certificate's altnames");
  });

  it('the password for a graphical client is printed', async () => {
    const command = document.section('### pgAdmin').command('kubectl get secret');
    expect(await laptop.run(command)).toBe(decodeURIComponent(new URL(await url()).password));
  });
});

describe('an application in the cluster', () => {
  const inPod = (script: string): Promise<string> => office.run(`kubectl exec deployment/shop -- bash -c '${script}'`);
  const login = (): Promise<string> =>
    inPod(
      'psql "$DATABASE_URL" --no-align --tuples-only --command "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"',
    );

  it('has the URL by either variable, and logs in with sslMode: verify-full', async () => {
    await ask('verify-full');
    const deployment = parse(manifest('Deployment'));
    const { spec } = deployment.spec.template;
    const [container] = spec.containers;
    Object.assign(container, { image: postgresImage, command: ['sleep', 'infinity'] });
    spec.terminationGracePeriodSeconds = 0;
    await apply(stringify(deployment));
    await office.run('kubectl rollout status deployment/shop --timeout=10m');
    expect(await inPod('test "$ORDERS_DATABASE" = "$DATABASE_URL" && echo "$DATABASE_URL"')).toBe(await url());
    expect(await login()).toBe('t');
  });

  it('has the password that it started with, until it is restarted by the commands of the page', async () => {
    const before = await url();
    await real().client.patch(secrets, namespace, sourceSecretName(clusterName(namespace, 'shop')), {
      data: { password: Buffer.from('another').toString('base64') },
    });
    const after = await eventually('another DATABASE_URL', async () => {
      const next = await url();
      if (next === before || next === '') throw new Error('still the one before');
      return next;
    });
    await eventually('the password of before to be refused', () =>
      expect(login()).rejects.toThrow('password authentication failed'),
    );
    expect(await inPod('echo "$DATABASE_URL"')).toBe(before);
    await office.run(...document.section('## In the cluster').commands());
    await eventually('the next URL', async () => expect(await inPod('echo "$DATABASE_URL"')).toBe(after));
    expect(await login()).toBe('t');
  });
});

describe('a forward', () => {
  it('loses its pod, and leads to the next one by itself', async () => {
    await real().running(namespace, 'shop');
    expect(await psql(withTheCa)).toBe('app|t');
    const before = forward.losses;
    const pod = `${clusterName(namespace, 'shop')}-1`;
    await real().kubectl(['delete', 'pod', pod, '--namespace', namespace, '--grace-period=0', '--force']);
    await real().addons.until(namespace, 'shop', 'not running', (state) => !isRunning(state));
    await real().running(namespace, 'shop');
    expect(await psql(withTheCa)).toBe('app|t');
    expect(forward.losses).toBeGreaterThan(before);
  });
});

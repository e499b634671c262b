// What applications with node-postgres need for `spec.connection.sslMode`, as its description says: node-postgres checks the certificate
// with `require` too, and `NODE_EXTRA_CA_CERTS` makes it accept the CA of the Cluster.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { parse } from 'yaml';
import { testCertificate } from '../kube/testing-certificate.ts';
import { letsIn, startServer, type TestServer } from './testing.ts';

const root = join(import.meta.dirname, '../..');
const certificate = testCertificate();
let folder = '';
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-'));
  await writeFile(join(folder, 'ca.crt'), certificate.certificate);
  server = await startServer({ tls: 'S', certificate, start: (client) => client.write(letsIn) });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const byUrl = 'new Client(process.env.DATABASE_URL)';

interface Application {
  /** The expression that makes the client; default: by its URL alone. */
  readonly client?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly of?: TestServer;
}

/** What an application that connects with DATABASE_URL prints. */
async function application(query: string, { client = byUrl, env, of = server }: Application = {}): Promise<string> {
  const program = `
    const { readFileSync } = require('node:fs');
    const { Client } = require('pg');
    const client = ${client};
    client.on('error', () => {});
    client.connect().then(() => 'connected', ({ message }) => message).then((said) => { console.log(said); process.exit(); });`;
  const url = `postgresql://app:secret@127.0.0.1:${of.port}/app${query}`;
  const { stdout } = await execa(process.execPath, ['--eval', program], {
    cwd: root,
    env: { PATH: process.env.PATH, DATABASE_URL: url, ...env },
    extendEnv: false,
  });
  return stdout;
}

describe('node-postgres', () => {
  it.each(['?sslmode=require', '?sslmode=verify-full'])('with %s refuses a CA that it does not know', async (query) => {
    expect(await application(query)).toMatch(/^self-signed certificate/);
  });

  it.each(['?sslmode=require', '?sslmode=verify-full'])(
    'with %s accepts that of NODE_EXTRA_CA_CERTS',
    async (query) => {
      expect(await application(query, { env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt') } })).toBe('connected');
    },
  );
});

/** As docs/connect.md says: what answers at 127.0.0.1 has the certificate of the Service. */
describe('node-postgres through a port-forward', () => {
  const ofService = testCertificate('db-team-a-shop-rw.team-a');
  let forward: TestServer;
  beforeAll(async () => {
    await writeFile(join(folder, 'service.crt'), ofService.certificate);
    forward = await startServer({ tls: 'S', certificate: ofService, start: (client) => client.write(letsIn) });
  });
  afterAll(() => forward.close());

  const through = (query: string, client = byUrl): Promise<string> =>
    application(query, { client, env: { NODE_EXTRA_CA_CERTS: join(folder, 'service.crt') }, of: forward });
  const refusal = "Hostname/IP does not match certificate's altnames";

  it.each(['?sslmode=require', '?sslmode=verify-full'])('with %s refuses the name, also with the CA', async (query) => {
    expect(await through(query)).toContain(refusal);
  });

  it('connects without sslmode', async () => {
    expect(await through('')).toBe('connected');
  });

  it('checks the name that the program gives it, unless an sslmode in the URL replaces that', async () => {
    const [example = ''] = /(?<=```js\n).*?(?=```)/s.exec(await readFile(join(root, 'docs/connect.md'), 'utf8')) ?? [];
    const client = example.replace("'ca.crt'", JSON.stringify(join(folder, 'service.crt')));
    expect(client).not.toBe(example);
    expect(await through('', client)).toBe('connected');
    expect(await through('', client.replace('db-team-a-shop-rw', 'db-team-a-other-rw'))).toContain(refusal);
    expect(await through('?sslmode=verify-full', client)).toContain(refusal);
  });
});

it('the description of sslMode and the README say so', async () => {
  const crd = parse(await readFile(join(root, 'crds/addons.paas.dev_postgresaddons.yaml'), 'utf8'));
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  const texts = [
    spec.properties.connection.properties.sslMode.description,
    await readFile(join(root, 'README.md'), 'utf8'),
  ];
  for (const text of texts)
    for (const word of [
      'node-postgres',
      'self-signed certificate in certificate chain',
      'NODE_EXTRA_CA_CERTS',
      'PGSSLROOTCERT',
    ])
      expect(String(text).replace(/\s+/g, ' ')).toContain(word);
});

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

/** What an application that connects with DATABASE_URL prints. */
async function application(query: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = `
    const client = new (require('pg').Client)(process.env.DATABASE_URL);
    client.on('error', () => {});
    client.connect().then(() => 'connected', ({ message }) => message).then((said) => { console.log(said); process.exit(); });`;
  const url = `postgresql://app:secret@127.0.0.1:${server.port}/app${query}`;
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
      expect(await application(query, { NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt') })).toBe('connected');
    },
  );
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

import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ensureAuthority, ensureCertificate, ensureServiceAccountKeys, subject } from './pki.ts';

describe('subject', () => {
  it('keeps groups apart and escapes what separates', () => {
    expect(subject({ commonName: 'system:node:n', organizations: ['system:nodes', 'b'] })).toBe(
      '/O=system:nodes/O=b/CN=system:node:n',
    );
    expect(subject({ commonName: 'a/b+c=d\\e' })).toBe('/CN=a\\/b\\+c\\=d\\\\e');
  });
});

describe('certificates', () => {
  it('are signed by the authority, say what was asked, and are made once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pki-'));
    try {
      const authority = new X509Certificate(await readFile((await ensureAuthority(directory)).certificate));
      const request = { commonName: 'server', alternativeNames: ['DNS:localhost', 'IP:127.0.0.1'] };
      const files = await ensureCertificate(directory, 'server', request);
      const certificate = new X509Certificate(await readFile(files.certificate));
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(certificate.checkHost('localhost')).toBe('localhost');
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(certificate.ca).toBe(false);

      const client = await ensureCertificate(directory, 'client', { commonName: 'a/b', organizations: ['x', 'y'] });
      const clientCertificate = new X509Certificate(await readFile(client.certificate));
      expect(clientCertificate.subject.split('\n')).toEqual(['O=x', 'O=y', 'CN=a/b']);

      await ensureServiceAccountKeys(directory);
      const before = await readFile(files.certificate, 'utf8');
      await ensureCertificate(directory, 'server', request);
      expect(await readFile(files.certificate, 'utf8')).toBe(before);
      expect((await readdir(directory)).sort()).toEqual(
        ['ca', 'client', 'server']
          .flatMap((name) => [`${name}.crt`, `${name}.key`])
          .concat('service-account.key', 'service-account.pub'),
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

import { createSecureContext } from 'node:tls';
import { expect, it } from '@jest/globals';
import { testCertificate } from './testing-certificate.ts';

it('is one that OpenSSL reads, whatever the length of the host', () => {
  for (let length = 1; length <= 60; length += 1) {
    const { certificate, key } = testCertificate('h'.repeat(length));
    expect(() => createSecureContext({ cert: certificate, key })).not.toThrow();
  }
});

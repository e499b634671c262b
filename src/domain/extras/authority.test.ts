// What is taken of the CA: certificates and nothing else, of bounded size, and never the key.
import { expect, it } from '@jest/globals';
import { testAuthorities } from '../../model/authority.ts';
import { aCluster, anAddon, aSource } from '../testing.ts';
import { authoritySecretOf, certificatesIn, withoutKey } from './authority.ts';

const cluster = aCluster(anAddon());
const [first, second] = testAuthorities;
const holding = (text: string) => ({
  ...aSource(cluster),
  data: { 'ca.crt': Buffer.from(text).toString('base64'), 'ca.key': 'c2VjcmV0' },
});

it.each<readonly [string, string, string | undefined]>([
  ['one', first, first],
  ['two', `${first}${second}`, `${first}${second}`],
  ['one with words around it', `a CA\n${first}and more\n`, first],
  ['one without a last line break', first.trimEnd(), first],
  ['none', '', undefined],
  ['words', 'no certificate', undefined],
  ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', undefined],
  ['one that is cut', `${first.slice(0, 200)}\n-----END CERTIFICATE-----\n`, undefined],
  ['a good and a bad one', `${first}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, undefined],
  ['too many', first.repeat(9), undefined],
  ['too much', `${first}${' '.repeat(40_000)}`, undefined],
])('of %s', (_, text, expected) => {
  expect(certificatesIn(holding(text))).toBe(expected);
});

it('a key is not kept, and what is kept is bounded', () => {
  const kept = withoutKey(holding('x'.repeat(1_000_000)));
  expect(Object.keys(kept.data ?? {})).toEqual(['ca.crt']);
  expect(kept.data?.['ca.crt']?.length).toBeLessThan(100_000);
  expect(certificatesIn(kept)).toBeUndefined();
  expect(certificatesIn(withoutKey(holding(first)))).toBe(first);
  expect(withoutKey({ ...aSource(cluster), data: {} }).data).toEqual({ 'ca.crt': '' });
});

it('is in the Secret that CNPG names', () => {
  expect(authoritySecretOf('db-a', undefined)).toBe('db-a-ca');
  expect(authoritySecretOf('db-a', cluster)).toBe('db-a-ca');
  const other = { ...cluster, status: { ...cluster.status, serverCASecret: 'own-ca' } };
  expect(authoritySecretOf('db-a', other)).toBe('own-ca');
});

it.each(['', '.', '..', '../secrets', 'A', 'a b', 'a'.repeat(254)])(
  'is not looked for by the name %j',
  (serverCASecret) => {
    expect(authoritySecretOf('db-a', { ...cluster, status: { ...cluster.status, serverCASecret } })).toBe('db-a-ca');
  },
);

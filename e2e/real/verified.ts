// A login of libpq that verifies the certificate of the server with the CA that the addon publishes.
import { expect } from '@jest/globals';
import { configMaps, secrets } from '../../hack/cluster/kinds.ts';
import { extraName, urlSecretName } from '../../src/domain/names.ts';
import { at, secretText } from '../harness/views.ts';
import { clusterName } from './belongings.ts';
import type { Real } from './real.ts';

/** The CA in the ConfigMap of an addon, in PEM. */
export async function publishedAuthority(real: Real, namespace: string, app: string): Promise<string> {
  return String(at(await real.client.get(configMaps, namespace, extraName('ca', app)), 'data', 'ca.crt'));
}

/** Logs in from the pod of the database, through its Service. @returns what psql prints, errors included */
export async function verifiedLogin(real: Real, namespace: string, app: string, ca: string): Promise<string> {
  const url = secretText(await real.client.get(secrets, namespace, urlSecretName(app)), 'DATABASE_URL');
  expect(new URL(url).searchParams.get('sslmode')).toBe('verify-full');
  const file = '/run/published-ca.crt';
  const put = `printf '%s' '${ca}' > ${file}`;
  const ask = `psql "${url}&sslrootcert=${file}" --no-align --tuples-only --command 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()' 2>&1`;
  const pod = `${clusterName(namespace, app)}-1`;
  return (await real.script({ namespace, pod, container: 'postgres' }, `${put} && ${ask} || true`)).trim();
}

/** It succeeds with the published CA. */
export async function expectVerified(real: Real, namespace: string, app: string): Promise<void> {
  expect(await verifiedLogin(real, namespace, app, await publishedAuthority(real, namespace, app))).toBe('t');
}

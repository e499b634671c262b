// What is in the objects besides the Secret with DATABASE_URL: of the forms of the credentials, one row each, the type of the Secret and its
// keys.
import type { ExtraForm, PostgresAddon } from '../../api/addon.ts';
import { type Credentials, databaseUrl, hostOf, port } from '../credentials/database-url.ts';
import { buildSecret, type ContentManifest } from '../credentials/url-secret.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';

interface Form {
  readonly type: string;
  /** @returns the keys and their values; one that is undefined has to be absent */
  readonly content: (of: Credentials, place: Place) => Readonly<Record<string, string | undefined>>;
}

/** Where a database is, and how a client is to connect to it. */
interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly sslMode: Target['sslMode'];
}

/** Those that hold credentials. */
export type CredentialsForm = Exclude<ExtraForm, 'ca'>;

const forms: Readonly<Record<CredentialsForm, Form>> = {
  'read-url': {
    type: 'Opaque',
    content: (credentials, place) => ({ DATABASE_URL: urlOf(credentials, place, 'ro') }),
  },
  /**
   * https://servicebinding.io/spec/core/1.1.0/ (well-known Secret entries); Spring Cloud Bindings also reads `database` and `sslmode`
   * (https://github.com/spring-cloud/spring-cloud-bindings).
   */
  servicebinding: {
    type: 'servicebinding.io/postgresql',
    content: (credentials, place) => ({
      type: 'postgresql',
      provider: 'cloudnative-pg',
      host: hostOf(place.cluster, place.namespace, 'rw'),
      port: `${port}`,
      uri: urlOf(credentials, place, 'rw'),
      username: credentials.username,
      password: credentials.password,
      database: credentials.database,
      sslmode: requestedMode(place),
    }),
  },
  /** https://www.postgresql.org/docs/current/libpq-envars.html */
  pgvars: {
    type: 'Opaque',
    content: ({ username, password, database }, place) => ({
      PGHOST: hostOf(place.cluster, place.namespace, 'rw'),
      PGPORT: `${port}`,
      PGUSER: username,
      PGPASSWORD: password,
      PGDATABASE: database,
      PGSSLMODE: requestedMode(place),
    }),
  },
};

/** As in the URL, `prefer` is not said: node-postgres takes PGSSLMODE=prefer for a mode that checks the certificate. */
function requestedMode({ sslMode }: Place): string | undefined {
  return sslMode === 'prefer' ? undefined : sslMode;
}

function urlOf(credentials: Credentials, { cluster, namespace, sslMode }: Place, service: 'rw' | 'ro'): string {
  return databaseUrl(credentials, cluster, namespace, sslMode, service);
}

/** A Secret of one form. @param credentials those of the database that the target describes */
export function buildExtra(
  addon: PostgresAddon,
  form: CredentialsForm,
  name: string,
  credentials: Credentials,
  { names: { cluster }, sslMode }: Target,
): ContentManifest {
  const { type, content } = forms[form];
  const { namespace } = addon.metadata;
  return buildSecret(addon, name, type, content(credentials, { cluster, namespace, sslMode }));
}

/** The ConfigMap with the CA. @param certificates in PEM */
export function buildCaConfigMap(addon: PostgresAddon, name: string, certificates: string): ContentManifest {
  const metadata = childMetadata(addon, name);
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'ca.crt': certificates } };
}

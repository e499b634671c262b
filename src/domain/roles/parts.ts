// What a login role is made of: the DatabaseRole that CNPG makes it from, the Secret with its password, and the Secret with its DATABASE_URL.
import { createHash } from 'node:crypto';
import type { PostgresAddon } from '../../api/addon.ts';
import { cnpgApiVersion, type DatabaseRoleSpec } from '../../api/cnpg.ts';
import type { Manifest, Secret } from '../../api/kubernetes.ts';
import type { RoleLevel } from '../../api/login.ts';
import { labelsOf, partsOf } from '../children.ts';
import { databaseUrl, hostOf, port, valueIn } from '../credentials/database-url.ts';
import { buildSecret, type ContentManifest } from '../credentials/url-secret.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';
import { roleName } from './asked.ts';

export interface DatabaseRoleManifest extends Manifest {
  readonly spec: DatabaseRoleSpec;
}

/**
 * @param access open: the role can log in; locked: it cannot, and has no password. It is never dropped: PostgreSQL refuses that as long as
 * it has any rights.
 */
export function buildDatabaseRole(
  addon: PostgresAddon,
  { names, owner }: Pick<Target, 'names' | 'owner'>,
  level: RoleLevel,
  access: 'open' | 'locked',
): DatabaseRoleManifest {
  const { role, login } = partsOf[level];
  const isOpen = access === 'open';
  return {
    apiVersion: cnpgApiVersion,
    kind: 'DatabaseRole',
    metadata: childMetadata(addon, names[role] ?? ''),
    spec: {
      cluster: { name: names.cluster },
      name: roleName(level, owner),
      comment: `made for spec.roles of PostgresAddon ${addon.metadata.name}`,
      login: isOpen,
      inRoles: isOpen && level === 'admin' ? [owner] : undefined,
      passwordSecret: isOpen ? { name: names[login] ?? '' } : undefined,
      disablePassword: isOpen ? undefined : true,
      databaseRoleReclaimPolicy: 'retain',
    },
  };
}

/** The password of a role that has none yet. @param entropy random text of 32 bytes */
export function newPassword(entropy: string, level: RoleLevel): string {
  return createHash('sha256').update(`${level} ${entropy}`).digest('base64url');
}

/** The password in the Secret of a role; undefined if it holds none that can be used. Secret. */
export function passwordIn(secret: Secret | undefined): string | undefined {
  return valueIn(secret?.data?.password);
}

/** The Secret that CNPG reads the password from, with all else that a client needs which takes no URL. */
export function buildLogin(
  addon: PostgresAddon,
  { names, owner, database }: Pick<Target, 'names' | 'owner' | 'database'>,
  level: RoleLevel,
  password: string,
): ContentManifest {
  const built = buildSecret(addon, names[partsOf[level].login] ?? '', 'kubernetes.io/basic-auth', {
    username: roleName(level, owner),
    password,
    endpoint: hostOf(names.cluster, addon.metadata.namespace, 'rw'),
    port: `${port}`,
    database,
  });
  const labels = { ...built.metadata.labels, ...labelsOf(partsOf[level].login) };
  return { ...built, metadata: { ...built.metadata, labels } };
}

/** The DATABASE_URL of a role. Secret. */
export function urlOf(
  addon: PostgresAddon,
  { names, owner, database, sslMode }: Pick<Target, 'names' | 'owner' | 'database' | 'sslMode'>,
  level: RoleLevel,
  password: string,
): string {
  const credentials = { username: roleName(level, owner), password, database };
  return databaseUrl(credentials, names.cluster, addon.metadata.namespace, sslMode);
}

// Computes the names of an addon's objects. Tests pin them, because a changed name means a lost database.
import { createHash } from 'node:crypto';
import type { ExtraForm } from '../api/addon.ts';
import { type RoleLevel, roleLevels } from '../api/login.ts';

/** CNPG rejects Cluster names longer than 50 characters, and appends suffixes (Jobs, Backups, Services). */
const clusterNameLimit = 40;
/** The Kubernetes limit for the name of a Secret. */
const secretNameLimit = 253;

/** `db-{tenantId}-{appId}`, cut to 40 characters. */
export function clusterName(tenantId: string, appId: string): string {
  return cut(`db-${tenantId}-${appId}`, clusterNameLimit);
}

/** `app-{appId}-database-url`, cut to 253 characters. */
export function urlSecretName(appId: string): string {
  return cut(`app-${appId}-database-url`, secretNameLimit);
}

const extraSuffixes = { 'read-url': 'read-url', servicebinding: 'binding', pgvars: 'pgvars', ca: 'ca' } as const;

/** `app-{appId}-database-` and `read-url`, `binding`, `pgvars` or `ca`, cut to 253 characters. */
export function extraName(form: ExtraForm, appId: string): string {
  return cut(`app-${appId}-database-${extraSuffixes[form]}`, secretNameLimit);
}

/** `{cluster}-{level}`, of the DatabaseRole of a login role besides the owner; not cut, since clusterName() leaves room for it. */
export function databaseRoleName(cluster: string, level: RoleLevel): string {
  return `${cluster}-${level}`;
}

/** The Cluster whose DatabaseRole has this name; the name itself if it does not have that form. */
export function clusterOfDatabaseRole(name: string): string {
  const level = roleLevels.find((one) => name.endsWith(`-${one}`));
  return level === undefined ? name : name.slice(0, -level.length - 1);
}

/** `app-{appId}-database-{level}`, of the Secret with the DATABASE_URL of a login role, cut to 253 characters. */
export function roleSecretName(level: RoleLevel, appId: string): string {
  return cut(`app-${appId}-database-${level}`, secretNameLimit);
}

/** `app-{appId}-database-{level}-login`, of the Secret with its password, cut to 253 characters. */
export function roleLoginName(level: RoleLevel, appId: string): string {
  return cut(`app-${appId}-database-${level}-login`, secretNameLimit);
}

/** CNPG's Secret with the credentials of the application's role. */
export function sourceSecretName(cluster: string): string {
  return `${cluster}-app`;
}

/** CNPG's Secret with the CA that signs the certificate of the server, and its key. */
export function authoritySecretName(cluster: string): string {
  return `${cluster}-ca`;
}

const originStoreSuffix = '.origin';

/** `{cluster}.origin`: no Cluster has a dot in its name, so that no other addon's ObjectStore has this one. */
export function originStoreName(cluster: string): string {
  return `${cluster}${originStoreSuffix}`;
}

/** The Cluster whose ObjectStore has this name. */
export function clusterOfObjectStore(name: string): string {
  return name.endsWith(originStoreSuffix) ? name.slice(0, -originStoreSuffix.length) : name;
}

/** `{cluster}-redaction`, of the Job that changes the data of a restored database before it is used. */
export function redactionJobName(cluster: string): string {
  return `${cluster}-redaction`;
}

const drillPrefix = 'drill-';

/** `drill-{cluster}`: no Cluster of an addon begins so. */
export function drillName(cluster: string): string {
  return `${drillPrefix}${cluster}`;
}

const scheduledBackupSuffix = '-daily';

/** `{cluster}-daily`; not cut, since clusterName() leaves room for it. */
export function scheduledBackupName(cluster: string): string {
  return `${cluster}${scheduledBackupSuffix}`;
}

/** The Cluster whose ScheduledBackup has this name; the name itself if it does not have that form. */
export function clusterOfScheduledBackup(name: string): string {
  return name.endsWith(scheduledBackupSuffix) ? name.slice(0, -scheduledBackupSuffix.length) : name;
}

/** What CNPG keeps in a volume claim, by its name; undefined if the claim has not the name of any of that Cluster. */
export function volumeOf(cluster: string, claim: string): 'data' | 'other' | undefined {
  if (!claim.startsWith(`${cluster}-`)) return undefined;
  const rest = claim.slice(cluster.length + 1);
  if (/^\d{1,9}$/.test(rest)) return 'data';
  return /^\d{1,9}-(?:wal|tbs-.+)$/.test(rest) ? 'other' : undefined;
}

/**
 * `name` if it has at most `limit` characters; otherwise its beginning and 8 hex digits of its SHA-256, so that two long names do not
 * collide. The beginning never ends in "-".
 */
export function cut(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, limit - hash.length - 1).replace(/(?<!-)-+$/, '')}-${hash}`;
}

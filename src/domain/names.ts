// The names of everything an addon owns. Pinned by tests: a changed name is a lost database.
import { createHash } from 'node:crypto';

/** CNPG refuses Cluster names above 50; the head-room below is for what CNPG appends (Jobs, Backups, Services). */
const clusterNameLimit = 40;
/** Kubernetes' limit for the name of a Secret. */
const secretNameLimit = 253;

/** `db-{tenantId}-{appId}`, cut to 40 characters. */
export function clusterName(tenantId: string, appId: string): string {
  return cut(`db-${tenantId}-${appId}`, clusterNameLimit);
}

/** `app-{appId}-database-url`, cut to 253 characters. */
export function urlSecretName(appId: string): string {
  return cut(`app-${appId}-database-url`, secretNameLimit);
}

/** The Secret in which CNPG keeps the credentials of the application's role. */
export function sourceSecretName(cluster: string): string {
  return `${cluster}-app`;
}

const scheduledBackupSuffix = '-daily';

export function scheduledBackupName(cluster: string): string {
  return `${cluster}${scheduledBackupSuffix}`;
}

/** The Cluster whose ScheduledBackup would have this name; the name itself when it is not made that way. */
export function clusterOfScheduledBackup(name: string): string {
  return name.endsWith(scheduledBackupSuffix) ? name.slice(0, -scheduledBackupSuffix.length) : name;
}

/**
 * `name` verbatim when it has at most `limit` characters; otherwise its head and 8 hex digits of the SHA-256 of all of it,
 * so that two long names do not meet. The head never ends in "-".
 */
export function cut(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, limit - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}

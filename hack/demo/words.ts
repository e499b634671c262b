// What the demo says of backups at its end.
import type { AddonStatus } from '../../src/api/addon.ts';

/** What could be restored now, in words. */
export function backupInWords({ backup = {} }: AddonStatus): string {
  const { effective = 'none', recoveryWindow: { from, to = 'the last WAL file' } = {} } = backup;
  return from === undefined ? `BACKUP ${effective}` : `BACKUP ${effective}: ${from} to ${to}`;
}

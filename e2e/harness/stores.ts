// The object stores of the operators under test, as the chart would pass them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../../hack/cluster/cluster.ts';

/** One store for all: what the simulator writes there is kept in memory. */
export const oneStore = {
  defaultStore: 'main',
  stores: {
    main: {
      destination: 's3://backups',
      endpointURL: 'https://s3.invalid',
      s3Credentials: {
        accessKeyId: { name: 'backup-credentials', key: 'ACCESS_KEY_ID' },
        secretAccessKey: { name: 'backup-credentials', key: 'SECRET_ACCESS_KEY' },
      },
      retention: { min: '3d', max: '60d' },
    },
  },
};

/** @returns the environment of an operator with these stores */
export async function environmentWith(
  { stateDirectory }: Cluster,
  stores: object,
): Promise<Readonly<Record<string, string>>> {
  const path = join(stateDirectory, 'stores.json');
  await writeFile(path, JSON.stringify(stores));
  return { STORES_FILE: path };
}

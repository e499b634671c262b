// The schema of the file with the object stores that the platform team declares. A mistake in it is found at start, in words, and not by the
// first backup.
import { z } from 'zod';
import { daysOf } from './domain/backup/retention.ts';
import type { Stores } from './domain/backup/stores.ts';

/** As Kubernetes names them. */
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: 'must be a DNS label' });

const keyOfSecret = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, { error: 'must be the name of a Secret' }),
  key: z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, { error: 'must be a key of a Secret' }),
});
const optionalKey = keyOfSecret.optional();
const yes = z.literal(true, { error: 'must be true, or left out' }).optional();

/** What is none ends the checks of its store: it cannot be compared with another one. */
const retention = z.string().regex(/^[1-9]\d{0,3}[dwm]$/, {
  error: 'must be a number of days, weeks or months such as 14d, 2w or 1m',
  abort: true,
});

const s3 = z
  .strictObject({
    inheritFromIAMRole: yes,
    accessKeyId: optionalKey,
    secretAccessKey: optionalKey,
    region: optionalKey,
    sessionToken: optionalKey,
  })
  .refine(
    ({ inheritFromIAMRole, accessKeyId, secretAccessKey }) =>
      inheritFromIAMRole === true
        ? accessKeyId === undefined && secretAccessKey === undefined
        : accessKeyId !== undefined && secretAccessKey !== undefined,
    { error: 'must have either inheritFromIAMRole or both accessKeyId and secretAccessKey' },
  );

const azure = z
  .strictObject({
    inheritFromAzureAD: yes,
    useDefaultAzureCredentials: yes,
    connectionString: optionalKey,
    storageAccount: optionalKey,
    storageKey: optionalKey,
    storageSasToken: optionalKey,
  })
  .refine(
    (keys) => {
      const ways = [
        keys.inheritFromAzureAD === true,
        keys.useDefaultAzureCredentials === true,
        keys.connectionString !== undefined,
        keys.storageAccount !== undefined,
      ];
      const isComplete =
        keys.storageAccount === undefined || (keys.storageKey === undefined) !== (keys.storageSasToken === undefined);
      return ways.filter(Boolean).length === 1 && isComplete;
    },
    {
      error:
        'must have one of inheritFromAzureAD, useDefaultAzureCredentials, connectionString, or storageAccount with storageKey or storageSasToken',
    },
  );

const google = z
  .strictObject({ gkeEnvironment: yes, applicationCredentials: optionalKey })
  .refine((keys) => (keys.gkeEnvironment === true) !== (keys.applicationCredentials !== undefined), {
    error: 'must have either gkeEnvironment or applicationCredentials',
  });

const store = z
  .strictObject({
    destination: z.string().regex(/^(s3|gs|https):\/\/[^/\s]+(\/[^\s?#]*)?$/, {
      error: 'must begin with s3://, gs:// or, for Azure, https://',
    }),
    endpointURL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
    endpointCA: optionalKey,
    s3Credentials: s3.optional(),
    azureCredentials: azure.optional(),
    googleCredentials: google.optional(),
    wal: z
      .strictObject({
        compression: z.enum(['bzip2', 'gzip', 'lz4', 'snappy', 'xz', 'zstd']).optional(),
        encryption: z.enum(['AES256', 'aws:kms']).optional(),
        maxParallel: z.int().min(1).max(64).optional(),
      })
      .optional(),
    data: z
      .strictObject({
        compression: z.enum(['bzip2', 'gzip', 'lz4', 'snappy']).optional(),
        encryption: z.enum(['AES256', 'aws:kms']).optional(),
        jobs: z.int().min(1).max(64).optional(),
        immediateCheckpoint: z.boolean().optional(),
      })
      .optional(),
    checksums: z.enum(['WhenRequired', 'WhenSupported']).default('WhenRequired'),
    retention: z.strictObject({ min: retention.default('1d'), max: retention.default('90d') }).prefault({}),
    namespaces: z.array(dnsLabel).default([]),
    serviceAccountAnnotations: z.record(z.string(), z.string()).default({}),
  })
  .refine(
    ({ s3Credentials, azureCredentials, googleCredentials }) =>
      [s3Credentials, azureCredentials, googleCredentials].filter((one) => one !== undefined).length === 1,
    { error: 'must have one of s3Credentials, azureCredentials and googleCredentials' },
  )
  .refine(({ destination, ...keys }) => keys[credentialsOf(destination)] !== undefined, {
    error:
      'has credentials of another kind than its destination: s3:// needs s3Credentials, gs:// googleCredentials, https:// azureCredentials',
  })
  .refine(({ retention: { min, max } }) => daysOf(min) <= daysOf(max), {
    error: 'has retention.min above retention.max',
  });

function credentialsOf(destination: string): 's3Credentials' | 'azureCredentials' | 'googleCredentials' {
  if (destination.startsWith('s3:')) return 's3Credentials';
  return destination.startsWith('gs:') ? 'googleCredentials' : 'azureCredentials';
}

/** `defaultStore` and `stores`, as in the chart's values below `backup`. */
export const storesFile = z
  .strictObject({ defaultStore: dnsLabel.optional(), stores: z.record(dnsLabel, store).default({}) })
  .refine(({ defaultStore, stores }) => defaultStore === undefined || Object.hasOwn(stores, defaultStore), {
    error: 'defaultStore is not one of stores',
  }) as unknown as z.ZodType<Stores>;

// The file with the object stores: a mistake is named at start, by its field.
import { describe, expect, it } from '@jest/globals';
import { storesFile } from './stores-file.ts';

const s3 = { destination: 's3://backups', s3Credentials: { inheritFromIAMRole: true } };
const gs = { destination: 'gs://backups', googleCredentials: { gkeEnvironment: true } };
const azure = { destination: 'https://a.blob.core.windows.net/b', azureCredentials: { inheritFromAzureAD: true } };
const key = { name: 'keys', key: 'id' };

/** The problems of a file with one store, as `field: message`. */
function problemsOf(store: object): readonly string[] {
  const { error } = storesFile.safeParse({ stores: { main: store } });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

it('an empty file declares no store', () => {
  expect(storesFile.parse({})).toEqual({ stores: {} });
});

it('what a store does not say has a default', () => {
  expect(storesFile.parse({ stores: { main: s3 } })).toEqual({
    stores: {
      main: {
        ...s3,
        checksums: 'WhenRequired',
        retention: { min: '1d', max: '90d' },
        namespaces: [],
        serviceAccountAnnotations: {},
      },
    },
  });
  expect(storesFile.parse({ stores: { main: { ...s3, retention: { max: '2w' } } } })).toMatchObject({
    stores: { main: { retention: { min: '1d', max: '2w' } } },
  });
});

it('the default store is one of the stores', () => {
  expect(storesFile.safeParse({ defaultStore: 'main', stores: { main: s3 } }).success).toBe(true);
  const { error } = storesFile.safeParse({ defaultStore: 'other', stores: { main: s3 } });
  expect(error?.issues).toMatchObject([{ message: 'defaultStore is not one of stores' }]);
});

describe('the credentials', () => {
  it.each([
    { accessKeyId: key, secretAccessKey: key },
    { accessKeyId: key, secretAccessKey: key, region: key, sessionToken: key },
    { inheritFromIAMRole: true, region: key },
  ])('for S3 can be %j', (s3Credentials) => expect(problemsOf({ ...s3, s3Credentials })).toEqual([]));

  it.each([
    {},
    { accessKeyId: key },
    { secretAccessKey: key },
    { inheritFromIAMRole: true, accessKeyId: key },
    { inheritFromIAMRole: true, secretAccessKey: key },
  ])('for S3 cannot be %j', (s3Credentials) =>
    expect(problemsOf({ ...s3, s3Credentials })).toEqual([
      'stores.main.s3Credentials: must have either inheritFromIAMRole or both accessKeyId and secretAccessKey',
    ]),
  );

  it.each([
    { inheritFromAzureAD: true },
    { useDefaultAzureCredentials: true },
    { connectionString: key },
    { storageAccount: key, storageKey: key },
    { storageAccount: key, storageSasToken: key },
  ])('for Azure can be %j', (azureCredentials) => expect(problemsOf({ ...azure, azureCredentials })).toEqual([]));

  it.each([
    {},
    { inheritFromAzureAD: true, useDefaultAzureCredentials: true },
    { connectionString: key, storageAccount: key, storageKey: key },
    { storageAccount: key },
    { storageAccount: key, storageKey: key, storageSasToken: key },
  ])('for Azure cannot be %j', (azureCredentials) =>
    expect(problemsOf({ ...azure, azureCredentials })).toEqual([
      expect.stringMatching(/^stores\.main\.azureCredentials: must have one of inheritFromAzureAD, /),
    ]),
  );

  it.each([{ gkeEnvironment: true }, { applicationCredentials: key }])('for Google can be %j', (googleCredentials) =>
    expect(problemsOf({ ...gs, googleCredentials })).toEqual([]),
  );

  it.each([{}, { gkeEnvironment: true, applicationCredentials: key }])('for Google cannot be %j', (googleCredentials) =>
    expect(problemsOf({ ...gs, googleCredentials })).toEqual([
      'stores.main.googleCredentials: must have either gkeEnvironment or applicationCredentials',
    ]),
  );

  it('are of one kind, which is that of the destination', () => {
    expect(problemsOf({ destination: s3.destination })).toContain(
      'stores.main: must have one of s3Credentials, azureCredentials and googleCredentials',
    );
    expect(problemsOf({ ...gs, ...s3 })).toEqual([
      'stores.main: must have one of s3Credentials, azureCredentials and googleCredentials',
    ]);
    for (const { destination } of [s3, gs, azure])
      for (const { destination: own, ...credentials } of [s3, gs, azure])
        expect(problemsOf({ ...credentials, destination })).toEqual(
          own === destination ? [] : [expect.stringMatching(/^stores\.main: has credentials of another kind/)],
        );
  });
});

it.each<readonly [string, readonly unknown[], readonly unknown[]]>([
  ['destination', ['s3://b', 's3://b/folder/a'], ['b', 'file:///b', 's3://', 's3://b c', 's3://b/?q']],
  ['endpointURL', ['http://minio:9000', 'https://s3.example'], ['minio:9000', 'ftp://s3.example']],
  ['endpointCA', [key], [{ name: 'ca' }, { name: 'CA', key: 'ca.crt' }, { name: 'ca', key: 'ca crt' }]],
  ['wal.compression', ['bzip2', 'gzip', 'lz4', 'snappy', 'xz', 'zstd'], ['zip']],
  ['wal.encryption', ['AES256', 'aws:kms'], ['none']],
  ['wal.maxParallel', [1, 64], [0, 65, 1.5]],
  ['data.compression', ['bzip2', 'gzip', 'lz4', 'snappy'], ['zstd']],
  ['data.encryption', ['AES256', 'aws:kms'], ['none']],
  ['data.jobs', [1, 64], [0, 65, 1.5]],
  ['data.immediateCheckpoint', [true, false], ['yes']],
  ['checksums', ['WhenRequired', 'WhenSupported'], ['Never']],
  ['retention.min', ['1d', '12w', '2m'], ['0d', '1y', '14']],
  ['retention.max', ['1d', '9999m'], ['0d', '1y', '14']],
  ['namespaces', [['team-a'], []], [['Team_A'], 'team-a']],
  ['serviceAccountAnnotations', [{ 'eks.amazonaws.com/role-arn': 'arn' }], [{ a: 1 }]],
])('takes of %s exactly the values %j, and not %j', (field, values, others) => {
  const [outer = '', inner] = field.split('.');
  const set = (value: unknown) => problemsOf({ ...s3, [outer]: inner === undefined ? value : { [inner]: value } });
  for (const value of values) expect(set(value)).toEqual([]);
  for (const value of others) expect(set(value)[0]).toMatch(new RegExp(`^stores[.]main[.]${field}`));
});

it('the shortest retention can be the longest, and is not above it', () => {
  expect(problemsOf({ ...s3, retention: { min: '2w', max: '14d' } })).toEqual([]);
  expect(problemsOf({ ...s3, retention: { min: '15d', max: '2w' } })).toEqual([
    'stores.main: has retention.min above retention.max',
  ]);
});

it('an unknown field, a switch that is off and a name that is none are refused', () => {
  expect(problemsOf({ ...s3, bucket: 'b' })[0]).toMatch(/bucket/);
  expect(problemsOf({ ...s3, s3Credentials: { inheritFromIAMRole: false } })[0]).toMatch(/must be true, or left out/);
  expect(storesFile.safeParse({ stores: { Main: s3 } }).success).toBe(false);
  expect(storesFile.safeParse({ store: {} }).success).toBe(false);
});

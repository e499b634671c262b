// The texts are those of kube-apiserver 1.36.3, as observed by the integration tests.
import { describe, expect, it } from '@jest/globals';
import { type Action, createOther, setFinalizers } from '../domain/decision.ts';
import { anAddon } from '../domain/testing.ts';
import { ApiError } from '../kube/errors.ts';
import { classify } from './api-errors.ts';

const manifest = {
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: 'db-a-shop', namespace: 'a' },
};
const create: Action = { verb: 'create', child: 'cluster', concern: 'database', manifest };
const remove: Action = {
  verb: 'delete',
  child: 'scheduledBackup',
  concern: 'backup',
  name: 'db-a-shop-daily',
  uid: 'u',
  resourceVersion: '1',
};
const failed = (code: number, reason: string, message = ''): ApiError => new ApiError({ code, reason, message });

it.each([
  ['no answer', failed(0, 'Network', 'reset'), 'unavailable'],
  ['a timeout', failed(0, 'Timeout', 'no answer'), 'unavailable'],
  ['an expired token', failed(401, 'Unauthorized'), 'unavailable'],
  ['a slow request', failed(408, 'RequestTimeout'), 'unavailable'],
  ['too many requests', failed(429, 'TooManyRequests'), 'unavailable'],
  ['a server error', failed(500, 'InternalError', 'etcdserver: leader changed'), 'unavailable'],
  ['a gateway', failed(503, 'ServiceUnavailable'), 'unavailable'],
  ['a taken name', failed(409, 'Conflict', 'the object has been modified'), 'stale'],
])('%s says nothing about the addon', (_, error, kind) => {
  expect(classify(error, create).kind).toBe(kind);
});

it.each([
  [
    'QuotaExceeded',
    failed(403, 'Forbidden', 'clusters "x" is forbidden: exceeded quota: q, requested: count/clusters=1'),
  ],
  [
    'NamespaceTerminating',
    failed(
      403,
      'Forbidden',
      'clusters "x" is forbidden: unable to create new content in namespace a because it is being terminated',
    ),
  ],
  ['NamespaceTerminating', failed(404, 'NotFound', 'namespaces "a" not found')],
  [
    'Forbidden',
    failed(
      403,
      'Forbidden',
      'clusters is forbidden: User "u" cannot create resource "clusters" in API group "postgresql.cnpg.io"',
    ),
  ],
  ['Refused', failed(403, 'Forbidden', "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no pro here")],
  // A webhook chooses its code and its words.
  ...[400, 403, 404, 409, 410, 422, 429, 500, 503, 504].flatMap((code) =>
    [
      'no',
      'this team has exceeded quota: of databases',
      'clusters "x" is forbidden: exceeded quota: q',
      'because it is being terminated',
      'namespaces "a" not found',
      'clusters is forbidden: User "u" cannot create resource "clusters"',
      'failed calling webhook "x.cnpg.io"',
    ].map((words) => ['Refused', failed(code, '', `admission webhook "w" denied the request: ${words}`)] as const),
  ),
  [
    'Refused',
    failed(
      403,
      '',
      'clusters "x" is forbidden: ValidatingAdmissionPolicy \'p\' denied request: exceeded quota: of databases',
    ),
  ],
  ['Refused', failed(422, 'Invalid', 'Cluster "x" is invalid: spec.instances')],
  ['Refused', failed(413, 'RequestEntityTooLarge', 'too large')],
  ['CNPGNotInstalled', failed(404, 'NotFound', 'the server could not find the requested resource')],
  [
    'CNPGOutdated',
    failed(
      500,
      '',
      'failed to create typed patch object (a/x; postgresql.cnpg.io/v1, Kind=Cluster): .spec.postgresql.synchronous: field not declared in schema',
    ),
  ],
  ['CNPGUnavailable', failed(500, 'InternalError', 'failed calling webhook "mcluster.cnpg.io": connection refused')],
] as const)('%s, with the message of the server', (reason, error) => {
  const meaning = classify(error, create);
  expect(meaning).toMatchObject({ kind: 'refused', verdict: { reason } });
  if (meaning.kind === 'refused') expect(meaning.verdict.message).toBe(`create Cluster db-a-shop: ${error.message}`);
});

describe('deleting', () => {
  it('an object that no longer exists is done', () => {
    expect(classify(failed(404, 'NotFound'), remove)).toEqual({ kind: 'done' });
  });
  it('an object that was replaced is left unchanged', () => {
    expect(classify(failed(409, 'Conflict'), remove)).toEqual({ kind: 'stale' });
  });
  it('an object that may not be deleted is named', () => {
    const message = 'delete ScheduledBackup db-a-shop-daily: no';
    expect(classify(failed(422, 'Invalid', 'no'), remove)).toMatchObject({ verdict: { message } });
  });
});

describe('a Backup whose name stands for one request', () => {
  const backup = createOther('backup', {
    ...manifest,
    kind: 'Backup',
    metadata: { name: 'db-a-shop-now-1', namespace: 'a' },
  });

  it.each([
    'Operation cannot be fulfilled on backups.postgresql.cnpg.io "db-a-shop-now-1": the object has been modified',
    'backups.postgresql.cnpg.io "db-a-shop-now-1" already exists',
  ])('and is taken was created before: it is done: %s', (message) => {
    expect(classify(failed(409, 'Conflict', message), backup)).toEqual({ kind: 'done' });
  });
  it('was not created in a conflict about something else', () => {
    const message = 'Operation cannot be fulfilled on resourcequotas "small": the object has been modified';
    expect(classify(failed(409, 'Conflict', message), backup)).toEqual({ kind: 'stale' });
  });
  it('and has changed since it was read is not deleted', () => {
    expect(classify(failed(409, 'Conflict'), { ...remove, child: 'backup' })).toEqual({ kind: 'stale' });
  });
});

describe('the addon itself', () => {
  const finalizers = setFinalizers(anAddon(), []);
  const undeclared = '.metadata.other: field not declared in schema';

  it('that no longer exists is for the watch to report', () => {
    expect(classify(failed(404, 'NotFound', 'not found'), finalizers)).toEqual({ kind: 'stale' });
  });
  it.each([
    ['a policy', failed(403, 'Forbidden', 'denied request: no')],
    ['the schema', failed(500, '', undeclared)],
  ])('is named when %s refuses its finalizers', (_, error) => {
    const message = `apply PostgresAddon shop: ${error.message}`;
    expect(classify(error, finalizers)).toEqual({ kind: 'refused', verdict: { reason: 'Refused', message } });
  });
});

const secret: Action = {
  verb: 'create',
  child: 'urlSecret',
  concern: 'credentials',
  manifest: { ...manifest, kind: 'Secret' },
};

it.each([
  ['not served', failed(404, 'NotFound', 'the server could not find the requested resource')],
  ['served with another schema', failed(500, '', '.data: field not declared in schema')],
])('a kind of Kubernetes itself that is %s is a refusal like any other: nothing has to be installed', (_, error) => {
  expect(classify(error, secret)).toMatchObject({ kind: 'refused', verdict: { reason: 'Refused' } });
});

const quote = 'data: "postgresql://u:p@h/d"';

it.each([
  ['the schema', failed(422, 'Invalid', quote)],
  ['a policy', failed(403, 'Forbidden', `denied the request: ${quote}`)],
  ['a webhook', failed(400, 'BadRequest', quote)],
  ['a webhook that does not answer', failed(500, 'InternalError', `failed calling webhook: ${quote}`)],
])('a Secret refused by %s is reported without text that could quote it', (_, error) => {
  const meaning = classify(error, secret);
  expect(meaning).toMatchObject({ kind: 'refused', verdict: { reason: 'Refused' } });
  expect(JSON.stringify(meaning)).not.toContain('postgresql://');
});

// The reads of the served schema against a scripted API server: when, and what is reported of the answers.
import { afterEach, expect, it } from '@jest/globals';
import { addonGvr } from '../api/addon.ts';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import type { Schema } from '../api/schema.ts';
import { ApiError } from '../kube/errors.ts';
import { HandTransport } from '../kube/testing.ts';
import type { ApiRequest } from '../kube/transport.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import { ServedSchema } from './served-schema.ts';

const { group, version, kind } = addonGvr;
const document = (schema: Schema): unknown => ({
  components: { schemas: { it: { ...schema, 'x-kubernetes-group-version-kind': [{ group, version, kind }] } } },
});

const { primary: _, ...others } = addonSchema.properties?.status?.properties ?? {};
const older = { ...addonSchema, properties: { ...addonSchema.properties, status: { properties: others } } };

class Fixture {
  readonly transport = new HandTransport();
  readonly clock = new ManualClock();
  readonly said: string[] = [];
  changes = 0;
  readonly schema = new ServedSchema({
    transport: this.transport,
    clock: this.clock,
    log: {
      info: (message: string) => void this.said.push(`info ${message}`),
      warn: (message: string, fields?: Record<string, unknown>) =>
        void this.said.push(`warn ${message}: ${fields?.missing ?? fields?.error}`),
    },
    onChange: () => {
      this.changes += 1;
    },
  });

  async answer(value: unknown): Promise<void> {
    const call = await this.transport.call();
    expect(call.request).toEqual({ method: 'GET', path: '/openapi/v3/apis/addons.paas.dev/v1alpha1' });
    if (value instanceof Error) call.fail(value);
    else call.answer(value);
    await settle();
  }
}

let fixture = new Fixture();
const start = (): Fixture => {
  fixture = new Fixture();
  fixture.schema.start();
  return fixture;
};
afterEach(() => fixture.schema.stop());

it('says once what an older CRD lacks, and says when it is replaced; each change concerns all addons', async () => {
  const f = start();
  expect(f.schema.wasRead).toBe(false);
  await f.answer(document(older));
  expect(f.schema).toMatchObject({ wasRead: true, missing: ['status.primary'], ofStatus: older.properties.status });
  expect(f.changes).toBe(1);
  await f.clock.advance(60_000);
  await f.answer(document(older));
  expect(f.changes).toBe(1);
  await f.clock.advance(60_000);
  await f.answer(document(addonSchema));
  expect(f.schema).toMatchObject({ missing: [], ofStatus: undefined });
  expect(f.changes).toBe(2);
  expect(f.said).toEqual([
    'warn the installed CRD is not that of this operator version: status.primary',
    'info the installed CRD is that of this operator version',
  ]);
});

it('reads once a minute', async () => {
  const f = start();
  await f.answer(document(addonSchema));
  await f.clock.advance(59_000);
  expect(f.transport.waiting).toBe(0);
  await f.clock.advance(1000);
  expect(f.transport.waiting).toBe(1);
});

it('reads as late as the API server asks, if that is later', async () => {
  const f = start();
  const busy = (retryAfterSeconds: number): ApiError =>
    new ApiError({ code: 429, reason: 'TooManyRequests', message: 'busy', retryAfterSeconds });
  await f.answer(busy(1200));
  await f.clock.advance(1_199_999);
  expect(f.transport.waiting).toBe(0);
  await f.clock.advance(1);
  await f.answer(busy(5));
  await f.clock.advance(59_999);
  expect(f.transport.waiting).toBe(0);
  await f.clock.advance(1);
  expect(f.transport.waiting).toBe(1);
});

it('lets the work begin although the schema cannot be read, says so once, and keeps what it knew', async () => {
  const f = start();
  const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'no discovery' });
  await f.answer(forbidden);
  expect(f.schema).toMatchObject({ wasRead: true, missing: [], ofStatus: undefined });
  expect(f.changes).toBe(1);
  await f.clock.advance(60_000);
  await f.answer(forbidden);
  expect(f.said).toHaveLength(1);
  await f.clock.advance(60_000);
  await f.answer(document(older));
  await f.clock.advance(60_000);
  await f.answer(forbidden);
  expect(f.schema.missing).toEqual(['status.primary']);
  expect(f.said).toHaveLength(3);
});

it('does not read again while an answer is awaited', async () => {
  const f = start();
  const first = await f.transport.call();
  await f.clock.advance(150_000);
  expect(f.transport.waiting).toBe(0);
  first.answer(document(addonSchema));
  await f.clock.advance(60_000);
  expect(f.transport.waiting).toBe(1);
});

it('ends with the read in flight, and says nothing about it', async () => {
  // The end of a request takes a moment after it was aborted.
  const transport = new (class extends HandTransport {
    override request(request: ApiRequest): Promise<unknown> {
      return super.request(request);
    }
  })();
  const said: string[] = [];
  const schema = new ServedSchema({
    transport,
    clock: new ManualClock(),
    log: { info: (message: string) => void said.push(message), warn: (message: string) => void said.push(message) },
    onChange: () => void said.push('change'),
  });
  schema.start();
  const call = await transport.call();
  let isStopped = false;
  const stopped = schema.stop().then(() => {
    isStopped = true;
  });
  await settle();
  expect(isStopped).toBe(false);
  call.fail(new ApiError({ code: 0, reason: 'Aborted', message: 'the request was aborted' }));
  await stopped;
  expect(said).toEqual([]);
});

it('concludes nothing from a document without the kind, or one that is no document', async () => {
  const f = start();
  for (const answer of [{}, null, { components: { schemas: { other: null } } }]) {
    await f.answer(answer);
    expect(f.schema).toMatchObject({ wasRead: true, missing: [] });
    await f.clock.advance(60_000);
  }
  expect(f.said).toEqual([]);
});

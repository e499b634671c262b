// Which refusals are believed at once, and which once they last.
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { believing, Refusals } from './passing.ts';
import type { ResourceClient } from './resources.ts';

const forbidden = new ApiError({
  code: 403,
  reason: 'Forbidden',
  message: 'secrets "a" is forbidden: User "op" cannot get resource "secrets" in API group "" in the namespace "n"',
});
const notServed = new ApiError({ code: 404, reason: 'NotServed', message: 'the server could not find the resource' });
const quota = new ApiError({ code: 403, reason: 'Forbidden', message: 'secrets "a" is forbidden: exceeded quota: q' });
const notFound = new ApiError({ code: 404, reason: 'NotFound', message: 'secrets "a" not found' });

type Answer = ApiError | undefined;
const fails = (answer: Answer) => () => (answer === undefined ? Promise.resolve('there') : Promise.reject(answer));

/** What each request came to, at its second. */
async function told(...answers: readonly (readonly [second: number, Answer])[]): Promise<readonly unknown[]> {
  const clock = new ManualClock();
  const refusals = new Refusals(clock);
  const results: unknown[] = [];
  let at = 0;
  for (const [second, answer] of answers) {
    await clock.advance((second - at) * 1000);
    at = second;
    results.push(
      await refusals.judge('get secrets n/a', fails(answer)).catch(({ code, reason }) => `${code} ${reason}`),
    );
  }
  return results;
}

const away = '503 ServiceUnavailable';

describe('a refusal that can be that of a server that has just started', () => {
  it.each([
    ['403', forbidden, '403 Forbidden'],
    ['404', notServed, '404 NotServed'],
  ])('a %s is believed once it has lasted ten seconds', async (_, error, believed) => {
    expect(await told([0, error], [5, error], [9.9, error], [10, error], [11, error])).toEqual([
      ...[away, away, away],
      ...[believed, believed],
    ]);
  });

  it('begins anew after an answer', async () => {
    expect(await told([0, forbidden], [5, undefined], [12, forbidden], [21, forbidden], [22, forbidden])).toEqual([
      ...[away, 'there', away, away],
      '403 Forbidden',
    ]);
  });

  it('says what it was, and when to ask again', async () => {
    const refusals = new Refusals(new ManualClock());
    await expect(refusals.judge('x', fails(forbidden))).rejects.toMatchObject({
      message: expect.stringContaining(forbidden.message),
      retryAfterSeconds: 5,
    });
    const { code, reason, message } = forbidden;
    for (const asked of [1, 30])
      await expect(
        refusals.judge('y', fails(new ApiError({ code, reason, message, retryAfterSeconds: asked }))),
      ).rejects.toMatchObject({ retryAfterSeconds: Math.max(5, asked) });
  });

  it('is remembered for each request by itself, and not for ever', async () => {
    const clock = new ManualClock();
    const refusals = new Refusals(clock);
    const ask = (what: string) => refusals.judge(what, fails(forbidden)).catch(({ code }) => code);
    for (let number = 0; number < 10_000; number += 1) expect(await ask(`get ${number}`)).toBe(503);
    await clock.advance(10_000);
    expect(await ask('get 1')).toBe(403);
    expect(await ask('get more')).toBe(503);
    expect(await ask('get 0')).toBe(503);
  });
});

it.each([
  ['of a quota', quota, '403 Forbidden'],
  ['of an object that is not there', notFound, '404 NotFound'],
])('one %s is believed at once', async (_, error, believed) => {
  expect(await told([0, error])).toEqual([believed]);
});

it('of a client, what only explains is believed at once, and nothing else', async () => {
  const refuse = () => Promise.reject(forbidden);
  const verbs = [
    'get',
    'create',
    'apply',
    'merge',
    'replaceStatus',
    'delete',
    'getBriefly',
    'list',
    'listFirst',
  ] as const;
  const client = Object.fromEntries(verbs.map((verb) => [verb, refuse])) as unknown as ResourceClient;
  const patient = believing(client, 'secrets', new Refusals(new ManualClock()));
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' },
  };
  const asked = {
    get: () => patient.get('n', 'a'),
    create: () => patient.create(manifest, 'op'),
    apply: () => patient.apply(manifest, 'op'),
    merge: () => patient.merge(manifest, 'op'),
    replaceStatus: () => patient.replaceStatus({ ...manifest, status: {} }, 'op'),
    delete: () => patient.delete('n', 'a', { uid: 'u', resourceVersion: '1' }),
    getBriefly: () => patient.getBriefly('n', 'a'),
    list: () => patient.list('n'),
    listFirst: () => patient.listFirst('n', 1, (item) => item),
  };
  const codes = await Promise.all(verbs.map((verb) => (asked[verb]() as Promise<unknown>).catch(({ code }) => code)));
  expect(codes).toEqual([...Array(6).fill(503), ...Array(3).fill(403)]);
});

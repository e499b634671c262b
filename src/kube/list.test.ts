// Collections of a server that answers what the test says, page by page.
import { describe, expect, it } from '@jest/globals';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { isKubeObject, listAll, listFirst } from './list.ts';
import { page, thing } from './testing.ts';
import type { ApiRequest, Transport } from './transport.ts';

const gvr: Gvr = { group: 'example.org', version: 'v2', plural: 'things', kind: 'Thing' };
const core: Gvr = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
const path = '/apis/example.org/v2/things';
const expired = new ApiError({ code: 410, reason: 'Expired', message: 'too old' });
const tooLarge = new ApiError({ code: 0, reason: 'TooLarge', message: 'too large' });
const broken = new ApiError({ code: 0, reason: 'Network', message: 'closed' });

/** Gives the answers in turn; an error is thrown. */
function serverWith(...answers: readonly unknown[]) {
  const requests: ApiRequest[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const transport: Transport = {
    request: async (request, signal) => {
      const answer = answers[requests.length];
      requests.push(request);
      signals.push(signal);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    lines: async function* () {},
    close: async () => {},
  };
  const limits = (): readonly (string | undefined)[] => requests.map(({ query }) => query?.limit);
  return { transport, requests, signals, limits };
}

const keep = ({ apiVersion, kind, metadata }: KubeObject) => [
  apiVersion,
  kind,
  metadata.name,
  'managedFields' in metadata,
];
const nameOf = ({ metadata }: KubeObject): string => metadata.name;

describe('a whole collection', () => {
  it('is read page by page, with the type of its items, at the version of the first page', async () => {
    const server = serverWith(page([thing('a', 1)], 10, 'more'), page([thing('b', 2)], 11));
    const { signal } = new AbortController();
    const list = await listAll(server.transport, gvr, path, { labelSelector: 'x=y' }, { keep, signal });
    expect(list.items).toEqual(['a', 'b'].map((name) => ['example.org/v2', 'Thing', name, false]));
    expect(list.resourceVersion).toBe('10');
    const query = { labelSelector: 'x=y', limit: '500' };
    const request = { method: 'GET', path, mostBytes: 4_194_304 };
    expect(server.requests).toEqual([
      { ...request, query },
      { ...request, query: { ...query, continue: 'more' } },
    ]);
    expect(server.signals).toEqual([signal, signal]);
    const pods = await listAll(serverWith(page([thing('a', 1)], 10)).transport, core, path, {}, { keep });
    expect(pods.items).toEqual([['v1', 'Pod', 'a', false]]);
  });

  it.each([
    [
      'begins again once, and keeps nothing of before',
      [page([thing('a', 1)], 10, 'm'), expired, page([thing('b', 2)], 20)],
      ['b'],
    ],
    ['is not read when it expires twice in a row', [expired, expired, page([], 20)], expired],
    ['is not read after any other failure', [broken, page([], 20)], broken],
  ])('%s', async (_, answers, result) => {
    const server = serverWith(...answers);
    const list = listAll(server.transport, gvr, path, {}, { keep: nameOf });
    if (result instanceof ApiError) await expect(list).rejects.toBe(result);
    else expect((await list).items).toEqual(result);
  });

  it('is asked for in halves until a page fits, down to one item, and no smaller', async () => {
    const sizes: number[] = [];
    const server = serverWith(...Array(20).fill(tooLarge));
    const list = listAll(server.transport, gvr, path, {}, { keep: nameOf, onSmallerPages: (size) => sizes.push(size) });
    await expect(list).rejects.toBe(tooLarge);
    expect(sizes).toEqual([250, 125, 63, 32, 16, 8, 4, 2, 1]);
    expect(server.limits()).toEqual(['500', ...sizes.map(String)]);
  });
});

describe('the first items of a collection', () => {
  it.each([
    ['all', [page([thing('a', 1)], 10)], true, ['500']],
    [
      'all, though the server says so in other words',
      [{ metadata: { resourceVersion: '1', continue: '' }, items: [thing('a', 1)] }],
      true,
      ['500'],
    ],
    ['some of more', [page([thing('a', 1)], 10, 'more')], false, ['500']],
    [
      'fewer than wanted, if they are too large',
      [tooLarge, tooLarge, page([thing('a', 1)], 10, 'more')],
      false,
      ['500', '125', '31'],
    ],
  ])('are %s', async (_, answers, complete, limits) => {
    const server = serverWith(...answers);
    const part = await listFirst(server.transport, gvr, path, { fieldSelector: 'x' }, { limit: 500, keep });
    expect(part).toEqual({ items: [['example.org/v2', 'Thing', 'a', false]], complete });
    expect(server.limits()).toEqual(limits);
    const bounds = { method: 'GET', path, mostBytes: 1_048_576, timeoutMilliseconds: 10_000 };
    for (const { query, ...request } of server.requests) {
      expect(query).toMatchObject({ fieldSelector: 'x' });
      expect(request).toEqual(bounds);
    }
  });

  it.each([
    ['one is too large', [...Array(5).fill(tooLarge), page([], 1)], tooLarge, 5],
    ['the request fails', [broken, page([], 1)], broken, 1],
  ])('are not read when %s', async (_, answers, error, requests) => {
    const server = serverWith(...answers);
    await expect(listFirst(server.transport, gvr, path, {}, { limit: 500, keep })).rejects.toBe(error);
    expect(server.requests).toHaveLength(requests);
  });
});

const metadata = { name: 'a', uid: 'u', resourceVersion: '1' };

it.each([
  undefined,
  null,
  7,
  {},
  { metadata: null },
  { metadata: 'a' },
  ...Object.keys(metadata).flatMap((field) => [
    { metadata: { ...metadata, [field]: 7 } },
    { metadata: { ...metadata, [field]: undefined } },
  ]),
])('is no object, and no item of a list: %j', async (value) => {
  expect(isKubeObject(value)).toBe(false);
  for (const answer of [value, { metadata, items: [thing('a', 1), value] }]) {
    const list = listFirst(serverWith(answer).transport, gvr, path, {}, { limit: 1, keep });
    await expect(list).rejects.toMatchObject({ code: 0, reason: 'Network' });
  }
});

it.each([{ items: [] }, { metadata, items: {} }, { metadata }, { metadata: {}, items: [] }])(
  'is no list: %j',
  async (answer) => {
    const list = listFirst(serverWith(answer).transport, gvr, path, {}, { limit: 1, keep });
    await expect(list).rejects.toMatchObject({ code: 0, reason: 'Network' });
  },
);

it('is an object: what has a name, a uid and a resourceVersion', () => expect(isKubeObject({ metadata })).toBe(true));

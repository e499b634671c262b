import { expect, it } from '@jest/globals';
import { settle } from '../testing/clock.ts';
import { Names } from './resolve.ts';

it('asks two questions at once, and a resolver that hangs keeps its place until it answers', async () => {
  const asked: { readonly host: string; readonly answer: (address: string) => void }[] = [];
  const names = new Names(
    (host) => new Promise((resolve) => asked.push({ host, answer: (address) => resolve({ address }) })),
  );
  const end = new AbortController();
  const questions = ['a', 'b', 'c'].map((host) => names.addressOf(host, end.signal));
  await settle();
  expect(asked.map(({ host }) => host)).toEqual(['a', 'b']);
  end.abort();
  for (const question of questions)
    await expect(question).rejects.toMatchObject({ why: 'host', detail: 'no DNS response within 5 s' });

  const later = names.addressOf('d', new AbortController().signal);
  await settle();
  expect(asked).toHaveLength(2);
  asked[0]?.answer('10.0.0.1');
  await settle();
  asked[2]?.answer('10.0.0.4');
  expect(await later).toBe('10.0.0.4');
});

it('gives its place back when the name is unknown', async () => {
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  const names = new Names(() => Promise.reject(unknown));
  const { signal } = new AbortController();
  for (let times = 0; times < 5; times += 1) await expect(names.addressOf('a', signal)).rejects.toBe(unknown);
});

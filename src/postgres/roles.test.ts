import { expect, it } from '@jest/globals';
import { otherRolesIn, rolesQuery } from './roles.ts';

const names = (...all: readonly unknown[]) =>
  otherRolesIn(
    all.map((rolname) => ({ rolname })),
    { user: 'app', password: 'hunter2' },
  );

it.each<readonly [string, readonly unknown[], readonly string[]]>([
  ['sorted', ['report', 'admin', "o'neil", 'Ünsal B.'], ['admin', "o'neil", 'report', 'Ünsal B.']],
  ['each once', ['report', 'report'], ['report']],
  ['without the user of the login', ['app', 'app2'], ['app2']],
  ["without PostgreSQL's and CNPG's", ['postgres', 'pg_x', 'streaming_replica', 'cnpg_pooler_pgbouncer', 'p'], ['p']],
  ['up to 63 characters', ['x'.repeat(63)], ['x'.repeat(63)]],
  ['without what no role is called', ['a\nb', '', 'x'.repeat(64), 7, null, undefined, 'é'.repeat(64)], []],
  ['without the password', ['hunter2', 'my hunter2'], []],
])('names the roles that may log in, %s', (_, given, expected) => {
  expect(names(...given)).toEqual(expected);
});

it('names no more than a hundred, and reads whatever comes', () => {
  expect(names(...Array.from({ length: 5000 }, (_, n) => `role${n}`))).toHaveLength(100);
  expect(otherRolesIn([null, 'text', 7, {}], { user: 'app', password: 'p' })).toEqual([]);
});

it('asks for no more than ten times as many', () => {
  expect(rolesQuery).toMatch(/ LIMIT 1000$/);
});

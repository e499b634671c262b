import { expect, it } from '@jest/globals';
import { LoginError, loginErrorOf, refusalOf } from './failure.ts';

const foreign = 'other: the server does not speak the PostgreSQL protocol';

it.each([
  ['the error of a server', { code: '53300', severity: 'FATAL' }, 'full: SQLSTATE 53300'],
  [
    'one that names its function',
    { code: '53300', severity: 'FATAL', routine: 'CheckMyDatabase' },
    'databaseFull: SQLSTATE 53300',
  ],
  ['one whose function is no text', { code: '53300', severity: 'FATAL', routine: 7 }, 'full: SQLSTATE 53300'],
  ['one with the code of another', { code: 'EPIPE', severity: 'FATAL' }, 'broken: SQLSTATE EPIPE'],
  ['an error of Node', { code: 'ECONNREFUSED' }, 'refused: ECONNREFUSED'],
  ['an error of Node with a short code', { code: 'EPERM' }, 'unreachable: EPERM'],
  ['a code with the words of a server', { code: 'hunter2' }, foreign],
  ['a code that is too short', { code: 'EFOO' }, foreign],
  ['a code that is too long', { code: 'E'.repeat(61) }, foreign],
  ['a code that is no text', { code: 42501 }, foreign],
  ['an error without a code', new Error('hunter2'), foreign],
  ['nothing', undefined, foreign],
  ['null', null, foreign],
  ['a text', 'EPIPE', foreign],
])('says of %s what it means', (_, thrown, message) => {
  const error = loginErrorOf(thrown);
  expect(error).toBeInstanceOf(LoginError);
  expect(error.name).toBe('LoginError');
  expect(`${error.why}: ${error.detail}`).toBe(message);
  expect(error.message).toBe(message);
});

it('keeps an error that says it already', () => {
  const error = new LoginError('silent', 'no response');
  expect(loginErrorOf(error)).toBe(error);
});

it.each([
  ['a statement that is refused', { code: '42501', severity: 'ERROR' }, 'SQLSTATE 42501'],
  ['one that takes too long', { code: '57014', severity: 'ERROR' }, 'SQLSTATE 57014'],
  ['a server that stops', { code: '57P01', severity: 'FATAL' }, undefined],
  ['a connection that ends', { code: '08006', severity: 'FATAL' }, undefined],
  ['an error of Node', { code: 'ECONNRESET' }, undefined],
  ['an error of ours', new LoginError('silent', 'no response'), undefined],
])('tells how the server refused: %s', (_, thrown, refusal) => {
  expect(refusalOf(thrown)).toBe(refusal);
});

import { describe, expect, it } from '@jest/globals';
import type { LoginFailure } from '../api/login.ts';
import { classify } from './codes.ts';

describe('classify', () => {
  it.each<readonly [string, LoginFailure]>([
    ['28P01', 'credentials'],
    ['28000', 'role'],
    ['42501', 'role'],
    ['3D000', 'database'],
    ['53300', 'full'],
    ['57P01', 'starting'],
    ['57P02', 'starting'],
    ['57P03', 'starting'],
    ['ENOTFOUND', 'host'],
    ['EAI_AGAIN', 'host'],
    ['EAI_NODATA', 'host'],
    ['ECONNREFUSED', 'refused'],
    ['ETIMEDOUT', 'unreachable'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ECONNRESET', 'broken'],
    ['EPIPE', 'broken'],
    ['EPROTO', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['XX000', 'other'],
    ['55000', 'other'],
    ['ERR_OUT_OF_RANGE', 'other'],
    ['constructor', 'other'],
    ['', 'other'],
  ])('%s is "%s"', (code, why) => expect(classify(code)).toBe(why));

  it.each<readonly [string, string, LoginFailure]>([
    ['53300', 'InitializeSessionUserId', 'roleFull'],
    ['53300', 'CheckMyDatabase', 'databaseFull'],
    ['53300', 'InitProcess', 'full'],
    ['53300', 'InitPostgres', 'full'],
    ['53300', 'constructor', 'full'],
    // The same functions report other errors too.
    ['28000', 'InitializeSessionUserId', 'role'],
    ['42501', 'CheckMyDatabase', 'role'],
  ])('%s from %s is "%s"', (code, routine, why) => expect(classify(code, routine)).toBe(why));
});

it.each(Object.getOwnPropertyNames(Object.prototype))('the name %s is in no table', (name) => {
  expect(classify(name, name)).toBe('other');
  expect(classify('53300', name)).toBe('full');
});

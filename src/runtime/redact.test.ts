import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redact, redactText } from './redact.ts';

describe('redactText', () => {
  it.each([
    ['postgresql://u:p%40ss@h/db', 'postgresql://u:[redacted]@h/db'],
    [
      'cannot reach postgres://app:hunter2@db-rw.ns:5432/app?sslmode=require.',
      'cannot reach postgres://app:[redacted]@db-rw.ns:5432/app?sslmode=require.',
    ],
    ['postgresql://:hunter2@h/db', 'postgresql://:[redacted]@h/db'],
    ['postgresql://u:a@b@h/db', 'postgresql://u:[redacted]@h/db'],
    [`postgresql://u:a'"\\<b@h/db`, 'postgresql://u:[redacted]@h/db'],
    ['postgresql://a:x@h/d,postgresql://b:y@h/d', 'postgresql://a:[redacted]@h/d'],
    ['cut: postgresql://app:hunt', 'cut: postgresql://app:[redacted]'],
    ['cut: postgresql://app:12hunt…', 'cut: postgresql://app:[redacted]'],
    ['postgresql://localhost:5432/db and postgresql://h', 'postgresql://localhost:5432/db and postgresql://h'],
    [
      'jdbc:postgresql://h:5432/app?password=hunter2&user=app',
      'jdbc:postgresql://h:5432/app?password=[redacted]&user=app',
    ],
    [`host=h password='hun \\' ter2' user=u`, 'host=h password=[redacted] user=u'],
    ['PGPASSWORD=hunter2 psql', 'PGPASSWORD=[redacted] psql'],
    ['{"password":"hun\\"ter2","user":"app"}', '{"password":"[redacted]","user":"app"}'],
    [
      'said "{\\"jdbc-uri\\":\\"hun\\\\\\"ter2\\",\\"user\\":\\"app\\"}"',
      'said "{\\"jdbc-uri\\":\\"[redacted]\\",\\"user\\":\\"app\\"}"',
    ],
    ['{"DATABASE_URL": "hunter2', '{"DATABASE_URL": "[redacted]'],
    ['Authorization: Bearer eyJhbGciOi.J9', 'Authorization: Bearer [redacted]'],
    ['with bearer eyJhbGciOi.J9 in it', 'with bearer [redacted] in it'],
    ['spec.password: Required value', 'spec.password: Required value'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it('never shows a password of a connection URL, wherever the text is cut', () => {
    const password = fc.stringMatching(/^[^\s@:/?#]{8,24}$/).filter((text) => !/^\d{1,5}[/?,"'`)\]}.;]/.test(text));
    fc.assert(
      fc.property(fc.string(), password, fc.string(), fc.nat(30), (before, secret, after, cut) => {
        const url = `postgresql://app:${secret}@db/app`;
        const text = `${before} ${url.slice(0, url.length - cut)} ${after}`;
        return !redactText(text).includes(`app:${secret.slice(0, 6)}`);
      }),
    );
  });

  it('shows 8,192 characters', () => {
    for (const [length, end] of [
      [8192, 'xx'],
      [8193, 'x…'],
    ] as const) {
      const shown = redactText('x'.repeat(length));
      expect([shown.length, shown.slice(-2)]).toEqual([8192, end]);
    }
  });

  it('bounds a text, but only after the secrets are out', () => {
    const text = `${'x'.repeat(8170)} postgresql://u:hunter2hunter2@h/db`;
    expect(redactText(text)).not.toContain('hunter2');
    expect(redactText(text).length).toBeLessThanOrEqual(8193);
  });

  it('takes linear time on hostile text', () => {
    for (const hostile of [
      'postgresql://',
      'password=',
      '"password":"',
      'authorization: ',
      'bearer ',
      '\\',
      "password='\\",
    ]) {
      const started = performance.now();
      redactText(hostile.repeat(20_000));
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});

describe('redact', () => {
  it('hides fields by name in any spelling and depth, also in arrays and maps', () => {
    const seen = redact({
      password: 'hunter2',
      list: [{ DATABASE_URL: 'hunter2', 'fqdn-jdbc-uri': 'hunter2', uri: null }],
      secret: { stringData: { a: 'hunter2' }, data: ['hunter2'], kind: 'Secret' },
      map: new Map([['Authorization', 'hunter2']]),
    });
    expect(seen).toEqual({
      password: '[redacted]',
      list: [{ DATABASE_URL: '[redacted]', 'fqdn-jdbc-uri': '[redacted]', uri: null }],
      secret: { stringData: '[redacted]', data: '[redacted]', kind: 'Secret' },
      map: { Authorization: '[redacted]' },
    });
  });

  it.each([
    'password',
    'Passwd',
    'pwd',
    'pg-pass',
    'PGPASSWORD',
    'uri',
    'jdbc-uri',
    'fqdn-uri',
    'fqdn.jdbc.uri',
    'DATABASE_URL',
    'data',
    'stringData',
    'token',
    'Authorization',
    'client-key-data',
  ])('hides a field named %s, and shows whether it has a value', (name) => {
    for (const value of ['hunter2', 0, false, {}]) expect(redact({ [name]: value })).toEqual({ [name]: '[redacted]' });
    for (const value of [null, undefined]) expect(redact({ [name]: value })).toEqual({ [name]: value });
  });

  it.each([
    ['a text', 'password=x', 'password=[redacted]'],
    ['a number', 1.5, 1.5],
    ['a large number', 12n, '12'],
    ['nothing', null, null],
    ['a function', () => 1, undefined],
    ['a symbol', Symbol('x'), undefined],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['no date', new Date(Number.NaN), 'Invalid Date'],
    ['bytes', new Uint8Array(3), '[3 bytes]'],
    ['a set', new Set(['password=x']), ['password=[redacted]']],
    ['keys that hold a secret', { 'password=x': 1 }, { 'password=[redacted]': 1 }],
    ['a map of other keys than texts', new Map([[1, 'a']]), { 1: 'a' }],
  ])('shows %s', (_, value, shown) => {
    expect(redact(value)).toEqual(shown);
  });

  const names = (count: number) => Array.from({ length: count }, (_, index) => [`n${index}`, index] as const);
  it.each([
    ['a list', (count: number) => names(count).map(([, index]) => index), '100'],
    ['an object', (count: number) => Object.fromEntries(names(count)), '…'],
    ['a map', (count: number) => new Map(names(count)), '…'],
  ])('shows 100 items of %s, and how many there are besides', (_, make, key) => {
    const items = names(100).map(([, index]) => index);
    expect(Object.values(redact(make(100)) as object)).toEqual(items);
    expect(Object.values(redact(make(103)) as object)).toEqual([...items, '[3 more]']);
    expect(Object.keys(redact(make(103)) as object).at(-1)).toBe(key);
  });

  const nested = {
    lists: (inner: unknown) => [inner],
    objects: (inner: unknown) => ({ inner }),
    causes: (inner: unknown) => Object.assign(new Error('e'), { cause: inner }),
    'collected errors': (inner: unknown) => new AggregateError([inner], 'e'),
    sets: (inner: unknown) => new Set([inner]),
  };
  it.each(Object.entries(nested))('shows eight levels of %s', (_, wrap) => {
    const levels = (count: number): unknown => (count === 0 ? ['innermost'] : wrap(levels(count - 1)));
    expect(JSON.stringify(redact(levels(7)))).toContain('innermost');
    expect(JSON.stringify(redact(levels(8)))).not.toContain('innermost');
    expect(JSON.stringify(redact(levels(8)))).toContain('[too deep]');
  });

  it.each([
    ['a text', { code: 'E' }, { code: 'E' }],
    ['neither', { code: { a: 1 }, reason: 7, stack: undefined }, {}],
    ['a secret', { reason: 'password=x' }, { reason: 'password=[redacted]' }],
  ])('shows the code and the reason of an error that are %s', (_, fields, shown) => {
    const error = Object.assign(new Error('m'), { stack: undefined, ...fields });
    expect(redact(error)).toStrictEqual({ type: 'Error', message: 'm', ...shown });
  });

  it('shows of an error its type, code, reason, message, stack and cause only', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new Error('password=hunter2', { cause }), {
      code: 409,
      reason: 'Conflict',
      body: 'hunter2',
      request: { headers: 'hunter2' },
    });
    const seen = redact(error) as Record<string, unknown>;
    expect(seen).toMatchObject({
      type: 'Error',
      code: 409,
      reason: 'Conflict',
      message: 'password=[redacted]',
      cause: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    });
    expect(Object.keys(seen).sort()).toEqual(['cause', 'code', 'message', 'reason', 'stack', 'type']);
    expect(JSON.stringify(seen)).not.toContain('hunter2');
    expect(redact(new AggregateError([new Error('a')], 'b'))).toMatchObject({ errors: [{ message: 'a' }] });
  });

  it('ends with cycles, deep and wide values and with what JSON cannot hold', () => {
    const cycle: Record<string, unknown> = {
      big: 1n,
      when: new Date(0),
      never: new Date(Number.NaN),
      bytes: Buffer.from('abc'),
    };
    cycle.self = cycle;
    cycle.wide = Array.from({ length: 1000 }, (_, index) => index);
    cycle.run = () => 1;
    const text = JSON.stringify(redact(cycle));
    expect(text).toContain('"big":"1","when":"1970-01-01T00:00:00.000Z","never":"Invalid Date","bytes":"[3 bytes]"');
    expect(text).toContain('[900 more]');
    expect(text).toContain('[too deep]');
    expect(() => JSON.stringify(redact(fc.sample(fc.anything(), 200)))).not.toThrow();
  });
});

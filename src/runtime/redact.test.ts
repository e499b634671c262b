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

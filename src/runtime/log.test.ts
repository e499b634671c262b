import { describe, expect, it } from '@jest/globals';
import { createLog, type Log } from './log.ts';

function capture(level: string): { log: Log; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const log = createLog({ level, destination: { write: (line) => written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line)), text: () => written.join('') };
}

describe('createLog', () => {
  it('writes JSON lines with level, ISO time, name, message and fields', () => {
    const { log, lines } = capture('info');
    log.child({ addon: 'shop/orders' }).warn('100%s sure', { attempt: 2 });
    const [line] = lines();
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      name: 'postgres-addon-operator',
      addon: 'shop/orders',
      attempt: 2,
      msg: '100%s sure',
    });
  });

  it('writes nothing below its level and refuses a level it does not know', () => {
    const { log, lines } = capture('warn');
    log.debug('a');
    log.info('b');
    log.error('c');
    expect(lines().map((line) => line.msg)).toEqual(['c']);
    expect(() => capture('loud')).toThrow();
  });

  it('never repeats a key within a line', () => {
    const { log, text } = capture('info');
    log.child({ a: 1, name: 'x' }).child({ a: 2 }).info('m', { a: 3, msg: 'y', level: 'z', time: 0 });
    for (const key of ['a', 'name', 'msg', 'level', 'time']) expect(text().split(`"${key}":`)).toHaveLength(2);
    expect(text()).toContain('"a":3');
    expect(text()).toContain('"name_":"x"');
  });

  it('writes the line even when a field cannot be read', () => {
    const { log, lines } = capture('info');
    log.info('still here', {
      bad: {
        get field(): string {
          throw new Error('no');
        },
      },
    });
    expect(lines()).toMatchObject([{ msg: 'still here', fieldsUnreadable: true }]);
  });

  it('never writes a planted password, at any level, in any place', () => {
    const password = 'p%40ssw0rd-planted';
    const url = `postgresql://u:${password}@h/db`;
    const error = Object.assign(new Error(`cannot log in to ${url}`, { cause: new Error(`password=${password}`) }), {
      body: password,
    });
    const { log, text } = capture('debug');
    const fields = {
      password,
      nested: { deep: [{ stringData: { any: password } }, { uri: url, note: `was ${url}` }] },
      secret: { data: { 'jdbc-uri': password } },
      headers: { Authorization: `Bearer ${password}`, raw: `authorization: Bearer ${password}` },
      error,
      token: { value: password },
    };
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      log[level](`connecting to ${url}`, fields);
      log.child(fields).child({ DATABASE_URL: password })[level](error.message);
    }
    expect(text().split('\n')).toHaveLength(9);
    expect(text()).not.toContain(password);
    expect(text()).not.toContain('p@ssw0rd');
    expect(text()).toContain('cannot log in to postgresql://u:[redacted]@h/db');
  });
});

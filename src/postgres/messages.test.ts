// No message that pg's parser cannot handle is permitted to reach it.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LoginError } from './failure.ts';
import { Messages, serverVersionIn } from './messages.ts';
import { errorResponse, letsIn, message, selectsOne } from './testing.ts';

const conversation = Buffer.concat([letsIn, message('N', 'SNOTICE\0Mnote\0\0'), selectsOne, errorResponse('57P01')]);

it.each([
  ['S', 'server_version\x0017.4\0', '17.4'],
  ['S', 'server_version\x0017.12 (Debian 17.12-0+deb13u1)\0', '17.12'],
  ['S', 'server_version\x0019beta1\0', '19'],
  ['S', 'server_version\x009.6.24\0', undefined],
  ['S', 'server_version\x00hunter2\0', undefined],
  ['S', 'server_version\x00', undefined],
  ['S', 'client_encoding\x0017.4\0', undefined],
  ['N', 'server_version\x0017.4\0', undefined],
])('%s %j tells the version %s', (type, body, version) => {
  expect(serverVersionIn(message(type, body))).toBe(version);
});

describe('Messages', () => {
  it('gives whole messages, however they are cut on the way', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: conversation.length }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (places) => {
        const messages = new Messages();
        const edges = [0, ...places.toSorted((a, b) => a - b), conversation.length];
        const taken = edges.slice(1).flatMap((end, index) => messages.take(conversation.subarray(edges[index], end)));
        expect(Buffer.concat(taken).equals(conversation)).toBe(true);
        expect(taken).toHaveLength(10);
      }),
    );
  });

  it.each<readonly [string, Buffer]>([
    ['of a type that is not due', message('A', 'text\0')],
    ['shorter than its own length', Buffer.from([0x5a, 0, 0, 0, 3])],
    ['longer than any that is due', Buffer.from([0x44, 0, 0, 0x40, 0])],
    ['with the length of 4 GiB', Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff])],
    ['that is an error without an end', message('E', 'SFATAL\0C57P03')],
    ['that is an error with a field and no end', message('E', 'SFATAL\0')],
    ['that is an error without any field or end', message('E')],
    ['that is an error with something behind its end', message('E', 'SFATAL\0\0more')],
    ['that is a notice without an end', message('N', 'S')],
  ])('refuses one %s', (_, bytes) => {
    expect(() => new Messages().take(bytes)).toThrow(LoginError);
  });

  it('takes messages of up to 16,384 bytes, and 131,072 bytes of them', () => {
    const messages = new Messages();
    const longest = message('D', 'x'.repeat(16_384 - 5));
    for (let sent = 0; sent < 8; sent += 1) expect(messages.take(longest)).toEqual([longest]);
    expect(() => messages.take(Buffer.from('Z'))).toThrow(LoginError);
  });

  it.each([
    ['that is nothing but its type', message('Z')],
    ['that is an error without fields', message('E', '\0')],
    ['that is an error with a field without text', message('E', 'S\0\0')],
    ['that is a notice of several lines', message('N', 'SNOTICE\0Mone\ntwo\r\u2028\0\0')],
  ])('takes a message %s', (_, bytes) => {
    expect(new Messages().take(bytes)).toEqual([bytes]);
  });

  it('refuses a conversation that does not end', () => {
    const messages = new Messages();
    const status = message('S', `${'name\0'.padEnd(1000, 'x')}\0`);
    expect(() => {
      for (let sent = 0; sent < 200; sent += 1) messages.take(status);
    }).toThrow(LoginError);
  });

  it('takes or refuses whatever comes, and holds no more than one message', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const messages = new Messages();
        try {
          for (const chunk of chunks) messages.take(Buffer.from(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(LoginError);
        }
      }),
    );
  });
});

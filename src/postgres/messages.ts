// Splits the bytes from a server into protocol messages, and rejects those that PostgreSQL does not send during a login and `SELECT 1`.
// Anyone who can start a pod with the labels of an instance can respond in its place. pg's parser throws on a truncated message, and
// loops forever on an error message without a terminator, which would block the whole operator.
import { foreign } from './failure.ts';

/**
 * Authentication, ParameterStatus, BackendKeyData, ReadyForQuery, Error- and NoticeResponse, RowDescription, DataRow, CommandComplete; and of a
 * prepared statement ParseComplete, BindComplete and NoData.
 */
const expected: ReadonlySet<number> = new Set(Buffer.from('RSKZENTDC12n'));
const fieldLists: ReadonlySet<number | undefined> = new Set(Buffer.from('EN'));

/** A type and a length that includes itself; see "Message Formats" of the PostgreSQL protocol. */
const headBytes = 5;
const longestMessage = 16_384;
const longestConversation = 131_072;

export class Messages {
  #rest = Buffer.alloc(0);
  #seen = 0;

  /** @returns the messages that `chunk` completes, in order @throws LoginError */
  take(chunk: Buffer): readonly Buffer[] {
    this.#seen += chunk.length;
    if (this.#seen > longestConversation) throw foreign();
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    for (let length = this.#nextLength(); length <= this.#rest.length; length = this.#nextLength()) {
      const message = this.#rest.subarray(0, length);
      if (fieldLists.has(message[0]) && !endsAsFieldList(message)) throw foreign();
      messages.push(message);
      this.#rest = this.#rest.subarray(length);
    }
    return messages;
  }

  /** The length of the next message; more than is buffered while its header is incomplete. */
  #nextLength(): number {
    const [type] = this.#rest;
    if (type !== undefined && !expected.has(type)) throw foreign();
    if (this.#rest.length < headBytes) return headBytes;
    const length = 1 + this.#rest.readUInt32BE(1);
    if (length < headBytes || length > longestMessage) throw foreign();
    return length;
  }
}

/** The version in a ParameterStatus about `server_version`, as "17.4" or "17"; undefined in any other message, or if it has another form. */
export function serverVersionIn(message: Buffer): string | undefined {
  if (message[0] !== 'S'.charCodeAt(0)) return undefined;
  const text = message.toString('latin1', headBytes);
  return /^server_version\0(\d{1,3}(?:\.\d{1,3})?)(?![\d.])/.exec(text)?.[1];
}

/** Whether the fields, each a letter and a zero-terminated text, are followed by a zero exactly at the end. */
function endsAsFieldList(message: Buffer): boolean {
  return /^(?:[^\0]+\0)*\0$/.test(message.toString('latin1', headBytes));
}

// Resolves a host. Like applications, it uses the system resolver, which applies the search domains of the pod.
import { lookup } from 'node:dns/promises';
import { Slots } from '../api/slots.ts';
import { LoginError } from './failure.ts';
import { orLate } from './late.ts';

/**
 * A lookup cannot be cancelled, and each occupies one of libuv's four threads, which the operator also needs to read its token. With an
 * unresponsive DNS, more lookups at once would cut it off from the API server.
 */
const questionsAtOnce = 2;

export class Names {
  readonly #slots = new Slots(questionsAtOnce);
  readonly #ask: (host: string) => Promise<{ readonly address: string }>;

  constructor(ask: (host: string) => Promise<{ readonly address: string }> = lookup) {
    this.#ask = ask;
  }

  /** @throws LoginError when the signal aborts first, or an error of Node.js with its code */
  async addressOf(host: string, signal: AbortSignal): Promise<string> {
    const late = new LoginError('host', 'no DNS response within 5 s');
    const release = await this.#slots.take(signal);
    if (release === undefined) throw late;
    const question = this.#ask(host).finally(release);
    return (await orLate(question, signal, late)).address;
  }
}

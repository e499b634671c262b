// The address of a host. It asks the system's resolver as an application does, which knows the search domains of the pod.
import { lookup } from 'node:dns/promises';
import { LoginError } from './failure.ts';
import { orLate } from './late.ts';
import { Slots } from './slots.ts';

/**
 * A question to the system's resolver cannot be taken back, and each holds one of libuv's four threads, by which the operator reads its
 * token too: with a silent DNS, more at once would keep it from the API server.
 */
const questionsAtOnce = 2;

export class Names {
  readonly #slots = new Slots(questionsAtOnce);
  readonly #ask: (host: string) => Promise<{ readonly address: string }>;

  constructor(ask: (host: string) => Promise<{ readonly address: string }> = lookup) {
    this.#ask = ask;
  }

  /** @throws LoginError when the signal aborts first, or an error of Node with its code */
  async addressOf(host: string, signal: AbortSignal): Promise<string> {
    const late = new LoginError('host', 'DNS does not answer within 5 s');
    const release = await this.#slots.take(signal);
    if (release === undefined) throw late;
    const question = this.#ask(host).finally(release);
    return (await orLate(question, signal, late)).address;
  }
}

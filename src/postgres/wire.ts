// The open connection as pg sees it: it stands between pg and whatever answers, and nothing that pg throws at an answer gets past it.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { foreign, LoginError } from './failure.ts';
import { Messages } from './messages.ts';

export class Wire extends Duplex {
  readonly #socket: Socket;
  readonly #messages = new Messages();

  /** @param socket connected, and encrypted where that was asked for; it ends with this stream */
  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    // pg listens as long as it is interested; an error that nobody listens for ends the process.
    this.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.destroy(error));
    const onClose = (): void => {
      this.destroy(this.writableEnded ? undefined : new LoginError('broken', 'the connection was closed'));
    };
    if (socket.destroyed) onClose();
    else socket.on('close', onClose);
  }

  /** pg calls it on each stream it is given; this one is connected already. */
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    this.#socket.setNoDelay(true);
    return this;
  }

  override _read(): void {
    // What arrives is handed on by #receive.
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Emitted by hand: from push() the listener would run in a turn of its own, where nothing catches what it throws. */
  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#messages.take(chunk)) this.emit('data', message);
    } catch (error) {
      this.destroy(error instanceof LoginError ? error : foreign());
    }
  }
}

// The connection that pg uses. It sits between pg and the server, and catches everything that pg throws while handling a message.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { foreign, LoginError } from './failure.ts';
import { Messages, serverVersionIn } from './messages.ts';

export class Wire extends Duplex {
  readonly #socket: Socket;
  readonly #messages = new Messages();
  #version: string | undefined;

  /** @param socket connected, and encrypted if required; it is closed with this stream */
  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    // pg removes its listener when it is done; an error without a listener would end the process.
    this.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.destroy(error));
    const onClose = (): void => {
      this.destroy(this.writableEnded ? undefined : new LoginError('broken', 'the connection was closed'));
    };
    if (socket.destroyed) onClose();
    else socket.on('close', onClose);
  }

  /** The version that the server has reported, as "17.4" or "17". */
  get version(): string | undefined {
    return this.#version;
  }

  /** pg calls this on every stream it is given; this one is already connected. */
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    this.#socket.setNoDelay(true);
    return this;
  }

  override _read(): void {
    // #receive delivers the data.
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

  /** Emits directly: after push() the listener would run in a later turn of the event loop, where nothing catches what it throws. */
  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#messages.take(chunk)) {
        this.#version = serverVersionIn(message) ?? this.#version;
        this.emit('data', message);
      }
    } catch {
      this.destroy(foreign());
    }
  }
}

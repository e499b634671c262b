// The command of docs/connect.md that forwards a port: kubectl, which is started again whenever it has lost its pod or a connection.
import { createServer } from 'node:net';
import { eventually } from '../../../hack/cluster/wait.ts';
import type { Desk } from '../documents.ts';
import type { Real } from '../real.ts';

export class Forward {
  readonly #command: ReturnType<Desk['start']>;
  readonly #ended: Promise<void>;
  /** Of this machine. */
  readonly port: string;
  #said = '';
  #end: string | undefined;

  private constructor(command: ReturnType<Desk['start']>, port: string) {
    this.#command = command;
    this.port = port;
    for (const stream of [command.stdout, command.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    this.#ended = command.then(({ exitCode }) => {
      this.#end = `the command ended with ${exitCode}: ${this.#said}`;
    });
  }

  /**
   * Starts the command at a port that is free; it is stopped at the end of the file.
   * @param command with a port to be replaced
   * @returns once it forwards
   * @throws with the words of the command when it ends before
   */
  static async open(real: Real, desk: Desk, command: string, itsPort: string): Promise<Forward> {
    const port = await freePort();
    const forward = new Forward(desk.start(command.replace(itsPort, port)), port);
    real.atEnd(() => forward.close());
    const isFinal = (): boolean => forward.#end !== undefined;
    const isThere = (): void => {
      if (forward.#end !== undefined || !forward.#said.includes(`Forwarding from 127.0.0.1:${port} -> 5432`))
        throw new Error(forward.#end ?? `kubectl says: ${forward.#said}`);
    };
    await eventually('kubectl to forward', isThere, { isFinal });
    return forward;
  }

  /** How often kubectl has lost its pod or a connection. */
  get losses(): number {
    return this.#said.split('error: lost connection to pod').length - 1;
  }

  /** Runs what connects through it, again if it was just being started again. */
  async through<T>(use: () => Promise<T>): Promise<T> {
    const isFinal = (error: unknown): boolean => this.#end !== undefined || !betweenTwo.test(String(error));
    return await eventually('a connection through the forward', use, { isFinal, everyMilliseconds: 500 });
  }

  async close(): Promise<void> {
    const { pid } = this.#command;
    if (pid !== undefined && this.#end === undefined) process.kill(-pid);
    await this.#ended;
  }
}

const betweenTwo =
  /Connection refused|ECONNREFUSED|ECONNRESET|Connection reset|closed the connection unexpectedly|Connection terminated unexpectedly/;

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return String(address.port);
}

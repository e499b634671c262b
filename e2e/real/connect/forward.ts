// A `kubectl port-forward` that goes on until it is stopped, or loses its pod.
import { eventually } from '../../../hack/cluster/wait.ts';
import type { Desk } from '../documents.ts';
import type { Real } from '../real.ts';

export class Forward {
  readonly #kubectl: ReturnType<Desk['start']>;
  readonly #ended: Promise<void>;
  #said = '';
  #end: string | undefined;

  private constructor(kubectl: ReturnType<Desk['start']>) {
    this.#kubectl = kubectl;
    for (const stream of [kubectl.stdout, kubectl.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    this.#ended = kubectl.then(({ exitCode }) => {
      this.#end = `kubectl ended with ${exitCode}: ${this.#said}`;
    });
  }

  /**
   * Starts the command; it is stopped at the end of the file.
   * @returns once it forwards
   * @throws with kubectl's words when it ends before
   */
  static async open(real: Real, desk: Desk, command: string): Promise<Forward> {
    const forward = new Forward(desk.start(command));
    real.atEnd(() => forward.close());
    const isFinal = (): boolean => forward.end !== undefined;
    await eventually('kubectl to forward', () => forward.port, { isFinal });
    return forward;
  }

  /** The port of this machine, as kubectl says. @throws Error as long as it does not forward */
  get port(): string {
    const [, port] = /^Forwarding from 127\.0\.0\.1:(\d+) -> 5432$/m.exec(this.#said) ?? [];
    if (port === undefined || this.#end !== undefined) throw new Error(this.#end ?? `kubectl says: ${this.#said}`);
    return port;
  }

  /** How kubectl ended, in its own words; undefined while it goes on. */
  get end(): string | undefined {
    return this.#end;
  }

  async close(): Promise<void> {
    this.#kubectl.kill();
    await this.#ended;
  }
}

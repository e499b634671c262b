// A way to the API server that can be cut: a port of its own, which passes bytes on in both directions.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Relay {
  /** A kubeconfig that leads through it. */
  readonly kubeconfig: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #folder: string;
  #isCut = false;

  private constructor(server: Server, folder: string, kubeconfig: string) {
    this.#server = server;
    this.#folder = folder;
    this.kubeconfig = kubeconfig;
  }

  /** @param kubeconfig of the API server, which has to be on loopback: its certificate names the address and not the port */
  static async start(kubeconfig: string): Promise<Relay> {
    const text = await readFile(kubeconfig, 'utf8');
    const [, host, port] = /server: https:\/\/([^:/]+):(\d+)/.exec(text) ?? [];
    if (host === undefined) throw new Error(`no server in ${kubeconfig}`);
    const server = createServer();
    await once(server.listen(0, host), 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'relay-'));
    const path = join(folder, 'kubeconfig');
    const own = `$1:${(server.address() as AddressInfo).port}`;
    await writeFile(path, text.replace(/(server: https:\/\/[^:]+):\d+/, own), { mode: 0o600 });
    const relay = new Relay(server, folder, path);
    server.on('connection', (client) => relay.#pass(client, connect(Number(port), host)));
    return relay;
  }

  /** From now on every connection breaks. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await rm(this.#folder, { recursive: true });
  }

  #pass(client: Socket, server: Socket): void {
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    if (this.#isCut) client.resetAndDestroy();
  }
}

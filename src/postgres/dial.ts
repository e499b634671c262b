// Opens a connection to an address as sslmode requires. It sends no credentials, and leaves no socket open when it fails.
import { isIP, Socket } from 'node:net';
import { checkServerIdentity, connect as tlsConnect } from 'node:tls';
import { foreign, LoginError, loginErrorOf } from './failure.ts';
import type { Server } from './server.ts';

/** SSLRequest: its length, and a code that is not a protocol version. */
const sslRequest = Buffer.from('0000000804d2162f', 'hex');

/**
 * @param address of the server's host
 * @param encrypted whether to request TLS; false only with `prefer`
 * @returns a connected socket that never throws
 * @throws LoginError, or an error of Node.js with its code
 */
export async function dial(server: Server, address: string, encrypted: boolean, signal: AbortSignal): Promise<Socket> {
  const socket = quiet(new Socket());
  try {
    socket.connect(server.port, address);
    await happened(socket, 'connect', signal, new LoginError('unreachable', 'no response within 5 s'));
    if (!encrypted) return socket;
    socket.write(sslRequest);
    const answer = await happened(socket, 'data', signal, silent());
    if (answer?.toString('latin1') === 'S') return await encrypt(socket, server, signal);
    if (answer?.toString('latin1') !== 'N') throw foreign();
    if (server.sslMode !== 'prefer') throw new LoginError('tls', 'the server does not support TLS');
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

export function silent(): LoginError {
  return new LoginError('silent', 'no response within 5 s');
}

/**
 * The issuer of the certificate is for the application to check: the operator does not have the CAs that each application trusts.
 * @param socket whoever destroys it ends the encryption too
 */
async function encrypt(socket: Socket, { host, sslMode }: Server, signal: AbortSignal): Promise<Socket> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const encrypted = quiet(tlsConnect({ socket, rejectUnauthorized: false, ...servername }));
  try {
    await happened(encrypted, 'secureConnect', signal, silent());
  } catch (error) {
    throw error instanceof LoginError && error.why === 'silent' ? error : new LoginError('tls', handshake(error));
  }
  if (sslMode !== 'verify-full' || checkServerIdentity(host, encrypted.getPeerCertificate()) === undefined)
    return encrypted;
  throw new LoginError('tls', 'the certificate is not valid for the host name');
}

function handshake(error: unknown): string {
  const { detail } = loginErrorOf(error);
  return `the TLS handshake failed (${detail})`;
}

/** Without a listener, a late error would end the process. */
function quiet<T extends Socket>(socket: T): T {
  return socket.on('error', () => {}) as T;
}

/** Resolves with the argument of the event. Rejects if the connection breaks first, or with `late` if the signal aborts first. */
function happened(
  socket: Socket,
  event: 'connect' | 'secureConnect' | 'data',
  signal: AbortSignal,
  late: LoginError,
): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const onClose = (): void => reject(new LoginError('broken', 'the connection was closed'));
  const onAbort = (): void => reject(late);
  socket.once(event, resolve).once('error', reject).once('end', onClose).once('close', onClose);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  return promise.finally(() => {
    socket.off(event, resolve).off('error', reject).off('end', onClose).off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  });
}

// A lock between processes that the kernel releases when its owner dies, however it dies. It must never leave a lock that needs cleaning up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SetupError } from './errors.ts';
import { formatElapsed } from './report.ts';

/**
 * Does `work` while this process holds the lock file; others wait for it.
 *
 * flock(1) holds the lock for as long as its standard input, a pipe from this process, stays open.
 *
 * @param path the lock file; made when it is missing, left where it is afterwards
 * @param onWait called with the formatted waiting time after half a second and then every ten, while another process holds the lock
 * @throws SetupError when flock(1) is missing or the file cannot be opened; errors of `work` pass through
 */
export async function withLock<T>(path: string, onWait: (elapsed: string) => void, work: () => Promise<T>): Promise<T> {
  // Detached: a Ctrl-C in the terminal must not release the lock before this process itself is gone.
  const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; exec cat'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = once(holder, 'close').catch(() => undefined);
  try {
    await acquired(path, holder, onWait);
    return await work();
  } finally {
    holder.stdin.end();
    await closed;
  }
}

async function acquired(
  path: string,
  holder: ReturnType<typeof spawn>,
  onWait: (elapsed: string) => void,
): Promise<void> {
  const started = performance.now();
  const report = () => onWait(formatElapsed(performance.now() - started));
  const first = setTimeout(report, 500);
  const later = setInterval(report, 10_000);
  const complaints: string[] = [];
  holder.stderr?.on('data', (text: Buffer) => complaints.push(text.toString()));
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once('data', () => resolve());
      holder.once('error', (error) =>
        reject(new SetupError(`flock, of the package util-linux, cannot be run (${error.message}): install it.`)),
      );
      holder.once('close', () =>
        reject(new SetupError(`The lock file ${path} cannot be used: ${complaints.join('').trim()}`)),
      );
    });
  } finally {
    clearTimeout(first);
    clearInterval(later);
  }
}

// Child processes: their output, their failures, and their end when the parent is killed. No network.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CommandError, run } from './run.ts';

describe('run', () => {
  it('returns standard output and passes on standard error line by line', async () => {
    const lines: string[] = [];
    const output = await run('sh', ['-c', 'echo out; echo err1 >&2; echo err2 >&2'], {
      onLine: (line) => lines.push(line),
    });
    expect(output).toBe('out\n');
    expect(lines).toEqual(['err1', 'err2']);
  });

  it('throws what the program said', async () => {
    const failure = run('sh', ['-c', 'echo why >&2; exit 3']);
    await expect(failure).rejects.toBeInstanceOf(CommandError);
    await expect(failure).rejects.toMatchObject({ exitCode: 3, said: 'why' });
  });

  it('throws a CommandError for a program that does not exist', async () => {
    await expect(run('no-such-program', [])).rejects.toBeInstanceOf(CommandError);
    await expect(run('no-such-program', [], { whenParentDies: undefined })).rejects.toBeInstanceOf(CommandError);
  });

  it('ends the child when this process is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'run-test-'));
    // The grandchild holds a connection: its end is the event to wait for.
    const server = createServer().listen(join(folder, 'socket'));
    try {
      const grandchild = `require('node:net').connect(${JSON.stringify(join(folder, 'socket'))})`;
      const parent = `
        const { run } = await import(${JSON.stringify(new URL('./run.ts', import.meta.url).href)});
        await run(process.execPath, ['--eval', ${JSON.stringify(grandchild)}]);
      `;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', parent], {
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: 'inherit',
      });
      const [connection] = (await once(server, 'connection')) as [ReturnType<typeof createConnection>];
      child.kill('SIGKILL');
      await once(connection.resume(), 'close');
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

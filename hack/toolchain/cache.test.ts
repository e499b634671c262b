// The cache with concurrent writers and with writers that are killed. No network.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cached, cacheRoot } from './cache.ts';

const key = { name: 'thing', inputs: ['one', 'two'] };
const silent = () => {};
let root: string;
let before: string | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cache-test-'));
  before = process.env.POSTGRES_ADDON_CACHE;
  process.env.POSTGRES_ADDON_CACHE = root;
});

afterEach(async () => {
  if (before === undefined) delete process.env.POSTGRES_ADDON_CACHE;
  else process.env.POSTGRES_ADDON_CACHE = before;
  await rm(root, { recursive: true, force: true });
});

describe('cached', () => {
  it('makes an entry once', async () => {
    let made = 0;
    const build = async (path: string) => {
      made += 1;
      await writeFile(path, 'content');
    };
    const first = await cached(key, build, silent);
    const second = await cached(key, build, silent);
    expect(second).toBe(first);
    expect(first.startsWith(join(root, 'thing-'))).toBe(true);
    expect(await readFile(first, 'utf8')).toBe('content');
    expect(made).toBe(1);
  });

  it('makes another entry for other inputs', async () => {
    const build = (path: string) => writeFile(path, '');
    const first = await cached(key, build, silent);
    expect(await cached({ name: 'thing', inputs: ['onetwo'] }, build, silent)).not.toBe(first);
  });

  it('leaves nothing of a build that failed', async () => {
    const build = async (path: string) => {
      await writeFile(path, 'half');
      throw new Error('no more');
    };
    await expect(cached(key, build, silent)).rejects.toThrow('no more');
    expect(await readdir(join(root, 'unfinished'))).toEqual([]);
    expect(await readdir(root)).toEqual(['locks', 'unfinished']);
  });

  it('says what to do when the folder cannot be written', async () => {
    await writeFile(join(root, 'file'), '');
    process.env.POSTGRES_ADDON_CACHE = join(root, 'file');
    await expect(cached(key, async () => {}, silent)).rejects.toThrow(/Set POSTGRES_ADDON_CACHE/);
  });

  it('lets one of two processes build while the other says that it waits', async () => {
    const first = maker();
    await first.says('building');
    const second = maker();
    await second.says('waiting');
    first.process.stdin.write('go on\n');
    const path = await first.says('done ');
    expect(await second.says('done ')).toBe(path);
    expect(await readFile(path, 'utf8')).toBe(`made by ${first.process.pid}`);
  });

  it('starts clean after a builder was killed, and hands the lock to the one that waits', async () => {
    const first = maker();
    await first.says('building');
    const second = maker();
    await second.says('waiting');
    first.process.kill('SIGKILL');
    await second.says('building');
    second.process.stdin.write('go on\n');
    const path = await second.says('done ');
    expect(await readFile(path, 'utf8')).toBe(`made by ${second.process.pid}`);
    expect(await readdir(join(root, 'unfinished'))).toEqual([]);
  });
});

describe('cacheRoot', () => {
  it('prefers its own variable, then XDG, then the home folder', () => {
    expect(cacheRoot()).toBe(root);
    delete process.env.POSTGRES_ADDON_CACHE;
    const shared = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = '/xdg';
    expect(cacheRoot()).toBe('/xdg/postgres-addon-operator');
    delete process.env.XDG_CACHE_HOME;
    expect(cacheRoot()).toMatch(/\/\.cache\/postgres-addon-operator$/);
    if (shared !== undefined) process.env.XDG_CACHE_HOME = shared;
  });
});

/** Builds the entry in a process of its own, in two halves with a line of standard input between them. */
const MAKER = `
  import { existsSync } from 'node:fs';
  import { writeFile } from 'node:fs/promises';
  import { once } from 'node:events';
  const { cached } = await import(process.argv[1]);
  const build = async (path) => {
    if (existsSync(path)) throw new Error('not clean');
    await writeFile(path, 'half');
    console.log('building');
    await once(process.stdin, 'data');
    await writeFile(path, 'made by ' + process.pid);
  };
  const path = await cached({ name: 'thing', inputs: ['one', 'two'] }, build, () => console.log('waiting'));
  console.log('done ' + path);
  process.exit();
`;

interface Maker {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** Waits for a line that begins with the word; returns what follows it. */
  readonly says: (word: string) => Promise<string>;
}

function maker(): Maker {
  const url = new URL('./cache.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', MAKER, url], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // One iterator for the whole life: a line that comes before somebody asks for it is not lost.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, says: (word) => nextLine(lines, word) };
}

async function nextLine(lines: AsyncIterator<string>, word: string): Promise<string> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`ended without saying ${word}`);
    if (value.startsWith(word)) return value.slice(word.length);
  }
}

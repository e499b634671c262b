import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseState, readState, type State, writeState } from './state.ts';

const complete: State = {
  name: 'demo',
  profile: 'control-plane',
  driver: 'host',
  ports: { etcd: 21_000, etcdPeer: 21_001, apiServer: 21_002 },
  completedAt: '2026-01-02T03:04:05.000Z',
};

describe('parseState', () => {
  it('reads what was written', () => {
    expect(parseState(JSON.stringify(complete))).toEqual(complete);
  });

  it.each([
    ['an empty file', ''],
    ['half a file', JSON.stringify(complete).slice(0, 40)],
    ['another format', '{"version": 7}'],
    ['an unknown profile', JSON.stringify({ ...complete, profile: 'cloud' })],
    ['a port that is a word', JSON.stringify({ ...complete, ports: { ...complete.ports, etcd: 'x' } })],
  ])('takes %s for no state', (_, text) => {
    expect(parseState(text)).toBeUndefined();
  });
});

describe('a state directory', () => {
  it('has no state before it is written, the written one afterwards, and no remains of writing', async () => {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'state-'));
    const identity = { name: 'demo', realName: 'demo-1', stateDirectory };
    try {
      expect(await readState(identity)).toBeUndefined();
      await writeState(identity, complete);
      expect(await readState(identity)).toEqual(complete);
      expect(await readdir(stateDirectory)).toEqual(['state.json']);
      await writeFile(join(stateDirectory, 'state.json'), '{');
      expect(await readState(identity)).toBeUndefined();
    } finally {
      await rm(stateDirectory, { recursive: true });
    }
  });
});

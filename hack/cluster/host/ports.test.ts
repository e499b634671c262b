import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { candidates, isFree } from './ports.ts';

describe('candidates', () => {
  it.each([0, 0.5, 0.9999])('are all ports of the range, each once, from the seed %d on', (seed) => {
    const ports = [...candidates(seed)];
    expect(new Set(ports).size).toBe(10_000);
    expect(Math.min(...ports)).toBe(21_000);
    expect(Math.max(...ports)).toBe(30_999);
    expect(ports[0]).toBe(21_000 + Math.floor(seed * 10_000));
  });
});

describe('isFree', () => {
  it('distinguishes a port that is served from one that is not', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await isFree(port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isFree(port)).toBe(true);
  });
});

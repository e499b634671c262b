// Splitting a stream of bytes into lines, wherever the chunks end.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { splitLines } from './lines.ts';

async function cut(chunks: readonly Buffer[], mostBytes = 1000): Promise<string[]> {
  async function* stream(): AsyncIterable<Buffer> {
    yield* chunks;
  }
  const lines: string[] = [];
  for await (const line of splitLines(stream(), mostBytes)) lines.push(line);
  return lines;
}

describe('splitLines', () => {
  it('gives the same lines for every way to cut the stream', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.array(fc.nat(200)), async (parts, cuts) => {
        const whole = Buffer.from(parts.join('\n'));
        const at = [0, ...cuts.filter((position) => position < whole.length).sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        const complete = whole.toString().split('\n').slice(0, -1);
        expect(await cut(chunks)).toEqual(complete.filter((line) => line !== ''));
      }),
    );
  });

  it('refuses a line beyond its limit, ended or not', async () => {
    const limit = { code: 0, reason: 'Network', message: 'a line of the stream is longer than 4 bytes' };
    expect(await cut([Buffer.from('abcd\n')], 4)).toEqual(['abcd']);
    expect(await cut([Buffer.from('abcd'), Buffer.from('\nefgh'), Buffer.from('\n')], 4)).toEqual(['abcd', 'efgh']);
    await expect(cut([Buffer.from('abcde\n')], 4)).rejects.toMatchObject(limit);
    await expect(cut([Buffer.from('abc'), Buffer.from('de')], 4)).rejects.toMatchObject(limit);
  });
});

import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { requireFreeSpace } from './surroundings.ts';

describe('requireFreeSpace', () => {
  it('is content with what is there', async () => {
    await expect(requireFreeSpace(tmpdir(), 0)).resolves.toBeUndefined();
  });

  it('says what is needed, what is there, and what to do', async () => {
    await expect(requireFreeSpace(tmpdir(), 1e12)).rejects.toThrow(
      /needs 1000000000000 MB on the disk of .*, and \d+ MB are free\. Make room/,
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { SetupError } from '../toolchain/errors.ts';
import { together } from './together.ts';
import { NotYet, waitFor } from './wait.ts';

const options = { what: 'The thing', timeoutMilliseconds: 50, everyMilliseconds: 1 };

describe('waitFor', () => {
  it('returns what the look that succeeds returns', async () => {
    let looks = 0;
    expect(
      await waitFor({ ...options, timeoutMilliseconds: 5_000 }, async () => (++looks === 3 ? 'seen' : undefined)),
    ).toBe('seen');
  });

  it('says after the timeout what did not come, why, and where to look', async () => {
    const waiting = waitFor({ ...options, hint: 'See the log' }, () => Promise.reject(new NotYet('still asleep')));
    await expect(waiting).rejects.toThrow(SetupError);
    await expect(waiting).rejects.toThrow('The thing did not come within 0 s. still asleep. See the log');
  });

  it('does not look again after another error', async () => {
    await expect(waitFor(options, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const waiting = waitFor({ ...options, timeoutMilliseconds: 5_000, signal: controller.signal }, async () => {
      controller.abort(new Error('the other one failed'));
      return undefined;
    });
    await expect(waiting).rejects.toThrow();
  });
});

describe('together', () => {
  it('ends when all branches have ended, with the first error', async () => {
    const ended: string[] = [];
    const work = together((signal) => [
      Promise.reject(new Error('first')),
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          ended.push('second');
          resolve();
        }),
      ),
    ]);
    await expect(work).rejects.toThrow('first');
    expect(ended).toEqual(['second']);
  });
});

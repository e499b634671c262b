import { describe, expect, it } from '@jest/globals';
import { SetupError } from '../toolchain/errors.ts';
import { runTogether } from './run-together.ts';
import { eventually, isUnexpected, NotYet, TimeoutError } from './wait.ts';

const briefly = { timeoutMilliseconds: 50, everyMilliseconds: 1 };
const patiently = { timeoutMilliseconds: 5_000, everyMilliseconds: 1 };
const failing = (error: Error) => () => Promise.reject(error);

describe('eventually', () => {
  it('returns what the look that succeeds returns', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks < 3) throw new Error('too early');
      return 'seen';
    };
    expect(await eventually('the thing', look, patiently)).toBe('seen');
    expect(looks).toBe(3);
  });

  it('says after the timeout what did not come, what was seen last, and where to look', async () => {
    const waiting = eventually('the thing', failing(new NotYet('still asleep')), { ...briefly, hint: 'See the log' });
    await expect(waiting).rejects.toThrow(SetupError);
    await expect(waiting).rejects.toThrow(TimeoutError);
    await expect(waiting).rejects.toThrow('waited 0.05 s in vain for the thing; seen last: still asleep. See the log');
  });

  it('does not look again after an error that is final', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      throw new Error('broken');
    };
    const waiting = eventually('the thing', look, { ...patiently, isFinal: isUnexpected });
    await expect(waiting).rejects.toThrow(/^broken$/);
    expect(looks).toBe(1);
  });

  const fail = (controller: AbortController) => controller.abort(new Error('the other one failed'));
  it.each([
    ['during a look', fail],
    ['between two looks', (controller: AbortController) => setTimeout(() => fail(controller), 20)],
  ])('ends with the reason of its signal, given %s', async (_, abort) => {
    const controller = new AbortController();
    const look = () => {
      abort(controller);
      throw new NotYet('not yet');
    };
    const options = { everyMilliseconds: 20_000, signal: controller.signal };
    await expect(eventually('the thing', look, options)).rejects.toThrow('the other one failed');
  });
});

describe('runTogether', () => {
  it('ends when all branches have ended, with the first error', async () => {
    const ended: string[] = [];
    const work = runTogether((signal) => [
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

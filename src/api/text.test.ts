// A text that was cut is one that the API server stores as it is.
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cut } from './text.ts';

it('is never longer than asked for, well-formed, and the beginning of the text', () => {
  const unit = fc.constantFrom('a', 'ä', '😀', '\ud83d', '\ude00', '\ufffd', ' ');
  const texts = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
  fc.assert(
    fc.property(texts, fc.integer({ min: 3, max: 14 }), fc.constantFrom('…', '...', ''), (text, longest, mark) => {
      const short = cut(text, longest, mark);
      expect(short.length).toBeLessThanOrEqual(longest);
      expect(short.isWellFormed()).toBe(true);
      const whole = text.toWellFormed();
      if (text.length <= longest) expect(short).toBe(whole);
      else {
        expect(short.endsWith(mark)).toBe(true);
        const kept = short.slice(0, short.length - mark.length);
        expect(whole.startsWith(kept)).toBe(true);
        expect(kept.length).toBeGreaterThanOrEqual(longest - mark.length - 1);
      }
      // As many as fit: what is already short enough is not cut again.
      expect(cut(short, longest, mark)).toBe(short);
    }),
    { numRuns: 5_000 },
  );
});

it.each([
  ['abcdef', 'abc…'],
  ['abc\uffffef', 'abc…'],
  ['ab\uffffdef', 'ab\uffff…'],
  ['ab\u{10000}def', 'ab…'],
  ['a\u{10000}def', 'a\u{10000}…'],
])('%j is cut to four as %j', (text, short) => expect(cut(text, 4)).toBe(short));

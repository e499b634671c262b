// What is in a note, and that an upgrade writes none.
import { describe, expect, it } from '@jest/globals';
import { incarnationIn, noteOf, sidecarIn } from './note.ts';

const [settings, sidecar] = ['0a1b2c3d', '4e5f6071'];
const whole = '0a1b2c3d.4e5f6071.2';
const short = '0a1b2c3d.2';

describe('a note', () => {
  it.each([
    ['none', undefined, whole],
    ['itself', whole, whole],
    ['that of an earlier version, about the same', short, short],
    ['that of an earlier version, about other settings', 'ffffffff.2', whole],
    ['that of an earlier version, about an earlier ObjectStore', '0a1b2c3d.1', whole],
  ])('takes the place of %s', (_, present, expected) => expect(noteOf(settings, sidecar, 2, present)).toBe(expected));

  it.each([
    [whole, sidecar, 2],
    [short, undefined, 2],
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['0a1b2c3d.4e5f6071.1234567', undefined, undefined],
    ['0a1b2c3d.4e5f607.2', undefined, 2],
    [`x${whole}`, undefined, 2],
  ])('%j tells %s and %s', (note, memory, incarnation) =>
    expect([sidecarIn(note), incarnationIn(note)]).toEqual([memory, incarnation]),
  );
});

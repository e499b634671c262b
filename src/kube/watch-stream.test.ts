// When a watch counts as dead, and what counts as an event.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { parseEvent, unreadable, versionOf, WatchStream } from './watch-stream.ts';

function aStream() {
  const clock = new ManualClock();
  const parent = new AbortController();
  return { clock, parent, stream: new WatchStream(clock, parent.signal) };
}

describe('a watch', () => {
  it.each([1, 60_000])('is dead after 90 s of silence, counted from the last line, here after %i ms', async (last) => {
    const { clock, stream } = aStream();
    await clock.advance(last);
    stream.heard();
    await clock.advance(89_999);
    expect([stream.silent, stream.signal.aborted]).toEqual([false, false]);
    await clock.advance(1);
    expect([stream.silent, stream.signal.aborted]).toEqual([true, true]);
  });

  it('that hears something is checked again and again', async () => {
    const { clock, stream } = aStream();
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await clock.advance(60_000);
      expect(stream.silent).toBe(false);
      stream.heard();
    }
    await clock.advance(90_000);
    expect(stream.silent).toBe(true);
  });

  it('ends with its reflector, which is no silence', () => {
    const { parent, stream } = aStream();
    parent.abort();
    expect([stream.silent, stream.signal.aborted]).toEqual([false, true]);
  });

  it('leaves neither a timer nor a listener behind, also after it was checked', async () => {
    const { clock, parent, stream } = aStream();
    stream.heard();
    await clock.advance(60_000);
    stream.heard();
    await clock.advance(60_000);
    stream.release();
    expect(clock.timers).toBe(0);
    expect(getEventListeners(parent.signal, 'abort')).toEqual([]);
  });
});

it('an event has a type and an object; anything else is refused without its text', () => {
  expect(parseEvent('{"type":"ADDED","object":{"a":1},"more":2}')).toMatchObject({ type: 'ADDED', object: { a: 1 } });
  for (const line of ['', 'secret', '7', 'null', '"type object"', '{"type":"ADDED"}', '{"object":{}}'])
    expect(() => parseEvent(line)).toThrow(unreadable());
  expect(unreadable()).toMatchObject({ code: 0, reason: 'Network', message: 'the watch sent an invalid event' });
});

it('the version of an object is a text; without one the stream is not trusted', () => {
  expect(versionOf({ metadata: { resourceVersion: '7' } })).toBe('7');
  const others = [undefined, null, 'text', {}, { metadata: null }, { metadata: 'text' }, { metadata: {} }];
  for (const object of [...others, { metadata: { resourceVersion: 7 } }])
    expect(() => versionOf(object)).toThrow(unreadable());
});

import { describe, expect, it } from '@jest/globals';
import { bytesOf, wantedGrowth } from './expander.ts';

describe('bytesOf', () => {
  it.each([
    ['1Gi', 1_073_741_824],
    ['1.5Gi', 1_610_612_736],
    ['500M', 500_000_000],
    ['1e9', 1_000_000_000],
    ['1k', 1_000],
    ['1Ki', 1_024],
    ['1234', 1_234],
    ['1500m', 1.5],
  ])('%s is %d bytes', (quantity, bytes) => {
    expect(bytesOf(quantity)).toBe(bytes);
  });

  it.each(['', 'Gi', '1 Gi', '1Xi', '-1Gi'])('"%s" is no quantity', (quantity) => {
    expect(bytesOf(quantity)).toBeUndefined();
  });
});

describe('wantedGrowth', () => {
  const claim = (wanted: string, has: string | undefined, volumeName: string | undefined) => ({
    metadata: { name: 'db-1', namespace: 'app' },
    spec: { volumeName, storageClassName: 'standard', resources: { requests: { storage: wanted } } },
    status: has === undefined ? {} : { capacity: { storage: has } },
  });

  it('is what is asked for when that is more', () => {
    expect(wantedGrowth(claim('2Gi', '1Gi', 'pv'))).toBe('2Gi');
    expect(wantedGrowth(claim('2000Mi', '1Gi', 'pv'))).toBe('2000Mi');
  });

  it.each([
    ['it has as much', claim('1Gi', '1Gi', 'pv')],
    ['it has as much in another unit', claim('1024Mi', '1Gi', 'pv')],
    ['it has more', claim('1Gi', '2Gi', 'pv')],
    ['it is not bound', claim('1Gi', undefined, undefined)],
  ])('is nothing when %s', (_, given) => {
    expect(wantedGrowth(given)).toBeUndefined();
  });
});

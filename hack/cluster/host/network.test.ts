import { describe, expect, it } from '@jest/globals';
import { candidates, overlaps, subnetAt } from './network.ts';

describe('subnetAt', () => {
  it.each([
    [0, '172.30.0.1', '172.30.0.2'],
    [1, '172.30.0.5', '172.30.0.6'],
    [64, '172.30.1.1', '172.30.1.2'],
    [16_383, '172.30.255.253', '172.30.255.254'],
  ])('%d has the addresses %s and %s', (index, hostAddress, nodeAddress) => {
    expect(subnetAt(index)).toMatchObject({ hostAddress, nodeAddress });
  });

  it('has a device name the kernel accepts', () => {
    expect(subnetAt(16_383).device.length).toBeLessThanOrEqual(15);
  });
});

describe('candidates', () => {
  it('are all subnets, each once, from a place of the name', () => {
    const indexes = [...candidates('demo-12345678')].map(({ index }) => index);
    expect(new Set(indexes).size).toBe(16_384);
    expect(indexes).toHaveLength(16_384);
    expect([...candidates('demo-12345678')][0]).toEqual(subnetAt(indexes[0] ?? -1));
    expect([...candidates('test-12345678')][0]?.index).not.toBe(indexes[0]);
  });
});

describe('overlaps', () => {
  it.each([
    ['172.30.0.4/30', true],
    ['172.30.0.5', true],
    ['172.30.0.7', true],
    ['172.30.0.0/24', true],
    ['172.16.0.0/12', true],
    ['0.0.0.0/0', true],
    ['172.30.0.0/30', false],
    ['172.30.0.8', false],
    ['172.31.0.0/16', false],
    ['10.0.0.0/8', false],
    ['192.168.1.1', false],
  ])('172.30.0.4/30 and %s: %s', (network, expected) => {
    expect(overlaps(subnetAt(1), network)).toBe(expected);
  });
});

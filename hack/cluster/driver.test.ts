import { describe, expect, it } from '@jest/globals';
import { chooseDriver, type Surroundings } from './driver.ts';

const surroundings = (platform: NodeJS.Platform, isRoot: boolean, kindWorks: boolean): Surroundings => ({
  platform,
  isRoot,
  kindWorks: async () => kindWorks,
});

describe('chooseDriver', () => {
  it.each([
    ['kind where it works', 'node', surroundings('linux', true, true), 'kind'],
    ['kind where it works, for every user', 'node', surroundings('darwin', false, true), 'kind'],
    ['the host for root on Linux', 'node', surroundings('linux', true, false), 'host'],
    ['the host for anybody who needs no node', 'control-plane', surroundings('linux', false, false), 'host'],
  ] as const)('auto takes %s', async (_, profile, around, expected) => {
    expect(await chooseDriver('auto', profile, around)).toBe(expected);
  });

  it.each([
    ['a user who is not root', surroundings('linux', false, false), /not root/],
    ['another system', surroundings('darwin', true, false), /this system is darwin/],
  ] as const)('names both ways out to %s', async (_, around, reason) => {
    const refusal = chooseDriver('auto', 'node', around);
    await expect(refusal).rejects.toThrow(reason);
    await expect(refusal).rejects.toThrow(/Docker daemon and `kind` on PATH.*Or root on Debian Linux/);
  });

  it('does not look around when the driver is named', async () => {
    const blind: Surroundings = {
      platform: 'linux',
      isRoot: false,
      kindWorks: () => Promise.reject(new Error('looked')),
    };
    expect(await chooseDriver('host', 'node', blind)).toBe('host');
    expect(await chooseDriver('kind', 'node', blind)).toBe('kind');
  });
});

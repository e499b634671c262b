// What has run on the data of an addon, told apart from what was only requested.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, observing } from '../testing.ts';
import { knownRunning, type Running, recordedRunning, versionIn, withServerVersion } from './running.ts';

const addon = anAddon({ plan: 'free' });
const cluster = aCluster(addon);
const image = 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie';
const since = '2026-01-02T03:04:04Z';
const last: Running = { image: 'r/pg:16.2', version: '16.2', lowest: '16.2', since: '2026-01-01T00:00:00Z' };

const situation = (status: AddonStatus, seen?: Cluster) =>
  situationOf(observing({ ...addon, status: { ...addon.status, ...status } }, { cluster: seen }));

describe('what runs', () => {
  it('is seen once every instance is ready: one, where the Cluster has no number', () => {
    const { instances: _, ...spec } = cluster.spec;
    const seen = { image, version: '17', lowest: '17', since };
    expect(recordedRunning(situation({ running: last }, { ...cluster, spec }))).toEqual(seen);
    const starting = { ...cluster, status: { ...cluster.status, readyInstances: 0 } };
    expect(recordedRunning(situation({ running: last }, starting))).toEqual(last);
  });

  it('is nothing without a Cluster', () => {
    expect(recordedRunning(situation({ running: last }))).toBeUndefined();
  });
});

describe('what has run', () => {
  const { currentPrimary: _, ...unled } = cluster.status;
  const starting = (status: Cluster['status']): Cluster => ({ ...cluster, status: { ...status, readyInstances: 0 } });
  const readyAt = '2026-01-02T03:04:05Z';

  it.each([
    ['there was a primary', {}, starting(cluster.status), { version: '17', lowest: '17' }],
    ['it was ready', { ready_at: readyAt }, starting(unled), { version: '17', lowest: '17' }],
    ['neither is known', {}, starting(unled), undefined],
    ['it is recorded', { running: last, ready_at: readyAt }, starting(cluster.status), last],
  ])('is, if %s, known as', (_, status, seen, known) => {
    expect(knownRunning(situation(status, seen))).toEqual(known);
  });
});

it('the version that a server reports is at least the lowest one, if it is of the same major version', () => {
  expect(withServerVersion(last, '16.4')).toEqual({ ...last, lowest: '16.4' });
  expect(withServerVersion(last, '16.1')).toEqual(last);
  expect(withServerVersion(last, '17.4')).toEqual(last);
  expect(withServerVersion(last, undefined)).toEqual(last);
  expect(withServerVersion(undefined, '17.4')).toBeUndefined();
});

describe('the version in an image', () => {
  const written = { image: 'r/pg:17.0-r1', version: '17' };
  const running = { ...last, image: written.image, version: '17.4' };

  it.each<readonly [string, AddonStatus, string]>([
    ['what was written with it', written, '17'],
    ['what runs with it', { ...written, running }, '17.4'],
    ['what its tag says, if nothing is known of it', { ...written, image: 'r/pg:18', running: last }, '17.0'],
  ])('is %s', (_, status, version) => {
    expect(versionIn(situation(status), written.image)).toBe(version);
  });
});

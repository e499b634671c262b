// What gets no more fixes is named from the day on which that begins, whatever else is true of the addon.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import type { Condition } from '../../api/kubernetes.ts';
import { aCluster, anAddon, aRunningAddon, changed, observing, observingAll, think } from '../testing.ts';
import { transitions } from '../transitions.ts';
import { finalReleases } from './end-of-life.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const dayBefore = (day: string): number => Date.parse(day) - 1;

/** The status at a time of a database that runs with a version, or an image. */
function statusAt(now: number, version: string, imageName?: string, suspend = false): AddonStatus {
  const addon = aRunningAddon({ plan: 'free', version });
  const status = { ...addon.status, ...(imageName === undefined ? {} : { image: imageName }) };
  const o = observingAll({ ...(suspend ? changed(addon, { suspend }) : addon), status }, url);
  const { cluster } = o.children;
  if (cluster.kind !== 'found') throw new Error('no Cluster');
  const { spec } = cluster.object;
  const object = { ...cluster.object, spec: { ...spec, ...(imageName === undefined ? {} : { imageName }) } };
  return think({ ...o, children: { ...o.children, cluster: { kind: 'found', object } } }, {}, now).status;
}

const endOfLife = ({ conditions }: AddonStatus): Condition | undefined =>
  conditions?.find(({ type }) => type === 'EndOfLife');
const ready = ({ conditions }: AddonStatus): string | undefined =>
  conditions?.find(({ type }) => type === 'Ready')?.reason;

describe('the condition EndOfLife', () => {
  it.each(Object.entries(finalReleases))('of PostgreSQL %s is True from %s on, and not before', (major, day) => {
    const before = statusAt(dayBefore(day), major);
    const from = statusAt(Date.parse(day), major);
    expect(endOfLife(before)).toBeUndefined();
    expect(endOfLife(from)).toMatchObject({ status: 'True', reason: 'VersionEnded' });
    for (const word of [`PostgreSQL ${major}`, day, 'spec.version']) expect(endOfLife(from)?.message).toContain(word);
    expect([ready(from), from.phase]).toEqual([ready(before), before.phase]);
  });

  it('is that of a minor version too, and of a suspended addon', () => {
    expect(endOfLife(statusAt(Date.parse('2026-11-28'), '14.9'))?.reason).toBe('VersionEnded');
    expect(endOfLife(statusAt(Date.parse('2026-11-28'), '14', undefined, true))?.reason).toBe('VersionEnded');
  });

  it.each(['9.6', '12', '13', '13.9'])(
    'is that of %s, which ended before the table begins, whatever the clock says',
    (version) => {
      for (const now of [Date.parse('2026-11-28'), 0]) {
        const status = statusAt(now, version, `r.example/pg:${version}-x`);
        expect(endOfLife(status)).toMatchObject({ status: 'True', reason: 'VersionEnded' });
        expect(endOfLife(status)?.message).toMatch(/^PostgreSQL \d+ gets no more fixes; set spec[.]version/);
      }
    },
  );

  it.each([
    ['13', '1970-01-01', '16 or higher ('],
    ['14', '2026-11-28', '16 or higher ('],
    ['15', '2027-11-28', '16 or higher ('],
    ['16', '2028-11-28', '17 or higher ('],
    // Those between have ended since.
    ['14', '2028-11-08', '16 or higher ('],
    ['14', '2028-11-09', '17 or higher ('],
    ['14', '2029-12-01', '18 or higher ('],
    ['13', '2029-12-01', '18 or higher ('],
    // The schema does not know it yet.
    ['14', '2031-01-01', '19 or higher, which needs a newer version of the operator ('],
    ['18', '2031-01-01', '19 or higher, which needs a newer version of the operator ('],
  ])('of %s on %s names the lowest later version that still gets fixes', (version, day, next) => {
    const status = statusAt(Date.parse(day), version, `r.example/pg:${version}-x`);
    expect(endOfLife(status)?.message).toContain(`a later major version, ${next}`);
  });

  it('is known of a database that never ran, by what is set', () => {
    const reasonOf = (imageName: string): string | undefined => {
      const addon = anAddon({ plan: 'free' });
      const { currentPrimary: _, ...made } = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 }).status;
      const cluster = aCluster(addon);
      const o = observing(addon, { cluster: { ...cluster, status: made, spec: { ...cluster.spec, imageName } } });
      return endOfLife(think(o, {}, Date.parse('2026-11-28')).status)?.reason;
    };
    expect(reasonOf('r.example/pg:14-x')).toBe('VersionEnded');
    expect(reasonOf('ghcr.io/cloudnative-pg/postgresql:17')).toBe('ImageUnsupported');
    expect(reasonOf('r.example/pg:latest')).toBeUndefined();
  });

  it('is not that of a version after the table', () => {
    expect(endOfLife(statusAt(Date.parse('2035-01-01'), '19', 'r.example/pg:19-x'))).toBeUndefined();
  });

  it('names an image that gets no fixes, with the value that moves it', () => {
    const status = statusAt(Date.parse('2026-11-28'), '17', 'ghcr.io/cloudnative-pg/postgresql:17');
    expect(endOfLife(status)).toMatchObject({ status: 'True', reason: 'ImageUnsupported' });
    expect(endOfLife(status)?.message).toContain('postgres.imageRollout: Now');
    expect(ready(status)).toBe('Running');
  });

  it('is announced by one Warning, and stays the same', () => {
    const now = Date.parse('2026-11-28');
    const status = statusAt(now, '14');
    const news = transitions(statusAt(dayBefore('2026-11-12'), '14'), status);
    expect(news).toEqual([expect.objectContaining({ type: 'Warning', reason: 'VersionEnded' })]);
    expect(endOfLife(statusAt(now + 86_400_000, '14'))?.message).toBe(endOfLife(status)?.message);
    expect(transitions(status, statusAt(now + 86_400_000, '14'))).toEqual([]);
  });
});

it('every major version that the schema allows has a date, which docs/versions.md repeats', () => {
  expect(Object.keys(finalReleases)).toEqual(['14', '15', '16', '17', '18']);
  const text = readFileSync(join(import.meta.dirname, '../../../docs/versions.md'), 'utf8');
  for (const [major, day] of Object.entries(finalReleases)) expect(text).toContain(`\n| ${major} | ${day} |\n`);
});

// A database keeps the form of its image until the platform says otherwise, and no write changes form and major version together.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { ImageRollout, Platform } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, changed, defined, observing, testPlatform, think } from '../testing.ts';
import { formOf, kindOfImage, reachableImage } from './image.ts';
import { isUnsupported, parseVersion, versionOfImage } from './version.ts';

const bare = 'ghcr.io/cloudnative-pg/postgresql';
const trixie = testPlatform.imagePattern;

describe('the form of an image', () => {
  it.each([
    [`${bare}:17`, `${bare}:{version}`],
    [`${bare}:17.4-standard-trixie`, trixie],
    ['r.example:5000/a/pg:16.2-x', 'r.example:5000/a/pg:{version}-x'],
    ['r.example:5000/pg', undefined],
    [`${bare}:17@sha256:0123`, undefined],
    ['r.example/pg:latest', undefined],
    ['r.example/pg:17_custom', undefined],
    ['r.example/pg:17.5.0-debian-12-r0', undefined],
    ['r.example/pg:17.20261101', undefined],
  ])('%s: %s', (image, form) => {
    expect(formOf(trixie, image)).toBe(form);
  });

  it('is unknown without a tag, also where the version is known', () => {
    expect(formOf(trixie, 'r.example/pg', '17')).toBeUndefined();
  });

  it.each([
    [`${bare}:17.4-standard-trixie`, '17', 'pattern'],
    ['r.example/pg:17-x', '17', 'other'],
    ['r.example/pg:latest', 'unknown', 'other'],
    [`${bare}:17`, '17', 'unsupported'],
  ])('%s is counted as %s, %s', (image, major, kind) => {
    expect(kindOfImage(trixie, image)).toEqual({ major, image: kind });
  });

  it('is that of the pattern wherever the pattern has the version', () => {
    expect(formOf('r.example/pg{version}:{version}-x', 'r.example/pg17:17-x')).toBe(
      'r.example/pg{version}:{version}-x',
    );
  });

  it.each([
    [`${bare}:17`, true],
    [`${bare}:17.4`, true],
    [`${bare}:17@sha256:0123`, true],
    [`${bare}:17-bullseye`, true],
    [`${bare}:17.5-standard-bullseye`, true],
    [`${bare}:17.5-202506161040-minimal-bullseye`, true],
    [`${bare}:17.4-13`, true],
    [`${bare}:17.4-13-bullseye@sha256:0123`, true],
    [`${bare}:17-standard-trixie`, false],
    [`${bare}:17.5-202506161040-standard-bookworm`, false],
    [`mirror.example/cloudnative-pg/postgresql:17`, false],
  ])('%s gets no fixes: %s', (image, unsupported) => {
    expect(isUnsupported(image)).toBe(unsupported);
    expect(kindOfImage(trixie, image)).toMatchObject({ major: '17' });
    expect(kindOfImage(trixie, image).image === 'unsupported').toBe(unsupported);
  });
});

interface World {
  readonly addon: PostgresAddon;
  readonly cluster: Cluster;
  readonly platform: Platform;
}

/** One round: what is decided is written. */
function round({ addon, cluster, platform }: World): World {
  const { actions, status } = think(observing(addon, { cluster, platform }));
  const write = actions.find(({ child }) => child === 'cluster');
  if (write?.verb !== 'apply') return { addon: { ...addon, status }, cluster, platform };
  const { imageName } = write.manifest.spec as { readonly imageName: string };
  const annotations = defined(write.manifest.metadata.annotations);
  const metadata = { ...cluster.metadata, annotations };
  const written = { ...cluster, metadata, spec: { ...cluster.spec, imageName } };
  return { addon: { ...addon, status }, cluster: written, platform };
}

/** CNPG restarts what is set, and reports it ready. */
function starts({ addon, cluster, platform }: World): World {
  const before = Date.parse(cluster.status.readyCondition?.lastTransitionTime ?? '');
  const readyCondition = { status: 'True', lastTransitionTime: new Date(before + 60_000).toISOString() };
  const dataMajor = parseVersion(versionOfImage('', imageIn({ cluster })) ?? '')?.major ?? 0;
  return round({ addon, cluster: { ...cluster, status: { ...cluster.status, readyCondition, dataMajor } }, platform });
}

/** A database that runs with an image. */
function running(image: string, imageRollout: ImageRollout = 'Never'): World {
  const addon = anAddon({ plan: 'free' });
  const made = aCluster(addon);
  const first = { addon, cluster: { ...made, spec: { ...made.spec, imageName: image } } };
  const platform = { ...testPlatform, imageRollout: 'Never' } as const;
  const version = versionOfImage('', image) ?? '17';
  const resources = { instances: 1, memory: '256Mi' };
  const status = { image, version, plan: 'free', resources, ready_at: '2026-01-02T03:04:05Z' };
  const world = starts({ ...first, addon: { ...addon, status, spec: { plan: 'free' } }, platform });
  return { ...world, platform: { ...platform, imageRollout } };
}

const asks = ({ addon, ...rest }: World, version: string): World =>
  round({ ...rest, addon: changed(addon, { version }) });
const imageIn = ({ cluster }: Pick<World, 'cluster'>): string => cluster.spec.imageName ?? '';
const applied = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'PlanApplied');

describe('with imageRollout Never', () => {
  it.each([`${bare}:17`, `${bare}:17.4@sha256:0123`, 'r.example/pg:17-x', 'r.example/pg:17_custom'])(
    'the database with %s is not written, and nothing waits',
    (image) => {
      const world = running(image);
      expect(think(observing(world.addon, world)).actions.filter(({ child }) => child === 'cluster')).toEqual([]);
      expect(applied(world)?.reason).toBe('Applied');
    },
  );

  it.each([
    [`${bare}:17`, '17.4', `${bare}:17.4`],
    [`${bare}:17`, '18', `${bare}:18`],
    ['r.example/pg:16.2-x', '17', 'r.example/pg:17-x'],
    [`${bare}:17-standard-trixie`, '18.1', `${bare}:18.1-standard-trixie`],
  ])('%s becomes, with version %s, %s', (image, version, expected) => {
    expect(imageIn(asks(running(image), version))).toBe(expected);
  });

  it('a version that cannot be put into the image waits, and the message says for what', () => {
    const image = `${bare}:17.4@sha256:0123`;
    const world = asks(running(image), '17.6');
    expect(imageIn(world)).toBe(image);
    expect(applied(world)).toMatchObject({ status: 'False', reason: 'ImageFormUnknown' });
    expect(applied(world)?.message).toContain('postgres.imageRollout: Now');
  });

  it('an image without a version stays, and counts as the version that ran', () => {
    const { cluster, addon } = running(`${bare}:17`);
    const { image: _, ...status } = addon.status ?? {};
    const edited = { ...cluster, spec: { ...cluster.spec, imageName: 'r.example/pg:latest' } };
    const asked = changed({ ...addon, status }, { version: '17.6' });
    expect(reachableImage(situationOf(observing(asked, { cluster: edited })))).toMatchObject({
      image: 'r.example/pg:latest',
      version: '17',
      shortfall: { reason: 'ImageFormUnknown' },
    });
  });

  describe.each([
    '{version}.0-debian-12-r0',
    '{version}.0.1',
    '{version}.20261101',
    '{version}_r1',
    '{version}-x',
    '{version}',
  ])('after the pattern was r.example/pg:%s', (tag) => {
    const before = `r.example/pg:${tag}`;
    const after = 'new.example/pg:{version}-x';
    /** What runs with the earlier pattern, and is then seen with the later one. */
    const moved = (version: string | undefined, forget: (world: World) => World): World => {
      const spec = { plan: 'free' as const, ...(version === undefined ? {} : { version }) };
      const addon = anAddon(spec);
      const made = aCluster(addon, { dataMajor: 17 });
      const imageName = before.replace('{version}', version ?? '17');
      const cluster = { ...made, spec: { ...made.spec, imageName } };
      const first = round({ addon, cluster, platform: { ...testPlatform, imagePattern: before } });
      return forget({ ...first, platform: { ...testPlatform, imagePattern: after, imageRollout: 'Never' } });
    };
    const asItWas = (world: World): World => world;
    const withoutStatus = ({ addon, ...world }: World): World => {
      const { status: _, ...bare } = addon;
      return { ...world, addon: bare };
    };

    it.each([undefined, '17', '17.5'])('an addon with version %s stays as it is, and nothing waits', (version) => {
      const world = moved(version, asItWas);
      const next = round(world);
      expect(imageIn(next)).toBe(imageIn(world));
      expect(applied(next)?.reason).toBe('Applied');
      expect(next.addon.status?.version).toBe(version ?? '17');
      expect(imageIn(round(next))).toBe(imageIn(world));
    });

    it.each([undefined, '17', '17.5'])(
      'nor does one without status and with version %s move to the pattern',
      (version) => {
        const world = moved(version, withoutStatus);
        expect(imageIn(round(world))).toContain('r.example/pg:17');
        expect(imageIn(round(round(world)))).not.toContain('new.example');
      },
    );

    it('another version is put into the tag if it can be, and else waits', () => {
      const world = asks(moved('17', asItWas), '17.6');
      const known = /^[{]version[}](?:-.*)?$/.test(tag);
      expect(imageIn(world)).toBe(before.replace('{version}', known ? '17.6' : '17'));
      if (!known) expect(applied(world)).toMatchObject({ status: 'False', reason: 'ImageFormUnknown' });
    });
  });

  it.each(['17', '18', 'latest'])('a form that somebody edits is put back, with the tag %s too', (tag) => {
    const { cluster, ...world } = running(`${bare}:17`);
    const spec = { ...cluster.spec, imageName: `evil.example/pg:${tag}` };
    expect(imageIn(round({ ...world, cluster: { ...cluster, spec } }))).toBe(`${bare}:17`);
  });

  it('an image of the pattern stays, also before status has recorded it', () => {
    const { cluster, ...world } = running(`${bare}:17`);
    const spec = { ...cluster.spec, imageName: `${bare}:17-standard-trixie` };
    expect(imageIn(round({ ...world, cluster: { ...cluster, spec } }))).toBe(`${bare}:17-standard-trixie`);
  });

  it('a database that never ran follows the pattern', () => {
    const addon = anAddon({ plan: 'free' });
    const made = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 });
    const { currentPrimary: _, ...status } = made.status;
    const cluster = { ...made, status, spec: { ...made.spec, imageName: 'wrong.example/pg:17' } };
    expect(imageIn(round({ addon, cluster, platform: testPlatform }))).toBe(`${bare}:17-standard-trixie`);
  });
});

describe('with imageRollout Now', () => {
  it('every database gets the image of the pattern, as a change that is waited for', () => {
    const world = round(running(`${bare}:17`, 'Now'));
    expect(imageIn(world)).toBe(`${bare}:17-standard-trixie`);
    expect(applied(world)?.reason).toBe('Applying');
    expect(world.addon.status?.planChange).toMatchObject({
      steps: [{ what: 'image', from: `${bare}:{version}`, to: trixie }],
      restart: true,
    });
    expect(applied(starts(world))?.reason).toBe('Applied');
  });

  it('also one of which CNPG does not report the major version of the data', () => {
    const { cluster, ...world } = running(`${bare}:17`, 'Now');
    const { dataMajor: _, ...status } = cluster.status;
    expect(imageIn(round({ ...world, cluster: { ...cluster, status } }))).toBe(`${bare}:17-standard-trixie`);
  });

  it.each(['evil.example/pg:latest', undefined])('also one whose image somebody replaced by %s', (imageName) => {
    const { cluster, ...world } = running(`${bare}:17`, 'Now');
    const edited = round({ ...world, cluster: { ...cluster, spec: { ...cluster.spec, imageName } } });
    expect(imageIn(edited)).toBe(`${bare}:17-standard-trixie`);
    expect(applied(edited)?.reason).toBe('Applying');
  });

  it('a database that is down, and of which nothing is recorded but that it ran, gets the version that is asked for', () => {
    const { addon, cluster, platform } = running(`${bare}:17-standard-trixie`, 'Now');
    const { running: _, ...status } = addon.status ?? {};
    const down = { ...cluster, status: { ...cluster.status, readyInstances: 0 } };
    expect(imageIn(asks({ addon: { ...addon, status }, cluster: down, platform }, '17.4'))).toBe(
      `${bare}:17.4-standard-trixie`,
    );
  });

  it('a new major version comes after the form, in a write of its own', () => {
    const first = asks(running(`${bare}:17`, 'Now'), '18');
    expect(imageIn(first)).toBe(`${bare}:17-standard-trixie`);
    expect(reachableImage(situationOf(observing(first.addon, first))).shortfall?.reason).toBe('UpgradePending');
    const waiting = round(first);
    expect(imageIn(waiting)).toBe(`${bare}:17-standard-trixie`);
    expect(imageIn(starts(waiting))).toBe(`${bare}:18-standard-trixie`);
  });

  it('a major upgrade that is being rolled out keeps its form', () => {
    const upgrading = asks(running(`${bare}:17`), '18');
    expect(imageIn(round({ ...upgrading, platform: { ...upgrading.platform, imageRollout: 'Now' } }))).toBe(
      `${bare}:18`,
    );
  });
});

it('no write changes the major version and the form, and under Never none changes the form of what runs', () => {
  const patterns = [trixie, 'r.example/pg:{version}-x', `${bare}:{version}-minimal-bookworm`] as const;
  const turn = fc.oneof(
    fc.record({ kind: fc.constant('asks' as const), version: fc.constantFrom('16', '17', '17.4', '18', '18.1') }),
    fc.record({ kind: fc.constant('starts' as const) }),
    fc.record({
      kind: fc.constant('sets' as const),
      pattern: fc.constantFrom(...patterns),
      rollout: fc.constantFrom('Never' as const, 'Now' as const),
    }),
  );
  const neutral = (image: string): string => formOf('', image) ?? image;
  const major = (image: string): string | undefined => versionOfImage('', image)?.split('.')[0];
  fc.assert(
    fc.property(
      fc.constantFrom(`${bare}:16`, `${bare}:17.4-standard-trixie`),
      fc.array(turn, { maxLength: 12 }),
      (image, turns) => {
        let world = running(image);
        let ran: string = image;
        for (const step of turns) {
          const before = world;
          if (step.kind === 'asks') world = asks(world, step.version);
          else if (step.kind === 'starts') {
            world = starts(world);
            ran = imageIn(before);
          } else {
            const platform = { ...world.platform, imagePattern: step.pattern, imageRollout: step.rollout };
            world = round({ ...world, platform });
          }
          const [was, is] = [imageIn(before), imageIn(world)];
          if (neutral(was) !== neutral(is)) expect(world.platform.imageRollout).toBe('Now');
          expect(neutral(was) !== neutral(is) && major(was) !== major(is)).toBe(false);
          // Nor do two writes before the instances have followed the first.
          expect(neutral(ran) !== neutral(is) && major(ran) !== major(is)).toBe(false);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

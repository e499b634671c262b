// Which version the Cluster gets, step by step: a user requests versions, and CloudNativePG brings them up or does not.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { type Reason, reasons } from '../../api/conditions.ts';
import type { Platform } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, aVolume, changed, defined, observing, testPlatform, testTime, think } from '../testing.ts';
import { isAboutVersion, reachableVersion } from './reachable-version.ts';
import { isLower, parseVersion, versionOfImage } from './version.ts';

interface World {
  readonly addon: PostgresAddon;
  readonly cluster: Cluster;
}

const platform: Platform = { ...testPlatform, imagePattern: 'example.com/postgresql:{version}' };
const volumes = { kind: 'found', object: [aVolume()] } as const;

/** One round: what is decided is written. */
function round({ addon, cluster }: World, on: Platform = platform): World {
  const { actions, status } = think(observing(addon, { cluster, platform: on, volumes }));
  const write = actions.find(({ child }) => child === 'cluster');
  const reported = { ...addon, status };
  if (write?.verb !== 'apply') return { addon: reported, cluster };
  const { imageName } = write.manifest.spec as { readonly imageName: string };
  const { annotations } = write.manifest.metadata;
  const metadata = { ...cluster.metadata, annotations: defined(annotations) };
  return { addon: reported, cluster: { ...cluster, metadata, spec: { ...cluster.spec, imageName } } };
}

/** An addon whose Cluster was just created, as CNPG reports it: the major version is there before anything has run. */
function created(version: string): World {
  const addon = anAddon({ plan: 'free', version });
  const fresh = aCluster(addon);
  const spec = { ...fresh.spec, imageName: `example.com/postgresql:${version}` };
  const dataMajor = parseVersion(version)?.major ?? 0;
  return reports({ addon, cluster: { ...fresh, spec, status: { dataMajor } } }, 'False');
}

/** CNPG reports the Cluster ready or not, since a moment of its own. */
function reports({ addon, cluster }: World, status: 'True' | 'False', dataMajor = cluster.status.dataMajor): World {
  const before = Date.parse(cluster.status.readyCondition?.lastTransitionTime ?? '2026-01-02T03:04:00Z');
  const lastTransitionTime = new Date(before + 60_000).toISOString();
  const ready = status === 'True';
  const { currentPrimary } = cluster.status;
  const now: Cluster['status'] = {
    phase: ready ? 'Cluster in healthy state' : 'Upgrading cluster',
    readyInstances: ready ? 1 : 0,
    ...(ready || currentPrimary !== undefined ? { currentPrimary: 'x-1' } : {}),
    targetPrimary: 'x-1',
    readyCondition: { status, lastTransitionTime },
    ...(dataMajor === undefined ? {} : { dataMajor }),
  };
  return { addon, cluster: { ...cluster, status: now } };
}

const asks = ({ addon, cluster }: World, version: string | undefined): World =>
  round({ addon: changed(addon, version === undefined ? ({ version: undefined } as never) : { version }), cluster });
/** What is to be written, and why it is not what is asked for. */
const reached = ({ addon, cluster }: World, version: string | undefined) => {
  const { version: _, ...spec } = addon.spec;
  const asking = { ...addon, spec: version === undefined ? spec : { ...spec, version } };
  return reachableVersion(situationOf(observing(asking, { cluster, platform, volumes })));
};
const stops = (world: World): World => round(reports(world, 'False'));
const comesUp = (world: World): World => round(reports(world, 'True', parseVersion(versionOf(world))?.major));
/** The instances stop, and start with what is set then. */
const starts = (world: World): World => comesUp(stops(world));
/** The instances stop, and never start. */
const fails = stops;
const versionOf = ({ cluster }: World): string => versionOfImage('', cluster.spec.imageName ?? '') ?? '';
const reasonOf = ({ addon }: World, type: string): string | undefined =>
  addon.status?.conditions?.find((condition) => condition.type === type)?.reason;
const messageOf = ({ addon }: World): string =>
  addon.status?.conditions?.find(({ type }) => type === 'PlanApplied')?.message ?? '';
/** The addon as status has it once the cause of a failure was found. */
const explained = ({ addon, cluster }: World, reason: Reason): World => ({
  cluster,
  addon: {
    ...addon,
    status: {
      ...addon.status,
      conditions: (addon.status?.conditions ?? []).map((one) => (one.type === 'Ready' ? { ...one, reason } : one)),
    },
  },
});

it('a major version that nobody requested is not followed, however the image got into the Cluster', () => {
  const ran = comesUp(created('17'));
  const edited = {
    ...ran,
    addon: changed(ran.addon, { version: undefined } as never),
    cluster: { ...ran.cluster, spec: { ...ran.cluster.spec, imageName: 'ghcr.io/cloudnative-pg/postgresql:18.4' } },
  };
  expect(versionOf(round(reports(edited, 'False')))).toBe('17');
  // One that was requested is, also when the request is withdrawn while it is being rolled out.
  const upgrading = stops(asks(ran, '18'));
  expect(versionOf(asks(upgrading, undefined))).toBe('18');
});

describe('what has run', () => {
  it('is the lower bound, whatever the spec said in between', () => {
    const world = asks(starts(asks(starts(created('17.4')), '17')), '17.2');
    expect(versionOf(world)).toBe('17');
    expect(reasonOf(world, 'PlanApplied')).toBe('DowngradeRefused');
    expect(messageOf(world)).toContain('17.4');
    expect(world.addon.status?.running).toMatchObject({ version: '17', lowest: '17.4' });
    expect(versionOf(asks(world, '17.5'))).toBe('17.5');
  });

  it('is not what was requested and never came up', () => {
    const stuck = explained(fails(asks(starts(created('17.4')), '17.99')), 'ImagePullFailed');
    expect(stuck.addon.status?.running).toMatchObject({ version: '17.4', lowest: '17.4' });
    expect(versionOf(stuck)).toBe('17.99');
    expect(versionOf(asks(stuck, '17.4'))).toBe('17.4');
    expect(versionOf(asks(stuck, undefined))).toBe('17.4');
    const low = asks(stuck, '17.2');
    expect(versionOf(low)).toBe('17.4');
    expect(reasonOf(low, 'PlanApplied')).toBe('DowngradeRefused');
  });

  it('may be what is being rolled out, until it is known that it does not start', () => {
    const rolling = fails(asks(starts(created('17.4')), '17.6'));
    const asked = asks(rolling, '17.4');
    expect(versionOf(asked)).toBe('17.6');
    expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
    expect(messageOf(asked)).toContain('is applied if 17.6 does not start');
    expect(versionOf(round(explained(asked, 'ImagePullFailed')))).toBe('17.4');
    expect(versionOf(asks(asks(starts(created('17.4')), '17.6'), '17.4'))).toBe('17.4');
  });

  it('and PlanApplied says during the change of a running database that a lower version waits', () => {
    const { addon, cluster } = starts(created('17.4'));
    const ready = { ...addon, status: { ...addon.status, ready_at: '2026-01-02T03:04:05Z' } };
    const asked = asks(fails(asks({ addon: ready, cluster }, '17.6')), '17.4');
    expect(reasonOf(asked, 'PlanApplied')).toBe('Applying');
    expect(messageOf(asked)).toContain('is applied if 17.6 does not start');
  });

  it('is not what somebody has just written into the Cluster', () => {
    const { addon, cluster } = starts(created('17.4'));
    const edited = round({
      addon,
      cluster: { ...cluster, spec: { ...cluster.spec, imageName: 'example.com/postgresql:17.99' } },
    });
    expect(versionOf(edited)).toBe('17.4');
    expect(edited.addon.status?.running).toMatchObject({ version: '17.4', lowest: '17.4' });
  });

  it('holds while an instance is down', () => {
    const down = round(reports(starts(created('17.4')), 'False'));
    const asked = asks(down, '17.2');
    expect(versionOf(asked)).toBe('17.4');
    expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
  });

  it('behind a tag without a minor version is known from the login', () => {
    const world = starts(created('17'));
    const seen = observing(world.addon, { cluster: world.cluster, platform, volumes });
    const login = { reason: 'LoggedIn', message: '' } as const;
    const { status } = think(seen, { login, serverVersion: '17.12' });
    expect(status.running).toMatchObject({ version: '17', lowest: '17.12' });
    const known = { ...world, addon: { ...world.addon, status } };
    const asked = asks(known, '17.2');
    expect(versionOf(asked)).toBe('17');
    expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
    expect(versionOf(asks(known, '17.12'))).toBe('17.12');
    // A server that names another major version is not believed.
    expect(think(seen, { login, serverVersion: '99' }).status.running).toMatchObject({ lowest: '17' });
  });

  it('of a database from before this was recorded is what is set', () => {
    const { addon, cluster } = starts(created('17.4'));
    const { running: _, ...status } = addon.status ?? {};
    const known = { ...addon, status: { ...status, ready_at: '2026-01-02T03:04:05Z' } };
    const asked = asks(round(reports({ addon: known, cluster }, 'False')), '17.2');
    expect(versionOf(asked)).toBe('17.4');
  });
});

describe('before anything has run', () => {
  it.each(['17', '17.4', '17.98'])('a version without an image can be corrected to %s', (version) => {
    const corrected = asks(fails(created('17.99')), version);
    expect(versionOf(corrected)).toBe(version);
    expect(corrected.addon.status?.running).toBeUndefined();
  });

  it.each([
    ['17', '17'],
    ['18', '17'],
    ['17.6', '17.6'],
  ])('with the field removed and the default %s, it becomes %s', (defaultVersion, version) => {
    const { addon, cluster } = fails(created('17.99'));
    const { version: _, ...spec } = addon.spec;
    expect(versionOf(round({ addon: { ...addon, spec }, cluster }, { ...platform, defaultVersion }))).toBe(version);
  });

  it('CloudNativePG allows no lower major version, and the message says what to do', () => {
    const asked = asks(fails(created('17.99')), '16');
    expect(versionOf(asked)).toBe('17.99');
    expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
    expect(messageOf(asked)).toContain('delete this addon and create it again');
  });

  it('a higher major version waits until the database was ready', () => {
    const asked = asks(fails(created('17.4')), '18');
    expect(versionOf(asked)).toBe('17.4');
    expect(reasonOf(asked, 'PlanApplied')).toBe('UpgradePending');
    expect(versionOf(starts(asked))).toBe('18');
  });
});

describe('a major upgrade', () => {
  const upgrading = (): World => fails(asks(starts(created('17.4')), '18'));

  it('is not interrupted', () => {
    for (const version of ['17.4', '17', '16']) {
      const asked = asks(upgrading(), version);
      expect(versionOf(asked)).toBe('18');
      expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
    }
    expect(reached(upgrading(), undefined)).toEqual({ value: '18' });
  });

  it.each([
    'UpgradeFailed',
    'ImagePullFailed',
    'PodsRefused',
    'QuotaExceeded',
    'Unschedulable',
    'ContainerNotStarted',
    'MountFailed',
  ] as const)('that ended with %s can be reverted, but not below', (reason) => {
    expect(versionOf(asks(explained(upgrading(), reason), '17.4'))).toBe('17.4');
    expect(versionOf(asks(explained(upgrading(), reason), undefined))).toBe('17.4');
    expect(versionOf(asks(explained(upgrading(), reason), '17.2'))).toBe('17.4');
    expect(versionOf(asks(explained(upgrading(), reason), '16'))).toBe('17.4');
    expect(versionOf(asks(explained(upgrading(), reason), '18.1'))).toBe('18.1');
  });

  it('that is complete cannot be', () => {
    const asked = asks(starts(asks(starts(created('17.4')), '18')), '17.4');
    expect(versionOf(asked)).toBe('18');
    expect(asked.addon.status?.running).toMatchObject({ version: '18', lowest: '18' });
  });
});

it('is never lower than what all instances have run with, whatever is asked, comes up or does not', () => {
  const versions = ['16', '16.3', '17', '17.2', '17.4', '17.99', '18', '18.1'] as const;
  const request = fc.record({
    kind: fc.constant('asks' as const),
    version: fc.option(fc.constantFrom(...versions), { nil: undefined }),
  });
  const turns = fc.array(
    fc.oneof(request, request, fc.record({ kind: fc.constantFrom('starts' as const, 'fails' as const) })),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...versions), turns, (first, steps) => {
      let world = created(first);
      let ran: readonly string[] = [];
      for (const step of steps) {
        if (step.kind === 'asks') world = asks(world, step.version);
        else if (step.kind === 'fails') world = explained(fails(world), 'ImagePullFailed');
        else {
          const stopped = stops(world);
          ran = [...ran, versionOf(stopped)];
          world = comesUp(stopped);
        }
        expect(ran.filter((one) => isLower(versionOf(world), one))).toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});

it('of a deleted Cluster has no lower bound', () => {
  const { addon } = starts(created('17.4'));
  const { decision } = think(observing(changed(addon, { version: '16' }), { platform }), {}, testTime);
  const write = decision.actions.find(({ child }) => child === 'cluster');
  expect(write).toMatchObject({ verb: 'create', manifest: { spec: { imageName: 'example.com/postgresql:16' } } });
});

it.each([
  ['the version that it had', { ready_at: '2026-01-02T03:04:05Z' }, '17.4'],
  ['the default, if it was never ready', {}, '18'],
])('a deleted Cluster is created again with %s, unless another is asked for', (_, status, version) => {
  const { addon } = starts(created('17.4'));
  const left = { ...addon, status: { ...addon.status, ...status } };
  const on = { platform: { ...platform, defaultVersion: '18' } };
  const withoutVersion = { ...left, spec: { plan: 'free' } } as const;
  expect(reachableVersion(situationOf(observing(withoutVersion, on)))).toEqual({ value: version });
  expect(reachableVersion(situationOf(observing(left, on)))).toEqual({ value: '17.4' });
});

describe('where CloudNativePG does not report the major version of the data', () => {
  const unreported = ({ addon, cluster }: World): World => {
    const { dataMajor: _, ...status } = cluster.status;
    return { addon, cluster: { ...cluster, status } };
  };

  it('it is that of what has run', () => {
    const asked = asks(unreported(starts(created('17.4'))), '16');
    expect(versionOf(asked)).toBe('17.4');
    expect(reasonOf(asked, 'PlanApplied')).toBe('DowngradeRefused');
    expect(messageOf(asked)).toContain('is lower than 17.4, which has run on this data');
  });

  it('and nothing has run, any version can be asked for', () => {
    expect(reached(unreported(fails(created('17.4'))), '16')).toEqual({ value: '16' });
  });
});

describe('a version that is being rolled out, and that status does not name,', () => {
  const rollingOut = (version: string): World => {
    const { addon, cluster } = fails(asks(starts(created('17.4')), version));
    const { version: _, ...status } = addon.status ?? {};
    return { addon: { ...addon, status }, cluster };
  };

  it('is followed within the major version of the data', () => {
    expect(reached(rollingOut('17.6'), undefined)).toEqual({ value: '17.6' });
    expect(reached(rollingOut('18'), undefined)).toEqual({ value: '17.4' });
  });

  it('is followed within the major version that is asked for', () => {
    expect(reached(rollingOut('18.2'), '18.1')).toMatchObject({
      value: '18.2',
      shortfall: { reason: 'DowngradeRefused' },
    });
  });
});

describe('an image without a version in the Cluster', () => {
  const edited = ({ addon, cluster }: World): World => ({
    addon,
    cluster: { ...cluster, spec: { ...cluster.spec, imageName: 'example.com/postgresql:latest' } },
  });

  it('leaves the version that has run', () => {
    expect(reached(edited(fails(starts(created('17.4')))), undefined)).toEqual({ value: '17.4' });
  });

  it('and nothing has run: the default is kept', () => {
    expect(reached(edited(fails(created('17.4'))), '16')).toMatchObject({
      value: '17',
      shortfall: { reason: 'DowngradeRefused' },
    });
  });
});

it('PlanApplied reports what keeps a version from being applied instead of the progress of a creation', () => {
  const all = Object.keys(reasons) as readonly Reason[];
  const about = all.filter((reason) => isAboutVersion({ reason, message: '' }));
  expect(about.toSorted()).toEqual(['DowngradeRefused', 'ImageFormUnknown', 'UpgradeBackupPending', 'UpgradePending']);
});

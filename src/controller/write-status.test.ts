// When the status of an addon is written, what of it if the API server does not know all of its fields, and in which order with the rest.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import type { Schema } from '../api/schema.ts';
import { anAddon, aRunningAddon } from '../domain/testing.ts';
import { ApiError } from '../kube/errors.ts';
import type { Dependencies } from './dependencies.ts';
import { writeStatus } from './write-status.ts';

const running = aRunningAddon();
const { status: before = {} } = running;
const after: AddonStatus = { ...before, phase: 'provisioning' };

interface Circumstances {
  readonly mayWrite?: boolean;
  /** What the served schema knows of status, where it lacks something. */
  readonly ofStatus?: Schema | undefined;
  readonly answer?: () => Promise<KubeObject>;
}

/** What happens in which order, with an API server that answers by `answer`. */
function aWorld({ mayWrite = true, ofStatus, answer = async () => anAddon() }: Circumstances = {}) {
  const happened: unknown[] = [];
  const deps = {
    mayWrite: () => mayWrite,
    schema: { missing: [], ofStatus },
    api: {
      addons: {
        replaceStatus: (manifest: Manifest, manager: string) => {
          happened.push(['write', manifest, manager]);
          return answer();
        },
      },
    },
    caches: { addons: { record: (raw: KubeObject) => happened.push(['record', raw]) } },
    announce: (...what: readonly unknown[]) => happened.push(['announce', ...what]),
  } as unknown as Dependencies;
  return { deps, happened };
}

describe('a status', () => {
  it('is written as it is, for the addon that was observed, then cached, then announced', async () => {
    const returned = { ...running, status: after } as unknown as KubeObject;
    const { deps, happened } = aWorld({ answer: async () => returned });
    expect(await writeStatus(running, after, deps)).toEqual(after);
    const metadata = { name: 'shop', namespace: 'team-a', uid: 'addon-uid', resourceVersion: '10' };
    const manifest = { apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', metadata, status: after };
    expect(happened).toEqual([
      ['write', manifest, 'postgres-addon-operator'],
      ['record', returned],
      ['announce', running, before, after],
    ]);
  });

  it('is not written, and not announced, if it is the same', async () => {
    const { deps, happened } = aWorld();
    expect(await writeStatus(running, aRunningAddon().status ?? {}, deps)).toEqual(before);
    expect(happened).toEqual([]);
  });

  it('that the API server drops was written all the same: nothing of it is stored', async () => {
    const { status: _, ...returned } = running;
    expect(await writeStatus(running, after, aWorld({ answer: async () => returned }).deps)).toEqual({});
  });

  it('is not written without the lease', async () => {
    const { deps, happened } = aWorld({ mayWrite: false });
    expect(await writeStatus(running, after, deps)).toBeUndefined();
    expect(happened).toEqual([]);
  });

  it('that is the same needs no lease', async () => {
    const { deps } = aWorld({ mayWrite: false });
    expect(await writeStatus(running, before, deps)).toEqual(before);
  });

  it.each([409, 404, 503])('that is answered by %i is neither cached nor announced', async (code) => {
    const error = new ApiError({ code, reason: 'any', message: 'no' });
    const { deps, happened } = aWorld({ answer: () => Promise.reject(error) });
    await expect(writeStatus(running, after, deps)).rejects.toBe(error);
    expect(happened).toHaveLength(1);
  });
});

describe('a status field that the served schema lacks', () => {
  const { primary: _, ...others } = addonSchema.properties?.status?.properties ?? {};
  const older: Schema = { properties: others };
  const stored: AddonStatus = { phase: 'running' };
  const wanted: AddonStatus = { ...stored, primary: 'db-1' };

  /** What happens when `wanted` is to be written over `known`. */
  async function writing(known: AddonStatus | undefined, ofStatus: Schema | undefined): Promise<readonly unknown[]> {
    const { deps, happened } = aWorld({ ofStatus });
    const { status: _status, ...addon } = anAddon();
    expect(await writeStatus(known === undefined ? addon : { ...addon, status: known }, wanted, deps)).toBeDefined();
    return happened;
  }
  const writtenAndAnnounced = (status: AddonStatus, known?: AddonStatus) => [
    ['write', expect.objectContaining({ status }), expect.anything()],
    ['record', expect.anything()],
    ['announce', expect.anything(), known, status],
  ];

  it('is neither written nor announced', async () => {
    expect(await writing(undefined, older)).toEqual(writtenAndAnnounced(stored));
    expect(await writing(undefined, undefined)).toEqual(writtenAndAnnounced(wanted));
  });

  it('causes no write, and is written once the schema has it', async () => {
    expect(await writing(stored, older)).toEqual([]);
    expect(await writing(stored, undefined)).toEqual(writtenAndAnnounced(wanted, stored));
  });
});

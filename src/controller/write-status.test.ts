// What is written of a status, and when, if the API server does not know all of its fields.
import { expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import type { Schema } from '../api/schema.ts';
import { anAddon } from '../domain/testing.ts';
import type { Dependencies } from './dependencies.ts';
import { writeStatus } from './write-status.ts';

const { primary: _, ...others } = addonSchema.properties?.status?.properties ?? {};
const older: Schema = { properties: others };
const stored: AddonStatus = { phase: 'running' };
const wanted: AddonStatus = { ...stored, primary: 'db-1' };

/** The statuses that are written and announced. */
async function written(before: AddonStatus | undefined, ofStatus: Schema | undefined): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  const deps = {
    mayWrite: () => true,
    schema: { missing: [], ofStatus },
    caches: { addons: { record: () => undefined } },
    api: { addons: { replaceStatus: async ({ status }: { status: unknown }) => void all.push(status) } },
    announce: (_addon: unknown, _before: unknown, after: unknown) => void all.push(after),
  } as unknown as Dependencies;
  const addon = anAddon();
  const { status: _status, ...rest } = addon;
  expect(await writeStatus(before === undefined ? rest : { ...addon, status: before }, wanted, deps)).toBe(true);
  return all;
}

it('writes and announces what the served schema knows', async () => {
  expect(await written(undefined, older)).toEqual([stored, stored]);
  expect(await written(undefined, undefined)).toEqual([wanted, wanted]);
});

it('writes nothing for a field that the API server drops, and the field once the schema has it', async () => {
  expect(await written(stored, older)).toEqual([]);
  expect(await written(stored, undefined)).toEqual([wanted, wanted]);
});

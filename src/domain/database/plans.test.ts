// The plans are what the README says they are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { nanos } from '../quantity.ts';
import { defaultPlans, type Profile } from './plans.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
const [, chapter = ''] = readme.split('\n## Plans\n');
const [, levels = ''] = readFileSync(join(import.meta.dirname, '../../../docs/backup.md'), 'utf8').split(
  '\n## What a plan promises\n',
);

/** The cells of the first table of a text, without its heading and the line below it. */
function rowsIn(text: string): readonly (readonly string[])[] {
  const [table = ''] = /^(?:\|.*\n)+/m.exec(text) ?? [];
  const cells = table
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return cells.slice(2);
}

const words = { none: 'none', daily: 'daily', pitr: 'point in time' } as const;

const mebibytes = (quantity: string): number => Number(nanos(quantity)) / 1e9 / 2 ** 20;

function row(name: string, profile: Profile): readonly string[] {
  const { instances, storage, memory, backup, sharedBuffers, maxConnections } = profile;
  const { request, limit } = profile.sidecarMemory;
  const has = backup !== 'none';
  const all = (second: string): string => `${instances * (mebibytes(memory) + (has ? mebibytes(second) : 0))}Mi`;
  return [
    ...[`\`${name}\``, String(instances), storage, memory],
    ...[has ? `${request} to ${limit}` : 'none', `${all(request)}, ${all(limit)}`],
    ...[words[backup], sharedBuffers, String(maxConnections)],
  ];
}

it('the table of plans', () =>
  expect(rowsIn(chapter)).toEqual(Object.entries(defaultPlans).map(([name, profile]) => row(name, profile))));

it('the level of each plan in the page on backups', () =>
  expect(rowsIn(levels).map(([level]) => level)).toEqual(
    Object.entries(defaultPlans).map(([name, { backup }]) => `\`${backup}\` (\`${name}\`)`),
  ));

it('the memory of the container that archives in the page on backups', () => {
  const { request, limit } = defaultPlans.standard.sidecarMemory;
  expect(defaultPlans.pro.sidecarMemory).toEqual({ request, limit });
  expect(levels).toContain(`${request} of memory requested, ${limit} at most`);
});

// The table of remedies says what is true: of each text, and of each test that it names.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { type Reason, rowOf } from '../../src/api/conditions.ts';
import { causes } from '../real/causes.ts';
import { type Row, remedies } from './remedies.ts';

const rows = Object.entries(remedies) as readonly (readonly [Reason, Row])[];

it.each(rows)('%s: what is done is what the remedy says', (reason, { remedy }) => {
  expect(rowOf(reason).remedy).toContain(remedy);
});

it.each(rows)('%s: only a remedy that asks for nothing is left alone', (reason, { tried }) => {
  const asksForNothing = /^(Wait\. )?No action needed\.|^None yet:/.test(rowOf(reason).remedy);
  expect(tried === 'nothing').toBe(asksForNothing);
});

const named = rows.flatMap(([reason, { tried }]) =>
  typeof tried === 'object' && 'file' in tried ? [[reason, tried] as const] : [],
);
it.each(named)('%s: the test that tries it exists', async (reason, { file, test }) => {
  const text = await readFile(join(repositoryRoot, file), 'utf8');
  expect(text).toContain(`it('${test}'`);
  expect(text).toContain(`'${reason}'`);
});

it.each(rows.filter(([, { tried }]) => tried === 'causes'))('%s: a row of causes.ts tries it', (reason) => {
  expect(causes.map((cause) => cause.reason)).toContain(reason);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../toolchain/repository.ts';
import { compareSurvivors, parseExplained, survivorOf } from './explained.ts';

const survivor = { file: 'src/a.ts', at: 'if (a < b) c();', was: '<', becomes: '<=' };
const other = { ...survivor, becomes: '>' };
const explained = { ...survivor, reason: 'they are never equal' };

it('a survivor needs a reason, and each of two equal ones has its own', () => {
  expect(compareSurvivors([survivor, other], [explained])).toEqual({ unexplained: [other], unneeded: [] });
  expect(compareSurvivors([survivor, survivor], [explained])).toEqual({ unexplained: [survivor], unneeded: [] });
  expect(compareSurvivors([survivor, survivor], [explained, explained])).toEqual({ unexplained: [], unneeded: [] });
});

it('a reason needs a survivor', () => {
  expect(compareSurvivors([], [explained])).toEqual({ unexplained: [], unneeded: [explained] });
});

it('a survivor is recognized on another line, and long code by its beginning', () => {
  const mutant = { line: 7, at: 'f(() => {', was: `f(() => {\n  ${'g();'.repeat(100)}\n});`, becomes: ';', source: '' };
  const found = survivorOf('src/a.ts', mutant);
  expect(found).toEqual(survivorOf('src/a.ts', { ...mutant, line: 8 }));
  expect(found.was).toMatch(/^f\(\(\) => \{ g\(\);.{80,}$/);
  expect(found.was).toHaveLength(100);
});

it('the list is one of this repository, and every reason says something', () => {
  for (const { file, at } of parseExplained(readFileSync(join(import.meta.dirname, 'survivors.json'), 'utf8')))
    expect(readFileSync(join(repositoryRoot, file), 'utf8')).toContain(at);
  expect(() => parseExplained(JSON.stringify([{ ...explained, reason: '' }]))).toThrow();
  expect(() => parseExplained(JSON.stringify([survivor]))).toThrow();
});

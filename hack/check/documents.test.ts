// Checks that everything that the documents refer to exists: tests, files, other documents.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../toolchain/repository.ts';

const documents = globSync(['*.md', 'docs/**/*.md', 'charts/**/*.md'], { cwd: repositoryRoot }).sort();

/** Links to places in the repository, from the document, and paths of files in code quotes, from the root. */
function namedIn(document: string): readonly string[] {
  const text = readFileSync(join(repositoryRoot, document), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => join(dirname(document), path));
  const quoted = [...text.matchAll(/`((?:src|e2e|hack|charts|crds|docs|examples)\/[\w./-]+\.\w+)`/g)].map(
    ([, path = '']) => path,
  );
  return [...links, ...quoted];
}

it('finds the documents, and paths in them', () => {
  expect(documents).toContain('README.md');
  expect(namedIn('README.md').length).toBeGreaterThan(30);
});

it.each(documents)('%s names no file that is not there', (document) => {
  expect(namedIn(document).filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

it.each(documents)('%s shows every placeholder: outside of code, Markdown takes <name> for HTML', (document) => {
  const text = readFileSync(join(repositoryRoot, document), 'utf8');
  const prose = text.replace(/^ *```.*?^ *```/gms, '').replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gs, '');
  expect(prose.match(/(?<!\\)<[a-zA-Z/][^>\n]*>/g) ?? []).toEqual([]);
});

it('each guarantee of the README names a test', () => {
  const [, table = ''] = readFileSync(join(repositoryRoot, 'README.md'), 'utf8').split('## What it guarantees');
  const rows = (table.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row.split(' | ').at(-1)).toMatch(/^`(?:src|e2e|hack|charts)\/[\w./-]+\.test\.ts`/);
});

// Fills the table of values in the chart's README from the comments in values.yaml. It must never leave a value out.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { fillBetween } from './marks.ts';

const marks = {
  begin: '<!-- begin: values, from values.yaml by `npm run generate` -->',
  end: '<!-- end: values -->',
};

interface Row {
  readonly path: string;
  readonly value: string;
  readonly description: string;
}

/**
 * The text of the chart's README.md with a current table of values.
 *
 * A value is described by the comment before it that starts with `--`. A map without one is a group: its values are described.
 *
 * @param chartDirectory folder with values.yaml and a README.md that has the two marks
 * @throws Error when a value is not described, or README.md has no marks; file system errors pass through
 */
export async function generateChartReadme(chartDirectory: string): Promise<string> {
  const [values, readme] = await Promise.all(
    ['values.yaml', 'README.md'].map((name) => readFile(join(chartDirectory, name), 'utf8')),
  );
  return fillBetween(readme ?? '', marks, table(rowsOf(values ?? '')), "The chart's README.md");
}

function rowsOf(values: string): readonly Row[] {
  const document = parseDocument(values);
  const { contents } = document;
  if (!isMap(contents)) throw new Error('values.yaml is not a map');
  return [...describe(document, contents, '', document.commentBefore ?? '')];
}

/** @param opening the comment that stands before the map's first key and may belong to it */
function* describe(document: Document, map: YAMLMap, prefix: string, opening: string): Generator<Row> {
  for (const [index, pair] of (map.items as readonly Pair[]).entries()) {
    const { key, value } = pair;
    if (!isScalar(key)) throw new Error(`values.yaml: below "${prefix}" is a key that is not plain text`);
    const path = `${prefix}${String(key.value)}`;
    const description = descriptionIn([...(index === 0 ? [opening, map.commentBefore] : []), key.commentBefore]);
    if (description !== undefined && isNode(value)) {
      yield { path, value: JSON.stringify(value.toJS(document)), description };
    } else if (isMap(value) && value.items.length > 0) yield* describe(document, value, `${path}.`, '');
    else throw new Error(`values.yaml: ${path} has no comment that starts with "--"`);
  }
}

/** What follows the last ` -- ` that starts a line; the lines after it belong to it. */
function descriptionIn(comments: readonly (string | null | undefined)[]): string | undefined {
  const lines = comments.flatMap((comment) => (comment ?? '').split('\n')).map((line) => line.trim());
  const start = lines.findLastIndex((line) => line.startsWith('-- '));
  if (start < 0) return undefined;
  return lines.slice(start).join(' ').slice('-- '.length).trim();
}

function table(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = rows.map(
    ({ path, value, description }) => `| \`${path}\` | \`${cell(value)}\` | ${cell(description)} |`,
  );
  return ['| Value | Default | Meaning |', '|---|---|---|', ...lines].join('\n');
}

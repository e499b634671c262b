// Replaces the generated part of a document, between two marker lines, and keeps the rest.

/**
 * The document with `content` in the place of what stood between the marks.
 * @param name of the document, for the error
 * @throws Error when a mark is missing, or the end comes before the beginning
 */
export function fillBetween(
  document: string,
  marks: { readonly begin: string; readonly end: string },
  content: string,
  name: string,
): string {
  const [before, rest] = split(document, marks.begin, name);
  const [, after] = split(rest, marks.end, name);
  return `${before}${marks.begin}\n${content}\n${marks.end}${after}`;
}

function split(text: string, mark: string, name: string): readonly [string, string] {
  const position = text.indexOf(mark);
  if (position < 0) throw new Error(`${name} lacks the line ${mark}`);
  return [text.slice(0, position), text.slice(position + mark.length)];
}

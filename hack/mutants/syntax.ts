// The syntax tree of a TypeScript file, with the place of each node in its text.
import { parseSync } from '@swc/core';

export interface Node {
  readonly type: string;
  readonly span: Span;
  readonly [field: string]: unknown;
}

/** Bytes; absolute in all that the parser has read so far. Use `Syntax.place`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Syntax {
  readonly tree: Node;
  /** First byte of a node, and the one behind it, in the UTF-8 of the text. */
  readonly place: (node: Node) => Span;
}

/** @throws Error if it is no TypeScript */
export function syntaxOf(source: string): Syntax {
  // The parser counts on through all files, and a tree begins at its first token: with one in front, that is the beginning of the file.
  const tree = parseSync(`;${source}`, { syntax: 'typescript' }) as unknown as Node;
  const first = tree.span.start + 1;
  return { tree, place: ({ span }) => ({ start: span.start - first, end: span.end - first }) };
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes directly below one, in the order of the text. Some that only group others have no span. */
export function below(node: Node): readonly Node[] {
  return Object.values(node).flatMap(nodesIn);
}

function nodesIn(value: unknown): readonly Node[] {
  if (isNode(value)) return [value];
  // Lists, and objects that are no nodes.
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(nodesIn);
}

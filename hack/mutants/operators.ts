// The mistakes that are planted in a source, one at a time: a table from a kind of node to its replacements. Types are not touched, since
// they are erased, nor texts, since most are for people.
import { below, isNode, type Node, type Syntax, syntaxOf } from './syntax.ts';

export interface Mutant {
  /** From 1. */
  readonly line: number;
  /** The code that is replaced, and what replaces it. */
  readonly was: string;
  readonly becomes: string;
  /** The line that it begins in, without indentation. */
  readonly at: string;
  /** The whole file with the mistake. */
  readonly source: string;
}

/** A part of the source, from one byte to another, and its replacement. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly becomes: string;
}

const swaps: Readonly<Record<string, string>> = {
  '&&': '||',
  '||': '&&',
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '+=': '-=',
  '-=': '+=',
  '++': '--',
  '--': '++',
};
const methods: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
};

class Source {
  readonly bytes: Buffer;
  readonly #place: Syntax['place'];

  constructor(text: string, place: Syntax['place']) {
    this.bytes = Buffer.from(text);
    this.#place = place;
  }

  text(node: Node): string {
    const { start, end } = this.#place(node);
    return this.bytes.toString('utf8', start, end);
  }

  replace(node: Node, becomes: string): Edit {
    return { ...this.#place(node), becomes };
  }

  /** The operator between two nodes. */
  replaceBetween(left: Node, right: Node, was: string, becomes: string): Edit {
    const from = this.#place(left).end;
    const start = from + this.bytes.subarray(from, this.#place(right).start).indexOf(was);
    return { start, end: start + was.length, becomes };
  }

  /** What stands behind a node, up to another. */
  dropAfter(node: Node, last: Node): Edit {
    return { start: this.#place(node).end, end: this.#place(last).end, becomes: '' };
  }
}

type Operator = (node: Node, source: Source) => readonly Edit[];

/** For each kind of node, its mistakes. */
const operators: Readonly<Record<string, Operator>> = {
  BinaryExpression: (node, source) => {
    const { left, right, operator } = node as Node & { left: Node; right: Node; operator: string };
    if (operator === '??') return [source.replace(node, source.text(left))];
    const other = swaps[operator];
    return other === undefined ? [] : [source.replaceBetween(left, right, operator, other)];
  },
  AssignmentExpression: (node, source) => {
    const { left, right, operator } = node as Node & { left: Node; right: Node; operator: string };
    const other = swaps[operator];
    return other === undefined ? [] : [source.replaceBetween(left, right, operator, other)];
  },
  UpdateExpression: (node, source) => {
    const { operator } = node as Node & { operator: string };
    return [source.replace(node, source.text(node).replace(operator, swaps[operator] ?? operator))];
  },
  UnaryExpression: (node, source) => {
    const { operator, argument } = node as Node & { operator: string; argument: Node };
    return operator === '!' || operator === '-' ? [source.replace(node, source.text(argument))] : [];
  },
  IfStatement: decided,
  ConditionalExpression: decided,
  WhileStatement: (node, source) => [source.replace(child(node, 'test'), 'false')],
  BooleanLiteral: (node, source) => [source.replace(node, String(node.value !== true))],
  NumericLiteral: (node, source) => [source.replace(node, String(Number(node.value) + 1))],
  ExpressionStatement: (node, source) => [source.replace(node, ';')],
  ThrowStatement: (node, source) => [source.replace(node, ';')],
  ReturnStatement: (node, source) =>
    isNode(node.argument) && source.text(node.argument) !== 'undefined' ? [source.replace(node, 'return;')] : [],
  ArrowFunctionExpression: (node, source) => {
    const body = child(node, 'body');
    if (body.type === 'FunctionBody' || source.text(body) === 'undefined') return [];
    return [source.replace(body, 'undefined')];
  },
  AwaitExpression: (node, source) => [source.replace(node, source.text(child(node, 'argument')))],
  CallExpression: (node, source) => {
    const callee = child(node, 'callee');
    if (callee.type !== 'MemberExpression') return [];
    const name = child(callee, 'property');
    const other = Object.hasOwn(methods, source.text(name)) ? methods[source.text(name)] : undefined;
    if (other !== undefined) return [source.replace(name, other)];
    return source.text(name) === 'filter' ? [source.dropAfter(child(callee, 'object'), node)] : [];
  },
  ArrayExpression: (node, source) => {
    const elements = node.elements as readonly ({ readonly spread: Node | null; readonly expression: Node } | null)[];
    return elements.flatMap((element) => {
      if (element === null) return [];
      return [source.replace(element.expression, element.spread === null ? '' : '[]')];
    });
  },
  SpreadElement: (node, source) => [source.replace(child(node, 'arguments'), '{}')],
};

function decided(node: Node, source: Source): readonly Edit[] {
  return ['true', 'false'].map((becomes) => source.replace(child(node, 'test'), becomes));
}

function child(node: Node, name: string): Node {
  const found = node[name];
  if (!isNode(found)) throw new Error(`a ${node.type} has no ${name}`);
  return found;
}

/** What has a type of its own between an expression and what it is about. Everything else of types is erased. */
const aroundExpressions = ['TsAsExpression', 'TsConstAssertion', 'TsSatisfiesExpression', 'TsNonNullExpression'];

function editsIn(node: Node, source: Source): readonly Edit[] {
  if (node.type.startsWith('Ts') && !aroundExpressions.includes(node.type)) return [];
  const operator = Object.hasOwn(operators, node.type) ? operators[node.type] : undefined;
  return [...(operator?.(node, source) ?? []), ...below(node).flatMap((one) => editsIn(one, source))];
}

/**
 * Every mutant of a TypeScript source, in the order of the text: each differs from it in one place, and can be parsed.
 * @throws Error if the source itself cannot be parsed
 */
export function mutantsOf(text: string): readonly Mutant[] {
  const { tree, place } = syntaxOf(text);
  const source = new Source(text, place);
  const { bytes } = source;
  const mutants = editsIn(tree, source).map(({ start, end, becomes }): Mutant => {
    const before = bytes.toString('utf8', 0, start);
    const was = bytes.toString('utf8', start, end);
    const line = before.split('\n').length;
    const at = (text.split('\n')[line - 1] ?? '').trim();
    return { line, was, becomes, at, source: before + becomes + bytes.toString('utf8', end) };
  });
  const unique = new Map(mutants.map((mutant) => [mutant.source, mutant]));
  return [...unique.values()].filter(({ source: mutated }) => mutated !== text && parses(mutated));
}

function parses(text: string): boolean {
  try {
    syntaxOf(text);
    return true;
  } catch {
    return false;
  }
}

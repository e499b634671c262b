import { describe, expect, it } from '@jest/globals';
import { mutantsOf } from './operators.ts';

/** What each mutant replaces, and with what. */
const changes = (source: string): readonly string[] =>
  mutantsOf(source).map(({ was, becomes }) => `${was} -> ${becomes}`.trim());

describe('the mistakes in', () => {
  it.each<readonly [string, readonly string[]]>([
    ['x = a && b', ['x = a && b -> ;', '&& -> ||']],
    ['x = (a) === (b)', ['x = (a) === (b) -> ;', '=== -> !==']],
    ['x = a ?? b', ['x = a ?? b -> ;', 'a ?? b -> a']],
    ['x = !a', ['x = !a -> ;', '!a -> a']],
    ['x += 1', ['x += 1 -> ;', '+= -> -=', '1 -> 2']],
    ['for (const x of y) n++;', ['n++; -> ;', 'n++ -> n--']],
    ['if (a) b();', ['a -> true', 'a -> false', 'b(); -> ;']],
    ['const x = a ? 1 : 2', ['a -> true', 'a -> false', '1 -> 2', '2 -> 3']],
    ['while (a) break;', ['a -> false']],
    ['function f() { return true; }', ['return true; -> return;', 'true -> false']],
    ['function f() { return; }', []],
    ['function f() { return undefined; }', []],
    ['const f = () => undefined', []],
    ['if (a) throw b;', ['a -> true', 'a -> false', 'throw b; -> ;']],
    ['const f = () => a', ['a -> undefined']],
    ['const f = () => ({ ...a })', ['({ ...a }) -> undefined', 'a -> {}']],
    ['const f = async () => { await a(); }', ['await a(); -> ;', 'await a() -> a()']],
    ['const x = [a, ...b]', ['a ->', 'b -> []']],
    ['const x = { a, ...b }', ['b -> {}']],
    ['const x = a.filter(f).some(g)', ['some -> every', '.filter(f) ->']],
    ['const x = Math.max(a, b)', ['max -> min']],
  ])('%s', (source, expected) => expect(changes(source)).toEqual(expected));

  it('what only types see, texts and imports are none', () => {
    const types = 'type A = true | 1; interface B { readonly a: 1 } function f(a: 1): a is 1 { }';
    expect(changes(`import { a } from 'b'; ${types} const c = 'text' as const;`)).toEqual([]);
    expect(changes('const x = (1 as number)!;')).toEqual(['1 -> 2']);
  });
});

it('a mutant differs in one place, also after letters of several bytes and other sources', () => {
  const source = "const umlaut = 'ä€😀';\n\n  export const f = (a: number) => a < 1;\n";
  mutantsOf('const other = true;');
  const [, less] = mutantsOf(source);
  expect(less).toMatchObject({ line: 3, at: 'export const f = (a: number) => a < 1;', was: '<', becomes: '<=' });
  expect(less?.source).toBe(source.replace('<', '<='));
});

it('a replacement that cannot be parsed is left out', () => {
  // `a ?? b || c` is no expression.
  expect(changes('const x = (a ?? b) && c')).toEqual(['&& -> ||', 'a ?? b -> a']);
  expect(changes('const x = a && b && (c ?? d)')).not.toContain('a && b && c ?? d');
  for (const { source } of mutantsOf('const x = a || b ? -1 : !c')) expect(() => mutantsOf(source)).not.toThrow();
});

// Which tests a file is to be held to: those of its own folder of src that import it, themselves or through others.
import { dirname, join } from 'node:path/posix';
import { below, isNode, type Node, syntaxOf } from './syntax.ts';

/** Searches for minutes: what they find has to be found by a test of its own beside the code. */
const searches = /^src\/model\/|^src\/controller\/virtual-time[.]test[.]ts$/;

/** The files that a file imports, types apart. Paths as in `files`. */
function importsOf(path: string, source: string): readonly string[] {
  const { tree } = syntaxOf(source);
  return below(tree).flatMap((node) => {
    const from = node.source;
    if (!isNode(from) || node.typeOnly === true || !String(from.value).startsWith('.')) return [];
    const specifiers = (node.specifiers ?? []) as readonly (Node & { readonly isTypeOnly?: boolean })[];
    const isType = specifiers.length > 0 && specifiers.every(({ isTypeOnly }) => isTypeOnly === true);
    return isType ? [] : [join(dirname(path), String(from.value))];
  });
}

/**
 * @param files source by path from the root of the checkout, for example `src/kube/list.ts`
 * @returns for the path of a file, the tests related to it: the one of its name first, then those beside it, which notice most mistakes
 */
export function relatedTests(files: ReadonlyMap<string, string>): (path: string) => readonly string[] {
  const imports = new Map([...files].map(([path, source]) => [path, importsOf(path, source)]));
  const reached = (...from: readonly string[]): ReadonlySet<string> => {
    const found = new Set(from);
    for (const path of found) for (const next of imports.get(path) ?? []) found.add(next);
    return found;
  };
  const tests = [...files.keys()]
    .filter((path) => path.endsWith('.test.ts') && !searches.test(path))
    // The file of its name is what it tests, also if it starts that in a process of its own.
    .map((path) => ({ path, reaches: reached(path, path.replace(/[.]test[.]ts$/, '.ts')) }));
  return (path) => {
    const own = path.replace(/[.]ts$/, '.test.ts');
    const found = tests.filter((test) => folderOf(test.path) === folderOf(path) && test.reaches.has(path));
    const distance = (test: string): number => (test === own ? 0 : dirname(test) === dirname(path) ? 1 : 2);
    return found.map((test) => test.path).toSorted((a, b) => distance(a) - distance(b));
  };
}

/** The folder directly below src; src itself for its own files. */
function folderOf(path: string): string {
  return path.split('/').slice(0, -1).slice(0, 2).join('/');
}

import { expect, it } from '@jest/globals';
import { relatedTests } from './related.ts';

const files = new Map([
  ['src/kube/list.ts', "import { part } from './part.ts'; import type { Kind } from '../api/kind.ts';"],
  ['src/kube/part.ts', ''],
  ['src/kube/a.test.ts', "import { list } from './list.ts';"],
  ['src/kube/part.test.ts', "import { part } from './part.ts';"],
  ['src/kube/types.test.ts', "import type { part } from './part.ts'; import { type list } from './list.ts';"],
  ['src/kube/again.test.ts', "export { part } from './part.ts';"],
  ['src/api/kind.ts', ''],
  ['src/controller/caches.test.ts', "import { part } from '../kube/part.ts';"],
  ['src/domain/decide.ts', "import { owner } from './ownership/owner.ts';"],
  ['src/domain/ownership/owner.ts', ''],
  ['src/domain/decide.test.ts', "import { decide } from './decide.ts';"],
  ['src/domain/ownership/mode.test.ts', "import { owner } from './owner.ts';"],
  ['src/controller/virtual-time.test.ts', "import { observe } from './observe.ts';"],
  ['src/controller/observe.ts', ''],
  ['src/main.ts', "import { shell } from './shell.ts';"],
  ['src/shell.ts', ''],
  ['src/main.test.ts', "import { execa } from 'execa';"],
]);
const related = relatedTests(files);

it.each<readonly [string, readonly string[]]>([
  ['src/kube/part.ts', ['src/kube/part.test.ts', 'src/kube/a.test.ts', 'src/kube/again.test.ts']],
  ['src/kube/list.ts', ['src/kube/a.test.ts']],
  ['src/domain/ownership/owner.ts', ['src/domain/ownership/mode.test.ts', 'src/domain/decide.test.ts']],
  ['src/controller/observe.ts', []],
  ['src/api/kind.ts', []],
  ['src/main.ts', ['src/main.test.ts']],
  ['src/shell.ts', ['src/main.test.ts']],
])(
  'the tests of %s are those of its folder that import it or have its name: that one first, then those beside it, and no search',
  (path, tests) => expect(related(path)).toEqual(tests),
);

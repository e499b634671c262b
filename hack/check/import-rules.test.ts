// Each rule of .dependency-cruiser.cjs finds a breach of it: what the rules guard is only as good as what the tool sees.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { repositoryRoot } from '../toolchain/repository.ts';

const configuration = join(repositoryRoot, '.dependency-cruiser.cjs');
const rules = (createRequire(import.meta.url)(configuration) as { readonly forbidden: readonly { name: string }[] })
  .forbidden;

/** By rule: a file, and what it must not import. */
const breaches: Readonly<Record<string, readonly [from: string, to: string]>> = {
  api: ['src/api/a.ts', 'src/domain/b.ts'],
  domain: ['src/domain/a.ts', 'src/kube/b.ts'],
  model: ['src/model/a.ts', 'src/controller/b.ts'],
  kube: ['src/kube/a.ts', 'src/api/addon.ts'],
  runtime: ['src/runtime/a.ts', 'src/kube/b.ts'],
  postgres: ['src/postgres/a.ts', 'src/domain/b.ts'],
  controller: ['src/controller/a.ts', 'src/config.ts'],
  config: ['src/config.ts', 'src/kube/b.ts'],
  'chapters-are-combined-in-decide': ['src/domain/status.ts', 'src/domain/backup/backup.ts'],
  'diagnosis-looks-at-the-database': ['src/domain/diagnosis/a.ts', 'src/domain/credentials/b.ts'],
  'nobody-imports-main': ['e2e/a.ts', 'src/main.ts'],
  'process-and-shell-know-no-parts': ['src/process.ts', 'src/controller/b.ts'],
  'domain-is-pure': ['src/model/c.ts', 'node:fs'],
  'shell-in-one-file': ['src/controller/c.ts', '@dot-i/k8s-operator'],
  'client-node-in-kube': ['src/runtime/c.ts', '@kubernetes/client-node'],
  'login-is-handed-in': ['src/controller/d.ts', 'src/postgres/b.ts'],
  'pg-in-postgres': ['src/runtime/d.ts', 'pg'],
  'product-without-harness': ['src/config.ts', 'hack/b.ts'],
  'commands-without-tests': ['hack/a.ts', 'e2e/b.ts'],
  'model-is-for-tests': ['src/domain/d.ts', 'src/model/b.ts'],
  'no-cycles': ['src/domain/e.ts', 'src/domain/f.ts'],
};

/** A path of the planted tree, as a file in `from` names it; a package stays as it is. */
function specifier(from: string, to: string): string {
  return /^(src|hack|e2e)\//.test(to) ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to;
}

let root = '';
let found: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'import-rules-'));
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text, { flag: 'a' });
  };
  for (const [from, to] of Object.values(breaches)) {
    // The type alone is enough: types are checked like values.
    await put(from, `import type { x } from '${specifier(from, to)}';\nexport type y = x;\n`);
    if (/^(src|hack|e2e)\//.test(to)) await put(to, 'export type x = 1;\n');
    else if (!to.startsWith('node:')) {
      await put(`node_modules/${to}/package.json`, JSON.stringify({ name: to, main: 'index.js', types: 'index.d.ts' }));
      await put(`node_modules/${to}/index.js`, '');
    }
  }
  const [there, back] = breaches['no-cycles'] ?? ['', ''];
  await put(back, `import type { y } from '${specifier(back, there)}';\nexport type z = y;\n`);
  await put('tsconfig.json', '{}');
  await put('package.json', JSON.stringify({ type: 'module', dependencies: { pg: '1' } }));
  const { stdout } = await execa(
    'depcruise',
    ['--config', configuration, '--output-type', 'json', 'src', 'hack', 'e2e'],
    {
      cwd: root,
      preferLocal: true,
      localDir: repositoryRoot,
      reject: false,
    },
  );
  found = (JSON.parse(stdout) as { readonly summary: { readonly violations: typeof found } }).summary.violations;
});

afterAll(() => rm(root, { recursive: true, force: true }));

it('there is a breach for each rule', () => {
  expect(Object.keys(breaches).sort()).toEqual(rules.map(({ name }) => name).sort());
});

describe('the rule', () => {
  it.each(rules.map(({ name }) => name))('%s finds its breach', (name) => {
    const [from] = breaches[name] ?? [];
    expect(found.filter(({ rule }) => rule.name === name).map((violation) => violation.from)).toContain(from);
  });
});

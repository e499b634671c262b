// What the chart's generators do with sources that are not as they should be.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateChartReadme } from './chart-readme.ts';
import { generateChartCrd } from './crd.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('generateChartCrd', () => {
  async function generate(text: string): Promise<string> {
    await writeFile(join(folder, 'crd.yaml'), text);
    return await generateChartCrd(join(folder, 'crd.yaml'));
  }

  it('keeps the text, with braces that Helm would take for its own', async () => {
    const text = await generate(
      '# A comment.\nmetadata:\n  name: a.b\nspec:\n  description: use {{ this }} and $& { so }\n',
    );
    expect(text).toContain('\nspec:\n  description: use {{ "{{" }} this }} and $& { so }\n{{- end }}\n');
    expect(text).not.toContain('A comment');
  });

  it('refuses a CRD whose metadata it cannot add to', async () => {
    await expect(generate('metadata: { name: a.b }\n')).rejects.toThrow('has to start with `name:`');
  });
});

describe('generateChartReadme', () => {
  const readme =
    '# Chart\n\n<!-- begin: values, from values.yaml by `npm run generate` -->\nold\n<!-- end: values -->\n\nMore.\n';
  async function generate(values: string, text = readme): Promise<string> {
    await writeFile(join(folder, 'values.yaml'), values);
    await writeFile(join(folder, 'README.md'), text);
    return await generateChartReadme(folder);
  }

  it('makes a row of each described value, in the order of the file', async () => {
    const text = await generate(
      '# Head.\n\n# -- First,\n# in two lines.\na: 1\n\ngroup:\n  # -- Either | or.\n  b: ""\n  # Not this. Then:\n  # -- A map.\n  c:\n    d: [x]\n',
    );
    expect(text).toBe(
      readme.replace(
        'old\n',
        [
          '| Value | Default | Meaning |',
          '|---|---|---|',
          '| `a` | `1` | First, in two lines. |',
          '| `group.b` | `""` | Either \\| or. |',
          '| `group.c` | `{"d":["x"]}` | A map. |',
          '',
        ].join('\n'),
      ),
    );
  });

  it('refuses a value without a description', async () => {
    await expect(generate('group:\n  # -- Good.\n  a: 1\n  b: 2\n')).rejects.toThrow('group.b has no comment');
  });

  it('refuses a README without a place for the table', async () => {
    await expect(generate('# -- Good.\na: 1\n', '# Chart\n')).rejects.toThrow('lacks the line <!-- begin: values');
  });
});

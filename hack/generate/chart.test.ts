// The generators of the chart and SECURITY.md: their output, and how they handle invalid sources.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ResourceRow } from '../../src/api/resources.ts';
import { generateChartReadme } from './chart-readme.ts';
import { generateChartCrd } from './crd.ts';
import { generateRules, generateSecurityPage } from './permissions.ts';

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
      '# A comment.\nmetadata:\n  name: a.b\n  labels:\n    c: d\nspec:\n  description: use {{ this }} and $& { so }\n',
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

describe('permissions', () => {
  const gvr = (group: string, plural: string) => ({ group, version: 'v1', plural, kind: 'Thing' });
  const list = [{ verbs: ['list'], why: 'to see' }] as const;
  const table: Readonly<Record<string, ResourceRow>> = {
    pods: { gvr: gvr('', 'pods'), scope: 'namespaced', access: 'read', permissions: list },
    events: { gvr: gvr('', 'events'), scope: 'namespaced', access: 'read', permissions: list },
    things: {
      gvr: gvr('example.org', 'things'),
      scope: 'namespaced',
      access: 'watched',
      project: (raw) => raw,
      permissions: [
        { verbs: ['watch', 'list'], why: 'to know' },
        { verbs: ['patch'], subresource: 'status', why: 'to report' },
        { verbs: ['get'], why: 'to be sure' },
      ],
    },
    classes: { gvr: gvr('', 'classes'), scope: 'cluster', access: 'read', permissions: list },
    leases: {
      gvr: gvr('', 'leases'),
      scope: 'own namespace',
      access: 'background',
      permissions: [
        { verbs: ['create'], why: 'to begin' },
        { verbs: ['update', 'get'], ownOnly: true, why: 'to go on' },
      ],
    },
  };

  it('become rules with their reasons, one for neighbours that differ in their name alone', () => {
    const [, namespaced, cluster, own] = generateRules(table).split(/[{]{2}- define "postgres-addon-operator[.]/);
    expect(namespaced?.split('\n').slice(0, -4)).toEqual([
      'rules" -}}',
      '- apiGroups: [""]',
      '  resources: [pods, events]',
      '  # to see',
      '  verbs: [list]',
      '- apiGroups: [example.org]',
      '  resources: [things]',
      '  # watch, list: to know',
      '  # get: to be sure',
      '  verbs: [get, list, watch]',
      '- apiGroups: [example.org]',
      '  resources: [things/status]',
      '  # to report',
      '  verbs: [patch]',
    ]);
    expect(cluster).toContain('clusterRules" -}}\n- apiGroups: [""]\n  resources: [classes]\n');
    expect(own).toContain(
      '- apiGroups: [""]\n  resources: [leases]\n  resourceNames: [{{ include "postgres-addon-operator.fullname" . }}]\n',
    );
  });

  it('become a table, and the text around it stays', async () => {
    const path = join(folder, 'SECURITY.md');
    const begin = '<!-- begin: permissions, from src/api/resources.ts by `npm run generate` -->';
    await writeFile(path, `# A\n${begin}\nold\n<!-- end: permissions -->\nB\n`);
    expect(await generateSecurityPage(path, table)).toBe(
      [
        '# A',
        begin,
        '| resource | where | verbs | why |',
        '|---|---|---|---|',
        '| `pods`, `events` | watched namespaces | list | to see |',
        '| `things.example.org` | watched namespaces | get, list, watch | watch, list: to know; get: to be sure |',
        '| `things.example.org/status` | watched namespaces | patch | to report |',
        '| `classes` | whole cluster | list | to see |',
        '| `leases` | its own namespace | create | to begin |',
        '| `leases`, its own one | its own namespace | get, update | to go on |',
        '<!-- end: permissions -->',
        'B',
        '',
      ].join('\n'),
    );
  });
});

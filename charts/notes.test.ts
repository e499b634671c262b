// What Helm prints after an install: the next command, and a warning if it cannot work.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { chartDirectory, helm, namespace, release, template, type Values } from './helm.ts';

const CNPG = 'postgresql.cnpg.io/v1';
const NO_CNPG = `WARNING: this cluster does not serve ${CNPG}`;
let chart = '';

/** Only an install prints notes, and only rendering accepts --api-versions, so the notes are rendered as a template here. */
beforeAll(async () => {
  chart = await mkdtemp(join(tmpdir(), 'chart-'));
  await cp(chartDirectory, chart, { recursive: true });
  const text = await readFile(join(chart, 'templates', 'NOTES.txt'), 'utf8');
  await writeFile(
    join(chart, 'templates', 'notes.yaml'),
    `{{- define "notes" -}}\n${text}{{- end -}}\nnotes: {{ include "notes" . | quote }}\n`,
  );
});

afterAll(async () => {
  await rm(chart, { recursive: true, force: true });
});

async function notes(served: readonly string[], values: Values = {}): Promise<string> {
  const versions = served.flatMap((version) => ['--api-versions', version]);
  const { stdout, stderr } = await template(chart, values, ['--show-only', 'templates/notes.yaml', ...versions]);
  expect(stderr).toBe('');
  return parse(stdout).notes;
}

describe('the notes', () => {
  it('warn where CloudNativePG is not installed', async () => {
    expect(await notes([])).toContain(NO_CNPG);
  });

  it('have nothing to warn of where it is', async () => {
    expect(await notes([CNPG])).not.toContain('WARNING');
  });

  it('warn where the CRD is neither there nor installed by the chart', async () => {
    const values = { crds: { enabled: false } };
    expect(await notes([CNPG], values)).toContain('WARNING: this cluster does not serve addons.paas.dev/v1alpha1');
    expect(await notes([CNPG, 'addons.paas.dev/v1alpha1'], values)).not.toContain('WARNING');
  });

  it('show a manifest to apply, in a watched namespace', async () => {
    expect(await notes([CNPG])).toMatchInlineSnapshot(`
     "postgres-addon-operator 0.1.0 watches PostgresAddons in all namespaces.

     Create a database:

       kubectl apply -f - <<MANIFEST
       apiVersion: addons.paas.dev/v1alpha1
       kind: PostgresAddon
       metadata:
         name: shop
         namespace: default
       spec:
         plan: standard
       MANIFEST

     Wait until it is ready:

       kubectl wait --namespace default --for=condition=Ready --timeout=10m postgresaddon/shop

     Applications read DATABASE_URL from a Secret:

       envFrom:
         - secretRef:
             name: app-shop-database-url"
    `);
    const manifest = /<<MANIFEST\n([\s\S]*?)\n *MANIFEST/.exec(
      await notes([CNPG], { watchNamespaces: ['team-a', 'team-b'] }),
    )?.[1];
    const example = await readFile(join(import.meta.dirname, '..', 'examples', 'standard.yaml'), 'utf8');
    const { metadata, ...rest } = parse(example);
    expect(parse(manifest ?? '')).toEqual({
      ...rest,
      metadata: { ...metadata, namespace: 'team-a' },
    });
  });

  it('name the watched namespaces', async () => {
    expect(await notes([CNPG], { watchNamespaces: ['team-a', 'team-b'] })).toContain(
      'PostgresAddons in team-a, team-b.',
    );
  });

  it('are printed by an install', async () => {
    const { stdout } = await helm(['install', release, chartDirectory, '--namespace', namespace, '--dry-run=client']);
    expect(stdout).toContain('NOTES:\npostgres-addon-operator');
    expect(stdout).toContain(NO_CNPG);
  });
});

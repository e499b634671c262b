// The CRD of PostgresAddon, that of CNPG's Cluster or that of the plugin's ObjectStore is older than the operator, and is upgraded while the operator runs. The test has a
// cluster of its own, because it replaces CRDs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { customResourceDefinitions } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { cnpgCrds, pluginCrds } from '../../hack/toolchain/manifests.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { schemaPath } from '../../src/api/schema.ts';
import { tally } from '../harness/audit.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';

const suite = useSuite({ cluster: 'it-bare', withOperator: false, takeDown: true, stores: oneStore });

type Json = Record<string, unknown>;

async function addonCrd(): Promise<Json> {
  return parse(await readFile(join(repositoryRoot, 'crds/addons.paas.dev_postgresaddons.yaml'), 'utf8')) as Json;
}

async function clusterCrd(): Promise<Json> {
  const name = `${clusterGvr.plural}.${clusterGvr.group}.yaml`;
  const file = (await cnpgCrds(() => undefined)).find((path) => path.endsWith(name));
  return parse(await readFile(file ?? '', 'utf8')) as Json;
}

async function storeCrd(): Promise<Json> {
  const name = `${objectStoreGvr.plural}.${objectStoreGvr.group}.yaml`;
  const file = (await pluginCrds(() => undefined)).find((path) => path.endsWith(name));
  return parse(await readFile(file ?? '', 'utf8')) as Json;
}

/** The CRD without some fields of its first version. */
function without(crd: Json, fields: readonly string[]): Json {
  const copy = structuredClone(crd);
  for (const field of fields) {
    const path = field.split('.').flatMap((name) => ['properties', name]);
    const [version] = at(copy, 'spec', 'versions') as readonly unknown[];
    const owner = at(version, 'schema', 'openAPIV3Schema', ...path.slice(0, -1)) as Json;
    const name = path.at(-1) ?? '';
    expect(owner).toHaveProperty([name]);
    delete owner[name];
  }
  return copy;
}

/** Replaces a CRD as a whole, and waits until the API server answers by it: it does so a moment later. */
async function install(crd: Json, gvr: Gvr, fields: readonly string[], isThere: boolean): Promise<void> {
  const { client, kubectl } = { client: suite().client, kubectl: suite().kubectl.bind(suite()) };
  const name = `${gvr.plural}.${gvr.group}`;
  const live = await client.get(customResourceDefinitions, undefined, name);
  const metadata = { name, resourceVersion: live?.metadata.resourceVersion };
  const replaced = await kubectl(['replace', '--filename', '-'], JSON.stringify({ ...crd, metadata }));
  expect(replaced).toMatchObject({ code: 0 });
  const leaf = fields[0]?.split('.').at(-1) ?? '';
  await eventually(`the published schema ${isThere ? 'with' : 'without'} ${fields[0]}`, async () => {
    const { code, output } = await kubectl(['get', '--raw', schemaPath(gvr)]);
    expect(code).toBe(0);
    expect(output.includes(`"${leaf}":{`)).toBe(isThere);
  });
}

/** No other field has the name of the first one, by which the schema is told. */
const missing = ['status.endpoints', 'status.secretName', 'spec.connection'] as const;
const synchronous = ['spec.postgresql.synchronous'] as const;
const sidecar = ['spec.instanceSidecarConfiguration'] as const;

describe('a CRD that is older than the operator', () => {
  afterEach(async () => {
    await install(await addonCrd(), addonGvr, missing, true);
    await install(await clusterCrd(), clusterGvr, synchronous, true);
    await install(await storeCrd(), objectStoreGvr, sidecar, true);
  });

  it('of PostgresAddon: it is named, the addon runs, nothing is written in vain, and the new CRD needs no restart', async () => {
    const { addons, audit } = suite();
    await install(without(await addonCrd(), missing), addonGvr, missing, false);
    const operator = await suite().startOperator();
    await operator.untilReady();
    const line = await operator.said('the installed CRD is not that of this operator version');
    expect(line.missing).toEqual(expect.arrayContaining([...missing]));
    expect((await operator.page('/metrics')).body).toMatch(/^postgres_addon_crd_missing [1-9]/m);

    const namespace = await suite().namespace();
    const mark = await audit.mark();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const running = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(running, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
    expect(conditionOf(running, 'CRDOutdated')).toMatchObject({ status: 'True', reason: 'CRDOutdated' });
    const message = conditionOf(running, 'CRDOutdated')?.message ?? '';
    for (const name of missing) expect(message).toContain(name);
    expect(message).toContain('kubectl apply --server-side');
    expect(running.status?.secretName).toBeUndefined();

    // Each change of the Cluster is a reconcile, and the first is repaired; status differs from the stored one only in what was dropped.
    for (const enablePDB of [false, true]) {
      await suite().client.patch(clusterGvr, namespace, `db-${namespace}-shop`, { spec: { enablePDB } });
      await suite().fence();
    }
    const requests = (await audit.since(mark)).filter(
      (request) => request.user === operator.user && request.namespace === namespace && request.resource !== 'events',
    );
    expect(tally(requests)).toMatchObject({
      'patch postgresaddons/status': 2,
      'patch clusters': 2,
      'patch secrets': 1,
    });

    await install(await addonCrd(), addonGvr, missing, true);
    const healed = await addons.until(
      namespace,
      'shop',
      'the status with all fields',
      (state) => conditionOf(state, 'CRDOutdated') === undefined && state.status?.secretName !== undefined,
    );
    expect(healed.status).toMatchObject({ phase: 'running', ready_at: running.status?.ready_at });
    expect(healed.status?.endpoints).toBeDefined();
    expect(operator.exit).toBeUndefined();
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });

  it('of CNPG: the addon says which field is missing and what to do, and the new CRD needs no restart', async () => {
    await install(without(await clusterCrd(), synchronous), clusterGvr, synchronous, false);
    const operator = await suite().startOperator();
    await operator.untilReady();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'pro' });
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'CNPGOutdated');
    expect(conditionOf(reported, 'Ready')?.message).toContain('.spec.postgresql.synchronous');
    expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason: 'CNPGOutdated' });
    await install(await clusterCrd(), clusterGvr, synchronous, true);
    await suite().addons.until(namespace, 'shop', 'running', ({ status }) => status?.phase === 'running');
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });

  it('of the plugin: the addon says which field is missing and what to do, and the new CRD needs no restart', async () => {
    await install(without(await storeCrd(), sidecar), objectStoreGvr, sidecar, false);
    const operator = await suite().startOperator();
    await operator.untilReady();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    // The database does not wait for its backups.
    await suite().untilRunning(namespace, 'shop');
    const reported = await suite().untilReason(namespace, 'shop', 'BackupReady', 'PluginOutdated');
    expect(conditionOf(reported, 'BackupReady')?.message).toContain('.spec.instanceSidecarConfiguration');
    expect(conditionOf(reported, 'Stalled')).toBeUndefined();
    await install(await storeCrd(), objectStoreGvr, sidecar, true);
    await suite().addons.until(
      namespace,
      'shop',
      'backups in force',
      (state) => conditionOf(state, 'BackupReady')?.reason === 'InForce',
    );
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });
});

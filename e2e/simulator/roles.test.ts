// The simulated CNPG carries out DatabaseRoles as the real one does, on an API server with its CRDs.
import { expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterGvr, cnpgApiVersion, databaseRoleGvr, reloadLabel } from '../../src/api/cnpg.ts';
import { attempt } from '../../src/postgres/attempt.ts';
import { LoginError } from '../../src/postgres/failure.ts';
import { Names } from '../../src/postgres/resolve.ts';
import { serverOf } from '../../src/postgres/server.ts';
import { useSuite } from '../harness/suite.ts';
import { roleFinalizer } from './roles.ts';

const suite = useSuite({ withOperator: false });

const spec = {
  cluster: { name: 'db' },
  name: 'app_read',
  login: true,
  passwordSecret: { name: 'login' },
  databaseRoleReclaimPolicy: 'retain',
};

const roleIn = (namespace: string) => suite().client.get(databaseRoleGvr, namespace, 'db-read');
const change = (namespace: string, patch: object) =>
  suite().client.patch(databaseRoleGvr, namespace, 'db-read', { spec: patch });

/** A Cluster that is ready, and a role. */
async function place(): Promise<string> {
  const { client } = suite();
  const namespace = await suite().namespace();
  await client.create(clusterGvr, {
    apiVersion: cnpgApiVersion,
    kind: 'Cluster',
    metadata: { name: 'db', namespace },
    spec: { instances: 1, storage: { size: '1Gi' } },
  });
  await client.create(databaseRoleGvr, {
    apiVersion: cnpgApiVersion,
    kind: 'DatabaseRole',
    metadata: { name: 'db-read', namespace },
    spec,
  });
  return namespace;
}

async function makeSecret(namespace: string, password: string): Promise<LiveObject> {
  return await suite().client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace, labels: { [reloadLabel]: 'true' } },
    type: 'kubernetes.io/basic-auth',
    stringData: { username: 'app_read', password },
  });
}

/** Waits until the role has this status, and no other. */
async function untilStatus(namespace: string, status: object): Promise<LiveObject> {
  return await eventually(`the status ${JSON.stringify(status)}`, async () => {
    const role = await roleIn(namespace);
    const { conditions = [], ...others } = (role?.status ?? {}) as { conditions?: readonly { message: string }[] };
    expect({ ...others, noted: conditions.map(({ message }) => message) }).toEqual(status);
    return role as LiveObject;
  });
}

/** What comes of a login with the password: undefined if it succeeds. */
async function refusalOf(namespace: string, password: string): Promise<string | undefined> {
  const server = serverOf(`postgresql://app_read:${password}@db-rw.${namespace}:5432/app?sslmode=require`);
  if (server === undefined) throw new Error('the URL has another form');
  const names = new Names(async () => ({ address: suite().databases.address }));
  const result = await attempt(server, names, AbortSignal.timeout(10_000), {});
  return result instanceof LoginError ? result.detail : undefined;
}

it('a role waits for its password, can log in with it, and follows a change of it', async () => {
  const namespace = await place();
  const missing = { applied: false, message: 'secrets "login" not found', noted: [] };
  expect((await untilStatus(namespace, missing)).metadata.finalizers).toEqual([roleFinalizer]);
  const { resourceVersion: first } = (await makeSecret(namespace, 'one')).metadata;
  await untilStatus(namespace, { applied: true, observedGeneration: 1, secretResourceVersion: first, noted: [first] });
  expect(await refusalOf(namespace, 'one')).toBeUndefined();
  expect(await refusalOf(namespace, 'two')).toBe('SQLSTATE 28P01');
  const data = { password: Buffer.from('two').toString('base64') };
  const { resourceVersion: second } = (await suite().client.patch(secrets, namespace, 'login', { data })).metadata;
  await untilStatus(namespace, {
    applied: true,
    observedGeneration: 1,
    secretResourceVersion: second,
    noted: [second],
  });
  expect(await refusalOf(namespace, 'one')).toBe('SQLSTATE 28P01');
  expect(await refusalOf(namespace, 'two')).toBeUndefined();
});

it('a role that is locked cannot log in; its deletion ends when the finalizer is gone', async () => {
  const namespace = await place();
  const { resourceVersion } = (await makeSecret(namespace, 'one')).metadata;
  const applied = { applied: true, observedGeneration: 1, secretResourceVersion: resourceVersion };
  await untilStatus(namespace, { ...applied, noted: [resourceVersion] });
  await change(namespace, { login: false, passwordSecret: null, disablePassword: true });
  await untilStatus(namespace, { applied: true, observedGeneration: 2, noted: [] });
  expect(await refusalOf(namespace, 'one')).toBe('SQLSTATE 28P01');
  await suite().client.remove(databaseRoleGvr, namespace, 'db-read');
  await eventually('its end', async () => expect(await roleIn(namespace)).toBeUndefined());
});

it('a role that the Cluster manages too is left to it, until it is not any more', async () => {
  const namespace = await place();
  const { resourceVersion } = (await makeSecret(namespace, 'one')).metadata;
  const applied = { applied: true, observedGeneration: 1, secretResourceVersion: resourceVersion };
  await untilStatus(namespace, { ...applied, noted: [resourceVersion] });
  const manage = (roles: unknown) =>
    suite().client.patch(clusterGvr, namespace, 'db', { spec: { managed: { roles } } });
  await manage([{ name: 'app_read' }]);
  const message = 'database role is already managed by the CNPG cluster';
  await untilStatus(namespace, { ...applied, applied: false, message, noted: [resourceVersion] });
  await manage(null);
  await untilStatus(namespace, { ...applied, noted: [resourceVersion] });
});

it('a role whose Cluster goes is not applied any more, and free to go', async () => {
  const namespace = await place();
  const { resourceVersion } = (await makeSecret(namespace, 'one')).metadata;
  const applied = { applied: true, observedGeneration: 1, secretResourceVersion: resourceVersion };
  await untilStatus(namespace, { ...applied, noted: [resourceVersion] });
  await suite().client.remove(clusterGvr, namespace, 'db');
  const left = await untilStatus(namespace, {
    applied: false,
    message: 'cluster resource has been deleted, skipping reconciliation',
    secretResourceVersion: resourceVersion,
    noted: [resourceVersion],
  });
  await eventually('its finalizer to go', async () => {
    expect((await roleIn(namespace))?.metadata).toMatchObject({ uid: left.metadata.uid });
    expect((await roleIn(namespace))?.metadata.finalizers).toBeUndefined();
  });
});

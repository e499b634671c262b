// The ways to a database that the README shows, by its own commands, and what becomes of databases in the list of a chart.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { addonGvr, annotations, labels } from '../../../src/api/addon.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { clusterName, untilNothingIsLeft } from '../belongings.ts';
import { Desk, Document } from '../documents.ts';
import { useReal } from '../real.ts';

const real = useReal();

const commandsBelow = async (heading: string): Promise<readonly string[]> =>
  (await Document.read('README.md')).section(heading).commands();

it('with kubectl: the app writes a row through DATABASE_URL, and prints it', async () => {
  const desk = await Desk.set(real(), real().reserve('way'));
  const output = await desk.run(...(await commandsBelow('### With kubectl')));
  expect(output).toMatch(/shop condition met/);
  expect(output.trim().split('\n').at(-1)).toMatch(/^row 1: hello from app@app, on PostgreSQL 17\./);
});

describe('with Helm', () => {
  let namespace = '';
  let desk: Desk;
  let install = '';
  let uid: string | undefined;

  beforeAll(async () => {
    namespace = real().reserve('chart');
    desk = await Desk.set(real(), namespace);
    const commands = await commandsBelow('### With Helm');
    expect(commands).toHaveLength(1);
    [install = ''] = commands;
  });

  /** Upgrades the release to these databases, by the command of the README. */
  const upgrade = async (databases: readonly object[]): Promise<void> => {
    const values = `postgresDatabases=${JSON.stringify(databases)}`;
    await desk.run(`${install.slice(0, install.indexOf('--set '))} --set-json '${values}'`);
  };
  /** As it is now: whatever Helm did not wait for is missing. */
  const addon = async (name: string): Promise<LiveObject> => {
    const found = await real().client.get(addonGvr, namespace, name);
    if (found === undefined) throw new Error(`no PostgresAddon ${name}`);
    return found;
  };
  const cluster = (name: string): Promise<LiveObject | undefined> =>
    real().client.get(clusterGvr, namespace, clusterName(namespace, name));

  it('the installation ends when the database runs', async () => {
    expect(await desk.run(install)).toContain('STATUS: deployed');
    expect(isRunning(await addon('shop'))).toBe(true);
    uid = (await cluster('shop'))?.metadata.uid;
    expect(uid).toBeDefined();
    await real().startApp(namespace, 'shop');
    await real().sql(namespace, 'shop', 'CREATE TABLE kept AS SELECT 42 AS answer');
  });

  it('an upgrade changes the plan of one, with its data, adds another one, and ends when both run', async () => {
    await upgrade([
      { name: 'shop', plan: 'free' },
      { name: 'reports', plan: 'free', mode: 'protected' },
    ]);
    const both = await Promise.all(['shop', 'reports'].map(addon));
    expect(both.map((one) => [isRunning(one), one.status?.plan])).toEqual([
      [true, 'free'],
      [true, 'free'],
    ]);
    expect((await cluster('shop'))?.metadata.uid).toBe(uid);
    expect(await real().sql(namespace, 'shop', "SELECT answer || current_setting('shared_buffers') FROM kept")).toBe(
      '4264MB',
    );
  });

  it('an upgrade without one deletes it with its database, and leaves the other one alone', async () => {
    await real().stopApp(namespace, 'shop');
    const before = (await cluster('reports'))?.metadata;
    await upgrade([{ name: 'reports', plan: 'free', mode: 'protected' }]);
    await untilNothingIsLeft(real(), namespace, 'shop');
    expect((await cluster('reports'))?.metadata.uid).toBe(before?.uid);
  });

  it('an uninstallation keeps the database of a protected one, which the next installation adopts', async () => {
    const before = await addon('reports');
    const identity = (await cluster('reports'))?.metadata.uid;
    await desk.run('helm uninstall shop-databases --namespace team-a --wait --timeout 5m');
    expect(await real().client.get(addonGvr, namespace, 'reports')).toBeUndefined();
    const kept = await cluster('reports');
    expect(kept?.metadata.labels?.[labels.orphaned]).toBe('true');
    expect(kept?.metadata.annotations?.[annotations.formerUid]).toBe(before.metadata.uid);
    await upgrade([{ name: 'reports', plan: 'free', mode: 'protected' }]);
    const again = await addon('reports');
    expect(conditionOf(again, 'Adopted')?.status).toBe('True');
    expect(again.status?.ready_at).toBe(before.status?.ready_at);
    expect((await cluster('reports'))?.metadata.uid).toBe(identity);
  });
});

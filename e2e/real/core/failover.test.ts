// Failover of plan `pro`: the primary fails while a client writes, and no acknowledged row is lost.
//
// covers: S0 failure table, row 2 ("provisioning after a previously running row: replica restart, primary failover; CNPG
// self-heals"); S4 "handles automatic failover if the primary dies".
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { at, conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { minutes, useReal } from '../real.ts';
import { Writer } from '../writer.ts';

const app = 'ledger';
const real = useReal();
let namespace = '';
let writer: Writer | undefined;

const phaseOf = (addon: LiveObject): unknown => addon.status?.phase;
const theWriter = (): Writer => {
  if (writer === undefined) throw new Error('there is no writer');
  return writer;
};

async function primary(): Promise<string> {
  const cluster = await real().client.get(clusterGvr, namespace, clusterName(namespace, app));
  return String(cluster?.status?.currentPrimary);
}

beforeAll(async () => {
  namespace = await real().namespace('fail');
  await real().apply(namespace, app, { plan: 'pro', connection: { extraSecrets: ['servicebinding', 'pgvars'] } });
  await real().running(namespace, app);
  await real().startApp(namespace, app);
  writer = new Writer(real(), namespace, app);
  await writer.start();
});

describe('an application of pro', () => {
  it('reads from a replica by the URL in the Secret for it, and cannot write there', async () => {
    await real().startApp(namespace, 'reader', { secret: `app-${app}-database-read-url` });
    expect(await real().sql(namespace, 'reader', 'SELECT pg_is_in_recovery()')).toBe('t');
    expect(await real().sql(namespace, 'reader', 'SELECT current_user, current_database()')).toBe('app|app');
    await expect(real().sql(namespace, 'reader', 'CREATE TABLE refused ()')).rejects.toThrow('read-only transaction');
    await real().stopApp(namespace, 'reader');
  });

  it('logs in with the environment variables of libpq alone, and with the files of a service binding', async () => {
    const addon = await real().addons.until(
      namespace,
      app,
      'the extra Secrets',
      (state) => conditionOf(state, 'ExtrasPublished')?.reason === 'Published',
    );
    const binding = String(at(addon, 'status', 'binding', 'name'));
    await real().startApp(namespace, 'bound', { secret: `app-${app}-database-pgvars`, binding });
    const pod = { namespace, pod: 'app-bound' };
    const question = "--no-align --tuples-only --command 'SELECT current_user, pg_is_in_recovery()'";
    expect((await real().script(pod, `test -z "$DATABASE_URL" && psql ${question}`)).trim()).toBe('app|f');
    const bound =
      'cd /bindings/db && unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE && echo "$(< type) $(< port)" && psql "$(< uri)"';
    expect((await real().script(pod, `${bound} ${question}`)).trim()).toBe('postgresql 5432\napp|f');
    await real().stopApp(namespace, 'bound');
  });
});

/** SIGKILL of PostgreSQL: no more than its disk is left of what it knew. */
async function kill(pod: string): Promise<void> {
  const script = 'kill -KILL "$(head --lines=1 "$PGDATA/postmaster.pid")"';
  await real().script({ namespace, pod, container: 'postgres' }, script);
}

async function removePod(pod: string): Promise<void> {
  await real().kubectl(['delete', 'pod', pod, '--namespace', namespace, '--grace-period=0', '--force']);
}

describe('the primary of pro dies under a writer', () => {
  it.each([
    [
      'PostgreSQL is killed and its pod removed by force',
      async (pod: string) => {
        await kill(pod);
        await removePod(pod);
      },
    ],
    ['the pod of the new primary is removed by force', removePod],
  ])('%s: none lost, the phase goes and comes back, ready_at stays', async (_, strike) => {
    const before = await real().running(namespace, app);
    const seen = real().addons.of(namespace, app).length;
    const struck = await primary();
    expect(before.status?.primary).toBe(struck);
    const acknowledged = (await theWriter().acknowledged()).length;
    await strike(struck);
    await real().addons.until(namespace, app, 'phase provisioning', (addon) => phaseOf(addon) === 'provisioning');
    const after = await real().running(namespace, app);
    await theWriter().untilMore(50);

    expect(real().addons.of(namespace, app).slice(seen).map(phaseOf)).toContain('provisioning');
    expect(after.status?.ready_at).toBe(before.status?.ready_at);
    expect(conditionOf(after, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
    expect(conditionOf(after, 'Stalled')).toBeUndefined();
    expect(await primary()).not.toBe(struck);
    expect((await theWriter().acknowledged()).length).toBeGreaterThan(acknowledged + 50);
    expect(await theWriter().lost()).toEqual([]);
    // Minutes would mean that the new primary waited for the old one.
    expect(await theWriter().longestPause()).toBeLessThan(90);
  });

  it('running again means that somebody logged in to the new primary', async () => {
    const addon = await real().running(namespace, app);
    expect(conditionOf(addon, 'Connectable')).toMatchObject({ status: 'True' });
    expect(addon.status?.primary).toBe(await primary());
    // In no state seen was the addon running by the evidence of a login to another instance.
    const claims = real().addons.course(namespace, app, (state) => [state.status?.phase, state.status?.primary]);
    const claimed = claims.filter(([phase]) => phase === 'running').map(([, instance]) => instance);
    expect(claimed).not.toContain(undefined);
    expect(new Set(claimed).size).toBeGreaterThan(1);
  });

  it('needed no restart of the writer: the same pod only reconnected', async () => {
    expect((await theWriter().pod()).status?.phase).toBe('Running');
    expect(await theWriter().reconnects()).toBeGreaterThan(0);
  });
});

describe('an update of pro', () => {
  it('that is supervised waits for a user, says so, and is complete after the promotion', async () => {
    const name = clusterName(namespace, app);
    const cluster = ['cluster', name, '--namespace', namespace];
    await real().kubectl([
      'patch',
      ...cluster,
      '--type=merge',
      '--patch={"spec":{"primaryUpdateStrategy":"supervised"}}',
    ]);
    // As `kubectl cnpg restart` does.
    const now = (): string => new Date().toISOString();
    await real().kubectl(['annotate', ...cluster, `kubectl.kubernetes.io/restartedAt=${now()}`]);
    const waiting = await real().reason(namespace, app, 'Ready', 'WaitingForUser');
    expect(conditionOf(waiting, 'Stalled')?.reason).toBe('WaitingForUser');
    expect(conditionOf(waiting, 'Ready')?.message).toContain('User must issue a supervised switchover');

    const before = await primary();
    const { instanceNames } = (await real().client.get(clusterGvr, namespace, name))?.status ?? {};
    const next = (instanceNames as readonly string[]).find((instance) => instance !== before);
    // As `kubectl cnpg promote` does.
    const [phase, phaseReason] = ['Switchover in progress', `Switching over to ${next}`];
    const status = { targetPrimary: next, targetPrimaryTimestamp: now(), phase, phaseReason };
    const patch = `--patch=${JSON.stringify({ status })}`;
    await real().kubectl(['patch', ...cluster, '--subresource=status', '--type=merge', patch]);
    await real().addons.until(
      namespace,
      app,
      'the next primary',
      (addon) => addon.status?.primary === next,
      minutes(4),
    );
    const after = await real().running(namespace, app);
    expect(conditionOf(after, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
    expect(JSON.stringify(after.status?.conditions)).not.toContain('"WaitingForUser"');
    expect(await theWriter().lost()).toEqual([]);
  });
});

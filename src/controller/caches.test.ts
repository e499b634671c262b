// The caches against a scripted API server: the requests, what is reported about the responses, and which addons a change concerns.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import { resources, watchedResources } from '../api/resources.ts';
import { aCluster, anAddon } from '../domain/testing.ts';
import { ApiError } from '../kube/errors.ts';
import { resourcePath } from '../kube/resources.ts';
import { HandTransport, page, type Thing, thing } from '../kube/testing.ts';
import type { ApiRequest } from '../kube/transport.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import { Caches } from './caches.ts';
import { Triggers } from './triggers.ts';

class Fixture {
  readonly transport: HandTransport;
  readonly keys: string[] = [];
  readonly deletedAddons: string[] = [];
  readonly reported: string[] = [];
  readonly clock = new ManualClock();
  readonly caches: Caches;

  constructor(namespaces: readonly string[], transport: HandTransport) {
    this.transport = transport;
    const enqueue = (key: string) => this.keys.push(key);
    this.caches = new Caches({
      transport: this.transport,
      clock: this.clock,
      random: () => 0.5,
      namespaces,
      triggers: new Triggers(enqueue, ({ metadata }) => this.deletedAddons.push(metadata.name), { note: () => {} }),
      enqueue,
      onError: (error) => this.reported.push(String(error)),
      onFailure: (kind, namespace, { code }) => this.reported.push(`${kind} in ${namespace}: ${code}`),
      onSmallerPages: (kind, namespace, size) => this.reported.push(`${kind} in ${namespace} in pages of ${size}`),
      onSeen: (namespace) => this.reported.push(`${namespace} is seen`),
      observe: (kind, event) => this.reported.push(`${event} ${kind}`),
    });
  }

  /** Answers the lists of all watched resources, with these addons and the Cluster of `team-a/shop`. */
  async listed(addons: readonly PostgresAddon[] = [anAddon()]): Promise<void> {
    this.caches.start();
    const there: Readonly<Record<string, readonly object[]>> = { addons, clusters: [aCluster(anAddon())] };
    for (const name of watchedResources)
      (await this.transport.call()).answer(page((there[name] ?? []) as readonly Thing[], 50));
    await settle();
  }

  /** Lets time pass, while what is asked for gets this answer. */
  async failing(error: ApiError, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      for (; this.transport.waiting > 0; await settle()) {
        const call = await this.transport.call().catch(() => this.transport.stream());
        call.fail(error);
      }
      await this.clock.advance(1000);
    }
  }
}

const running: Fixture[] = [];
function start(namespaces: readonly string[] = [], transport = new HandTransport()): Fixture {
  const made = new Fixture(namespaces, transport);
  running.push(made);
  return made;
}

afterEach(async () => {
  for (const { caches } of running.splice(0)) await caches.stop();
});

/** The same for each watched resource. */
const every = <T>(value: T) => Object.fromEntries(watchedResources.map((name) => [name, value]));

function named(name: string, namespace: string): PostgresAddon {
  const addon = anAddon();
  return { ...addon, metadata: { ...addon.metadata, name, namespace } };
}

const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'not allowed' });

describe('the caches', () => {
  it('list each watched resource of each namespace, in the order of the table', async () => {
    const { transport, caches } = start(['a', 'b']);
    caches.start();
    await settle();
    const paths = [];
    while (transport.waiting > 0) paths.push((await transport.call()).request.path);
    const listed = (namespace: string) => watchedResources.map((name) => resourcePath(resources[name].gvr, namespace));
    expect(paths).toEqual(['a', 'b'].flatMap(listed));
    expect(paths[1]).toBe('/apis/postgresql.cnpg.io/v1/namespaces/a/clusters');
  });

  it('contain what was listed, count it under the names of the metrics, and report it', async () => {
    const fixture = start();
    await fixture.listed();
    expect(fixture.caches.of.clusters.get('team-a', 'db-team-a-shop')).toMatchObject({ kind: 'Cluster' });
    expect(fixture.caches.of.addons.get('team-a', 'shop')?.metadata).not.toHaveProperty('managedFields');
    expect(fixture.caches.sizes()).toEqual({ ...every(0), addons: 1, clusters: 1 });
    expect(fixture.reported).toEqual([
      ...watchedResources.map((name) => `list ${resources[name].gvr.kind}`),
      'undefined is seen',
    ]);
    // For itself, for its Cluster, and because everything is known now.
    expect(fixture.keys).toEqual(['team-a/shop', 'team-a/shop', 'team-a/shop']);
    expect(fixture.caches.notReady()).toBeUndefined();
  });

  it('say how old the oldest of each kind is, once it was listed', async () => {
    const { transport, clock, caches } = start(['a', 'b']);
    caches.start();
    expect(caches.unconfirmedSeconds()).toEqual({});
    (await transport.call()).answer(page([], 50));
    await settle();
    await clock.advance(5_000);
    expect(caches.unconfirmedSeconds()).toEqual({ addons: 5 });
    for (let skipped = 1; skipped < watchedResources.length; skipped += 1) (await transport.call()).fail(forbidden);
    (await transport.call()).answer(page([], 50));
    await settle();
    expect(caches.unconfirmedSeconds()).toEqual({ addons: 5 });
    (await transport.stream()).send('BOOKMARK', { metadata: { resourceVersion: '60' } });
    await settle();
    expect(caches.unconfirmedSeconds()).toEqual({ addons: 0 });
  });

  it('are not ready before everything is listed, except for what is refused for 10 s', async () => {
    const { transport, clock, caches, reported } = start(['a']);
    expect(caches.notReady()).toBe('addons in namespace a: not listed yet');
    caches.start();
    (await transport.call()).answer(page([], 50));
    const missing = new ApiError({ code: 404, reason: 'NotFound', message: 'not there' });
    const refuse = async (): Promise<void> => {
      for (; transport.waiting > 0; await settle()) {
        const call = await transport.call();
        call.fail(call.request.path.endsWith('/clusters') ? forbidden : missing);
      }
    };
    (await transport.stream()).open();
    for (let seconds = 0; seconds < 9; seconds += 1) {
      await refuse();
      expect(caches.notReady()).toBe('clusters in namespace a: not allowed');
      expect(caches.availability('a')).toEqual(every('served'));
      await clock.advance(1000);
    }
    for (let seconds = 0; seconds < 6; seconds += 1) {
      await refuse();
      await clock.advance(1000);
    }
    expect(reported).toContain('Cluster in a: 403');
    expect(caches.notReady()).toBeUndefined();
    expect(caches.availability('a')).toEqual({ ...every('missing'), addons: 'served', clusters: 'forbidden' });
  });

  it('are not ready without addons, whatever the reason', async () => {
    const { transport, caches } = start();
    caches.start();
    (await transport.call()).fail(forbidden);
    await settle();
    expect(caches.notReady()).toBe('addons: not allowed');
  });

  it('are ready with some namespaces, while another one is forbidden or does not answer, and see it when it can be listed', async () => {
    const { transport, clock, caches, keys, reported } = start(['a', 'b']);
    const addon = { ...anAddon(), metadata: { ...anAddon().metadata, namespace: 'b' } };
    let isForbidden = true;
    /** Answers what waits: in `b` by a refusal as long as it is forbidden. */
    const answer = async (): Promise<void> => {
      for (await settle(); transport.waiting > 0; await settle()) {
        const call = await transport.call().catch(() => undefined);
        if (call === undefined) (await transport.stream()).open();
        else if (call.request.path.includes('/b/') && isForbidden) call.fail(forbidden);
        else call.answer(page(call.request.path.endsWith('b/postgresaddons') ? [addon as unknown as Thing] : [], 50));
      }
    };
    caches.start();
    expect(caches.notReady()).toBe('addons in namespace a: not listed yet');
    for (let seconds = 0; seconds < 60; seconds += 1) {
      await answer();
      expect([caches.sees('a'), caches.sees('b'), caches.unseen()]).toEqual([true, false, 1]);
      expect(caches.notReady()).toBeUndefined();
      await clock.advance(1000);
    }
    expect(keys).toEqual([]);
    // Each once, however often it is repeated.
    expect(reported.filter((line) => /403|seen/.test(line)).sort()).toEqual([
      'Cluster in b: 403',
      'DatabaseRole in b: 403',
      'ObjectStore in b: 403',
      'PostgresAddon in b: 403',
      'ScheduledBackup in b: 403',
      'a is seen',
    ]);
    isForbidden = false;
    for (let seconds = 0; seconds < 6; seconds += 1) {
      await answer();
      await clock.advance(1000);
    }
    expect([caches.sees('b'), caches.unseen()]).toEqual([true, 0]);
    expect(new Set(keys)).toEqual(new Set(['b/shop']));
    expect(reported.at(-1)).not.toMatch(/403/);
  });

  it('enqueue the addons of a namespace only once everything in it is known', async () => {
    const { transport, caches, keys } = start();
    caches.start();
    (await transport.call()).answer(page([anAddon() as unknown as Thing], 50));
    const clusters = await transport.call();
    for (const _ of ['DatabaseRoles', 'ObjectStores', 'ScheduledBackups'])
      (await transport.call()).answer(page([], 50));
    await settle();
    expect(caches.sees('team-a')).toBe(false);
    keys.length = 0;
    clusters.answer(page([], 50));
    await settle();
    expect(caches.sees('team-a')).toBe(true);
    expect(keys).toEqual(['team-a/shop']);
  });

  it('report a deleted addon before its key is enqueued', async () => {
    const fixture = start();
    await fixture.listed();
    fixture.keys.length = 0;
    const stream = await fixture.transport.stream();
    stream.open();
    stream.send('DELETED', { ...anAddon(), metadata: { ...anAddon().metadata, resourceVersion: '60' } });
    await settle();
    expect(fixture.deletedAddons).toEqual(['shop']);
    expect(fixture.keys).toEqual(['team-a/shop']);
  });

  it('contain the own writes of the operator immediately', async () => {
    const fixture = start();
    await fixture.listed();
    fixture.caches.of.scheduledBackups.record(thing('daily', 60, { namespace: 'team-a' }));
    expect(fixture.caches.of.scheduledBackups.get('team-a', 'daily')).toBeDefined();
    fixture.caches.of.scheduledBackups.forget('team-a', 'daily', 'uid-of-daily');
    expect(fixture.caches.sizes().scheduledBackups).toBe(0);
  });

  it('say which addons exist, in a namespace and in all', async () => {
    const fixture = start();
    const others = [named('web', 'team-a'), named('shop', 'team-b')];
    await fixture.listed([anAddon(), ...others]);
    const keys = (addons: Iterable<PostgresAddon>) =>
      Array.from(addons, ({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(keys(fixture.caches.everyAddon())).toEqual(['team-a/shop', 'team-a/web', 'team-b/shop']);
    expect(keys(fixture.caches.of.addons.inNamespace('team-a'))).toEqual(['team-a/shop', 'team-a/web']);
    expect(keys(start(['a']).caches.of.addons.inNamespace('b'))).toEqual([]);
  });

  it('enqueue all addons, or those of one installation of the operator', async () => {
    const fixture = start();
    const { status: _, ...fresh } = named('fresh', 'team-a');
    await fixture.listed([anAddon(), fresh, { ...named('web', 'team-b'), status: { operator: 'elsewhere/operator' } }]);
    fixture.keys.length = 0;
    fixture.caches.enqueueHeldBy('elsewhere/operator');
    expect(fixture.keys.splice(0)).toEqual(['team-b/web']);
    fixture.caches.enqueueAll();
    expect(fixture.keys).toEqual(['team-a/shop', 'team-a/fresh', 'team-b/web']);
  });

  it('enqueue the other addons that need a Cluster when the operator wrote it', async () => {
    const fixture = start();
    await fixture.listed([anAddon(), { ...named('second', 'team-a'), spec: anAddon({ appId: 'shop' }).spec }]);
    fixture.keys.length = 0;
    const cluster = aCluster(anAddon());
    fixture.caches.of.clusters.record({ ...cluster, metadata: { ...cluster.metadata, resourceVersion: '60' } });
    expect(fixture.keys).toEqual(['team-a/second']);
  });

  it('once filled, enqueue addons when a kind is no longer permitted, and not when a request fails in passing', async () => {
    const fixture = start();
    await fixture.listed();
    fixture.keys.length = 0;
    fixture.reported.length = 0;
    await fixture.failing(new ApiError({ code: 410, reason: 'Expired', message: 'too old' }), 1);
    expect(fixture.keys).toEqual([]);
    await fixture.failing(forbidden, 30);
    expect(fixture.reported.filter((line) => /seen/.test(line))).toEqual([]);
    expect(fixture.reported.filter((line) => /403/.test(line))).toHaveLength(watchedResources.length);
    expect(fixture.caches.availability('team-a')).toEqual(every('forbidden'));
    // Once for each kind.
    expect(fixture.keys).toEqual(watchedResources.map(() => 'team-a/shop'));
  });

  it('report objects that are listed in smaller pages, with their kind and namespace', async () => {
    const { transport, caches, reported } = start(['a']);
    caches.start();
    (await transport.call()).fail(new ApiError({ code: 0, reason: 'TooLarge', message: 'too large' }));
    await settle();
    expect(reported).toEqual(['PostgresAddon in a in pages of 250']);
  });

  it('ask for nothing more once they are stopped, and have stopped when the last request has ended', async () => {
    // The end of a request takes a moment after it was aborted.
    const transport = new (class extends HandTransport {
      override request(request: ApiRequest): Promise<unknown> {
        return super.request(request);
      }
    })();
    const { caches, clock } = start([], transport);
    caches.start();
    const calls = [];
    for (const _ of watchedResources) calls.push(await transport.call());
    let isStopped = false;
    const stopped = caches.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    for (const call of calls) call.fail(new ApiError({ code: 0, reason: 'Aborted', message: 'aborted' }));
    await stopped;
    await clock.advance(60_000);
    expect(transport.waiting).toBe(0);
  });

  it('have a cache for each watched resource and no other', () => {
    expect(Object.keys(start().caches.of)).toEqual(watchedResources);
  });
});

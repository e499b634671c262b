// Who has the Secret of an app, and when it changes hands.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Condition, Secret } from '../../api/kubernetes.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aSource,
  aUrlSecret,
  but,
  changed,
  manifestOf,
  observing,
  reported,
  summary,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';
import { promotionsOf } from './claim.ts';

const appSecret = 'app-shop-database-url';

/** As `anAddon()`, under another name. */
function named(addon: PostgresAddon, name: string): PostgresAddon {
  return { ...addon, metadata: { ...addon.metadata, name, uid: `uid-${name}` } };
}

/** The addon of the app, which runs. */
const shop = aRunningAddon({ plan: 'free' });
const shopSecret = aUrlSecret(shop, 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app');
const copyUrl = 'postgresql://app:secret@db-team-a-copy-rw.team-a:5432/app';

/** The addon that is promoted; it runs, and has its own Secret. Everything is read. */
function ofCopy(spec: Partial<AddonSpec>, secret: Secret | undefined, more: Partial<Observed> = {}): Observed {
  const addon = named(anAddon({ plan: 'free', promote: { appId: 'shop' }, ...spec }), 'copy');
  return ofAddon(addon, secret, more);
}

function ofAddon(addon: PostgresAddon, secret: Secret | undefined, more: Partial<Observed> = {}): Observed {
  const cluster = aCluster(addon);
  return observing(addon, {
    cluster,
    source: { kind: 'found', object: aSource(cluster) },
    urlSecret: aUrlSecret(addon, copyUrl),
    promotedSecret: secret,
    sameApp: [shop],
    livingOwners: [shop.metadata.uid],
    live: { kind: 'found', object: addon },
    ...more,
  });
}

/** The same, once its status has announced the promotion. */
const announced = (secret: Secret | undefined, more: Partial<Observed> = {}): Observed =>
  reported(ofCopy({}, secret, more));

/** The first round, and what a read of the Secret resulted in. */
const ofCopyReading = (promotedSecret: Observed['children']['promotedSecret']): Observed =>
  but(ofCopy({}, undefined), { promotedSecret });

/** The Secret of the app in the hands of the promoted addon. */
const copy = named(anAddon({ plan: 'free', promote: { appId: 'shop' } }), 'copy');
const taken = (url = copyUrl): Secret => {
  const secret = aUrlSecret(copy, url);
  return { ...secret, metadata: { ...secret.metadata, name: appSecret } };
};
/** The addon, whose spec asks for no promotion any more. */
function notPromoted(addon: PostgresAddon): PostgresAddon {
  const { promote: _, ...spec } = addon.spec;
  return { ...changed(addon, {}), spec };
}
const withoutPromote = (o: Observed): Observed => but(o, { addon: notPromoted(o.addon) });

const promotedIn = ({ status }: ReturnType<typeof think>): Condition | undefined =>
  status.conditions?.find(({ type }) => type === 'Promoted');
const reasonIn = (thought: ReturnType<typeof think>): string | undefined => promotedIn(thought)?.reason;

describe('an addon that is promoted', () => {
  it('takes the Secret over in one write, which gives it another URL and another owner', () => {
    const thought = think(announced(shopSecret));
    expect(summary(thought.actions)).toEqual(['apply Secret']);
    const { metadata, data } = manifestOf(thought.actions, 'promotedSecret');
    expect(metadata).toMatchObject({
      name: appSecret,
      uid: shopSecret.metadata.uid,
      resourceVersion: shopSecret.metadata.resourceVersion,
      ownerReferences: [{ name: 'copy', uid: 'uid-copy', controller: true }],
      labels: { [labels.uid]: 'uid-copy', [labels.appId]: 'copy' },
    });
    expect(Buffer.from(String((data as Record<string, string>).DATABASE_URL), 'base64').toString()).toBe(copyUrl);
    expect(promotedIn(thought)).toMatchObject({ status: 'True', reason: 'Promoted' });
  });

  it('announces it first', () => {
    const thought = think(ofCopy({}, shopSecret));
    expect(thought.actions).toEqual([]);
    expect(thought.status.promotion).toEqual({ appId: 'shop', secretName: appSecret });
    expect(promotedIn(thought)).toMatchObject({ status: 'False', reason: 'PromotionPending' });
    expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 2000 });
  });

  it.each([
    ['is in the hands of the other one', shopSecret],
    ['does not exist', undefined],
  ])('waits until its database is up, which a watch reports, if the Secret %s', (_, secret) => {
    const o = announced(secret);
    const ill = {
      phase: 'Failing over',
      readyInstances: 0,
      readyCondition: { status: 'False', lastTransitionTime: '' },
    };
    const thought = think(but(o, { cluster: aCluster(o.addon, ill) }));
    expect([thought.actions, reasonIn(thought), thought.decision.recheckAfter]).toEqual([
      [],
      'PromotionPending',
      undefined,
    ]);
  });

  it.each([
    ['LoggedIn', ['apply Secret'], 'Promoted'],
    ['ConnectionRefused', [], 'PromotionPending'],
  ] as const)('after a login with %s does %j', (reason, actions, expected) => {
    const platform = { ...testPlatform, connectionCheck: 'Required' as const };
    const o = but(announced(shopSecret), { platform });
    const login = { type: 'Connectable', status: 'True' as const, reason, message: '', lastTransitionTime: '' };
    const { cluster } = o.children;
    const { readyCondition, currentPrimary } = cluster.kind === 'found' ? cluster.object.status : {};
    const { status } = o.addon;
    const conditions = [...(status?.conditions ?? []).filter(({ type }) => type !== 'Connectable'), login];
    const proves = { primary: currentPrimary, readySince: readyCondition?.lastTransitionTime };
    const thought = think(but(o, { addon: { ...o.addon, status: { ...status, ...proves, conditions } as never } }));
    expect([summary(thought.actions), reasonIn(thought)]).toEqual([actions, expected]);
  });

  it.each([
    ['Off', 'Promoted'],
    ['Advisory', 'Promoted'],
    ['Required', 'PromotionPending'],
  ] as const)('with connectionCheck %s, and no login yet, says %s', (connectionCheck, reason) => {
    const platform = { ...testPlatform, connectionCheck };
    expect(reasonIn(think(but(announced(shopSecret), { platform })))).toBe(reason);
  });

  it('takes the Secret from another promoted addon, once that lets it go', () => {
    const former = named(anAddon({ plan: 'free' }), 'former');
    const secret = aUrlSecret(former, 'postgresql://former');
    const held = { ...secret, metadata: { ...secret.metadata, name: appSecret } };
    const more = { sameApp: [shop, former], livingOwners: [former.metadata.uid] };
    expect([reasonIn(think(announced(held, more)))]).toEqual(['Promoted']);
    const asking = { ...former, spec: { ...former.spec, promote: { appId: 'shop' } } };
    expect(reasonIn(think(announced(held, { ...more, sameApp: [shop, asking] })))).toBe('PromotionRefused');
    const deletionTimestamp = '2026-01-02T03:04:05Z';
    const going = { ...asking, metadata: { ...asking.metadata, deletionTimestamp } };
    expect(reasonIn(think(announced(held, { ...more, sameApp: [shop, going] })))).toBe('Promoted');
  });

  it('writes the Secret again if somebody deletes it, whether its database is up or not', () => {
    const o = reported(announced(taken()));
    const ill = {
      phase: 'Failing over',
      readyInstances: 0,
      readyCondition: { status: 'False', lastTransitionTime: '' },
    };
    const thought = think(but(o, { promotedSecret: undefined, cluster: aCluster(o.addon, ill) }));
    expect(summary(thought.actions)).toEqual(['create Secret']);
  });

  it('does not claim a Secret that is seen to be missing, also while it cannot write it', () => {
    const o = reported(announced(taken()));
    const thought = think(but(o, { promotedSecret: undefined, source: { kind: 'absent' } }));
    expect([thought.actions, reasonIn(thought)]).toEqual([[], 'PromotionPending']);
    expect(reasonIn(think(but(o, { source: { kind: 'absent' } })))).toBe('Promoted');
  });

  it('removes the former owner, whoever else owns that field', () => {
    const [action] = think(announced(shopSecret)).actions;
    expect(action).toMatchObject({ removal: { metadata: { ownerReferences: [{ name: 'copy' }] } } });
  });

  it('creates the Secret if there is none', () => {
    const thought = think(announced(undefined));
    expect([summary(thought.actions), reasonIn(thought)]).toEqual([['create Secret'], 'Promoted']);
  });

  it('keeps the Secret up to date', () => {
    expect(think(announced(taken())).actions).toEqual([]);
    expect(summary(think(announced(taken('postgresql://old'))).actions)).toEqual(['apply Secret']);
  });

  it('does nothing before the API server has confirmed that it exists', () => {
    const thought = think(but(announced(shopSecret), { live: { kind: 'absent' } }));
    expect([thought.actions, thought.ready.reason]).toEqual([[], 'Adopting']);
  });

  it.each<readonly [string, Secret, Partial<Observed>, RegExp]>([
    [
      'that somebody made',
      { ...shopSecret, metadata: { ...shopSecret.metadata, labels: {}, ownerReferences: [] } },
      {},
      /was left unchanged; delete it if nothing uses it$/,
    ],
    [
      'without a label',
      (() => {
        const { labels: _, ...metadata } = shopSecret.metadata;
        return { ...shopSecret, metadata };
      })(),
      {},
      /was left unchanged; delete it if nothing uses it$/,
    ],
    [
      'that something else controls, whatever its labels',
      { ...shopSecret, metadata: { ...shopSecret.metadata, ownerReferences: [owner('external')] } },
      {},
      /was left unchanged; delete it if nothing uses it$/,
    ],
    [
      'of another addon that is promoted to the same app',
      (() => {
        const other = aUrlSecret(named(anAddon({ plan: 'free' }), 'third'), 'u');
        return { ...other, metadata: { ...other.metadata, name: appSecret } };
      })(),
      { sameApp: [shop, named(anAddon({ promote: { appId: 'shop' } }), 'third')] },
      /PostgresAddon "third" is promoted to the same app: remove spec.promote of one of the two$/,
    ],
  ])('leaves a Secret alone %s', (_, secret, more, message) => {
    const thought = think(announced(secret, more));
    expect(thought.actions).toEqual([]);
    expect(promotedIn(thought)).toMatchObject({ status: 'False', reason: 'PromotionRefused' });
    expect(promotedIn(thought)?.message).toMatch(message);
    expect(thought.status.phase).toBe('running');
    expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 60_000 });
  });

  it('says so if the Secret cannot be changed, read or seen', () => {
    expect(reasonIn(think(announced({ ...shopSecret, immutable: true })))).toBe('SecretImmutable');
    const o = reported(announced(taken()));
    const denied = think(but(o, { promotedSecret: { kind: 'denied', message: 'no' } }));
    expect([reasonIn(denied), denied.actions]).toEqual(['Forbidden', []]);
    const away = think(but(o, { promotedSecret: { kind: 'unavailable', retryAfterSeconds: 30 } }));
    expect([reasonIn(away), away.pace]).toMatchObject(['Promoted', { kind: 'retry', atLeastMilliseconds: 30_000 }]);
  });

  it('announces its promotion also while the Secret cannot be read, and waits a while', () => {
    const { status, pace } = think(ofCopyReading({ kind: 'unavailable', retryAfterSeconds: 1 }));
    expect([status.promotion?.appId, pace]).toMatchObject(['shop', { kind: 'retry', atLeastMilliseconds: 10_000 }]);
  });

  it('says what it said before while there is no reason to read the Secret', () => {
    expect(reasonIn(think(ofCopyReading({ kind: 'unread' })))).toBe('PromotionPending');
    const thought = think(but(reported(announced(taken())), { promotedSecret: { kind: 'unread' } }));
    expect([thought.actions, reasonIn(thought)]).toEqual([[], 'Promoted']);
  });

  it('waits for the end of the Secret of a deleted addon with its name', () => {
    const ownerReferences = [{ ...owner('copy'), uid: 'uid-former' }];
    const secret = { ...taken(), metadata: { ...taken().metadata, ownerReferences } };
    const thought = think(announced(secret));
    expect([thought.actions, reasonIn(thought)]).toEqual([[], 'OldObjectTerminating']);
  });

  it('holds its request back while it is suspended', () => {
    const o = observing(named(aRunningAddon({ plan: 'free' }), 'copy'), { cluster: aCluster(copy) });
    const asked = think(but(o, { addon: changed(o.addon, { suspend: true, promote: { appId: 'shop' } }) }));
    expect([reasonIn(asked), asked.status.observedGeneration]).toEqual(['Suspended', o.addon.metadata.generation]);
    const has = reported(announced(taken()));
    const { promote: _, ...spec } = has.addon.spec;
    const left = think(but(has, { addon: { ...changed(has.addon, {}), spec: { ...spec, suspend: true } } }));
    expect([reasonIn(left), left.actions]).toEqual(['Suspended', []]);
  });

  it('with its own appId has nothing to do', () => {
    const { status, actions } = think(ofCopy({ promote: { appId: 'copy' } }, undefined));
    expect([status.promotion, actions, status.conditions?.some(({ type }) => type === 'Promoted')]).toEqual([
      undefined,
      [],
      false,
    ]);
  });

  it('writes nothing while it is suspended, and says what it said before', () => {
    const o = reported(announced(taken('postgresql://old')));
    const thought = think(but(o, { addon: changed(o.addon, { suspend: true }) }));
    expect([thought.actions, reasonIn(thought), thought.status.promotion?.appId]).toEqual([[], 'Promoted', 'shop']);
  });

  it('that is protected takes the Secret without an owner reference', () => {
    const finalizers = ['addons.paas.dev/protection'];
    const o = announced(shopSecret);
    const addon = {
      ...o.addon,
      metadata: { ...o.addon.metadata, finalizers },
      spec: { ...o.addon.spec, mode: 'protected' as const },
    };
    const manifest = manifestOf(think(but(o, { addon })).actions, 'promotedSecret');
    expect(manifest.metadata.ownerReferences).toBeUndefined();
  });
});

describe('the apps of an addon', () => {
  const status = { promotion: { appId: 'web', secretName: 'app-web-database-url' } };
  it.each<readonly [string, PostgresAddon, readonly string[]]>([
    ['are none without a promotion', anAddon(), []],
    ['are the one that it asks for', copy, ['shop']],
    ['are the one whose Secret it has not given back', anAddon({}, status), ['web']],
    [
      'are both while it changes from one to the other',
      anAddon({ promote: { appId: 'shop' } }, status),
      ['shop', 'web'],
    ],
    ['are one if it has what it asks for', anAddon({ promote: { appId: 'web' } }, status), ['web']],
  ])('%s', (_, addon, apps) => {
    expect(promotionsOf(addon)).toEqual(apps);
  });
});

describe('an addon that is not promoted any more', () => {
  const ending = (secret: Secret | undefined): Observed =>
    but(withoutPromote(reported(announced(taken()))), { promotedSecret: secret });

  it('keeps the Secret up to date until it is taken back', () => {
    const thought = think(ending(taken('postgresql://old')));
    expect([summary(thought.actions), promotedIn(thought)?.status, reasonIn(thought)]).toEqual([
      ['apply Secret'],
      'False',
      'PromotionEnding',
    ]);
    expect(thought.status.promotion?.appId).toBe('shop');
  });

  it.each([
    ['was taken back', shopSecret],
    ['is gone', undefined],
  ] as const)('says nothing more once the Secret %s', (_, secret) => {
    const { status, actions, decision } = think(ending(secret));
    expect([actions, status.promotion, status.conditions?.some(({ type }) => type === 'Promoted')]).toEqual([
      [],
      undefined,
      false,
    ]);
    expect(decision.recheckAfter).toBeUndefined();
  });

  it('does not say that the Secret was taken back before it can be read', () => {
    const thought = think(but(ending(taken()), { promotedSecret: { kind: 'denied', message: 'no' } }));
    expect([reasonIn(thought), thought.status.promotion?.appId]).toEqual(['Forbidden', 'shop']);
  });

  it('but to another app, gives the first Secret back before it takes the second', () => {
    const o = reported(announced(taken()));
    const other = but(o, { addon: changed(o.addon, { promote: { appId: 'web' } }) });
    expect(reasonIn(think(other))).toBe('PromotionEnding');
    const back = think(but(other, { promotedSecret: shopSecret }));
    expect([back.status.promotion, back.pace.kind]).toEqual([undefined, 'retry']);
    const next = think(but(other, { addon: { ...other.addon, status: back.status }, promotedSecret: undefined }));
    expect(next.status.promotion).toEqual({ appId: 'web', secretName: 'app-web-database-url' });
  });
});

describe('the addon of the app', () => {
  /** @param secret what has the name of its Secret */
  const ofShop = (secret: Secret, more: Partial<Observed> = {}): Observed => {
    const cluster = aCluster(shop);
    return observing(shop, {
      cluster,
      source: { kind: 'found', object: aSource(cluster) },
      urlSecret: secret,
      sameApp: [copy],
      livingOwners: [copy.metadata.uid],
      live: { kind: 'found', object: shop },
      ...more,
    });
  };
  const said = (thought: ReturnType<typeof think>) =>
    thought.status.conditions?.find(({ type }) => type === 'CredentialsPublished');
  const former = named(anAddon({ plan: 'free' }), 'copy');
  const loose = (secret: Secret): Secret => {
    const { ownerReferences: _, ...metadata } = secret.metadata;
    return { ...secret, metadata: { ...metadata, labels: { ...metadata.labels, [labels.orphaned]: 'true' } } };
  };

  it('leaves the Secret to the promoted one, says so, and goes on running', () => {
    const thought = think(ofShop(taken()));
    expect(thought.actions).toEqual([]);
    expect(said(thought)).toMatchObject({
      status: 'True',
      reason: 'Superseded',
      message: `Secret ${appSecret} holds the DATABASE_URL of PostgresAddon "copy", which is promoted to this app. The credentials of this database are in Secret db-team-a-shop-app`,
    });
    expect(thought.status).toMatchObject({ phase: 'running', credentials: { secretUID: 'url-uid' } });
    expect(thought.status.secretName).toBeUndefined();
  });

  it('logs in with its own credentials', () => {
    const platform = { ...testPlatform, connectionCheck: 'Required' as const };
    expect(think(ofShop(taken(), { platform })).decision.login?.url).toContain('@db-team-a-shop-rw.');
  });

  it.each<readonly [string, Partial<Observed>, Secret]>([
    ['it is not promoted any more', { sameApp: [former] }, taken()],
    ['it is gone, and the garbage collector is about to delete the Secret', { sameApp: [], livingOwners: [] }, taken()],
  ])('takes the Secret back when %s', (_, more, secret) => {
    const thought = think(ofShop(secret, more));
    expect(summary(thought.actions)).toEqual(['apply Secret']);
    const { metadata, data } = manifestOf(thought.actions, 'urlSecret');
    expect(metadata).toMatchObject({ name: appSecret, ownerReferences: [{ name: 'shop' }] });
    expect(Buffer.from(String((data as Record<string, string>).DATABASE_URL), 'base64').toString()).toContain(
      'shop-rw',
    );
    expect([said(thought)?.reason, thought.status.secretName]).toEqual(['Published', appSecret]);
  });

  it('takes it back from one of the same name that came later and is not promoted', () => {
    const later = { ...former, metadata: { ...former.metadata, uid: 'uid-later' } };
    const thought = think(ofShop(loose(taken()), { sameApp: [later], livingOwners: [] }));
    expect([summary(thought.actions), said(thought)?.reason]).toEqual([['apply Secret'], 'Published']);
    const again = { ...later, spec: { ...later.spec, promote: { appId: 'shop' } } };
    expect(said(think(ofShop(loose(taken()), { sameApp: [again], livingOwners: [] })))?.reason).toBe('Superseded');
  });

  it('leaves it to another one that is promoted to the app', () => {
    const third = named(anAddon({ promote: { appId: 'shop' } }), 'third');
    const thought = think(ofShop(taken(), { sameApp: [former, third] }));
    expect(thought.actions).toEqual([]);
    expect(said(thought)?.message).toMatch(/was given back, and goes to PostgresAddon "third"/);
  });

  it('does not write its own URL while the Secret is missing, if another one had it', () => {
    const has = { type: 'Promoted', status: 'True' as const, reason: 'Promoted', message: '', lastTransitionTime: '' };
    const sameApp = [{ ...copy, status: { ...copy.status, conditions: [has] } }];
    const thought = think(but(ofShop(taken(), { sameApp }), { urlSecret: undefined }));
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'Superseded']);
    expect(said(thought)?.message).toMatch(/is missing; PostgresAddon "copy"/);
    expect(summary(think(but(ofShop(taken(), { sameApp: [copy] }), { urlSecret: undefined })).actions)).toEqual([
      'create Secret',
    ]);
  });

  it('does not take it back while the CRD does not know promotions', () => {
    const missingFromSchema = ['spec.promote'];
    const thought = think(ofShop(taken(), { sameApp: [former], missingFromSchema }));
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'Superseded']);
  });

  it('that never had it does not get it, if another one with the same appId has it', () => {
    const second = named(anAddon({ plan: 'free', appId: 'shop' }), 'second');
    const cluster = aCluster(second);
    const o = observing(second, {
      cluster,
      source: { kind: 'found', object: aSource(cluster) },
      urlSecret: taken(),
      sameApp: [former, shop],
    });
    const thought = think(o);
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'NameConflict']);
    const third = named(anAddon({ plan: 'free', appId: 'shop' }), 'third');
    expect(said(think(but(o, { sameApp: [former, third, shop] })))?.reason).toBe('NameConflict');
  });

  it('that never had it leaves it to the promoted one, whose credentials are not of this app', () => {
    const fresh = anAddon({ plan: 'free' });
    const has = { ...copy, status: aRunningAddon({ plan: 'free' }).status ?? {} };
    const thought = think(but(ofShop(taken(), { sameApp: [has] }), { addon: fresh }));
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'Superseded']);
  });

  it('does not call the Secret its own while the credentials of its database are not known', () => {
    const thought = think(but(reported(ofShop(taken())), { source: { kind: 'absent' } }));
    expect([said(thought)?.reason, thought.status.secretName]).toEqual(['CredentialsPending', undefined]);
  });

  it('that is protected does not claim to keep it, and the promoted one does', () => {
    const finalizers = ['addons.paas.dev/protection'];
    const guarded = (addon: PostgresAddon): PostgresAddon => ({
      ...addon,
      metadata: { ...addon.metadata, finalizers },
      spec: { ...addon.spec, mode: 'protected' },
    });
    const keeps = (o: Observed): string | undefined =>
      think(reported(but(o, { addon: guarded(o.addon) }))).status.conditions?.find(({ type }) => type === 'Protected')
        ?.message;
    expect(keeps(ofShop(taken()))).toBe(
      'deleting this addon keeps Cluster db-team-a-shop; deleting the namespace does not',
    );
    expect(keeps(announced(taken()))).toBe(
      `deleting this addon keeps Cluster db-team-a-copy and Secret app-copy-database-url and Secret ${appSecret}; deleting the namespace does not`,
    );
  });

  it('names no addon if the Secret that was left behind does not', () => {
    const { [labels.name]: _, ...others } = taken().metadata.labels ?? {};
    const secret = loose({ ...taken(), metadata: { ...taken().metadata, labels: others } });
    expect(said(think(ofShop(secret, { sameApp: [], livingOwners: [] })))?.message).toMatch(
      /a database that the deleted PostgresAddon "" left in service/,
    );
  });

  it.each([
    ['Required', undefined, false],
    ['Required', 'ConnectionRefused', false],
    ['Required', 'LoggedIn', true],
    ['Advisory', undefined, true],
    ['Off', undefined, true],
  ] as const)(
    'with connectionCheck %s and the login %s, is confirmed before it takes it back: %s',
    (connectionCheck, reason, expected) => {
      const login = {
        type: 'Connectable',
        status: 'True' as const,
        reason: reason ?? '',
        message: '',
        lastTransitionTime: '',
      };
      const others = (shop.status?.conditions ?? []).filter(({ type }) => type !== 'Connectable');
      const conditions = reason === undefined ? others : [...others, login];
      const o = ofShop(taken(), { sameApp: [former], platform: { ...testPlatform, connectionCheck } });
      const addon = { ...shop, status: { ...shop.status, conditions } };
      expect(needs(but(o, { addon, live: { kind: 'unread' } }), testTime).live).toBe(expected);
    },
  );

  it('does not take it back before a login has succeeded', () => {
    const platform = { ...testPlatform, connectionCheck: 'Required' as const };
    const thought = think(ofShop(taken(), { sameApp: [former], platform }));
    expect([thought.actions, said(thought)?.reason, thought.decision.recheckAfter]).toEqual([[], 'Superseded', 2000]);
    expect(said(thought)?.message).toMatch(
      /it gets that of this database once that is ready and a login has succeeded/,
    );
  });

  it('does not take it back from a database that a deleted addon left in service', () => {
    const thought = think(ofShop(loose(taken()), { sameApp: [], livingOwners: [] }));
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'Superseded']);
    expect(said(thought)?.message).toMatch(/apply that addon again with spec.promote, or delete the Secret/);
  });

  it.each<readonly [string, Secret]>([
    [
      'another addon with the same appId has it',
      aUrlSecret(named(anAddon({ appId: 'shop', tenantId: 'x' }), 'copy'), 'u'),
    ],
    ['it belongs to something else', { ...taken(), metadata: { ...taken().metadata, labels: {} } }],
    [
      'its labels and its owner are of two addons',
      { ...taken(), metadata: { ...taken().metadata, ownerReferences: [{ ...owner('third') }] } },
    ],
  ])('reports a conflict if %s', (_, secret) => {
    const thought = think(ofShop(secret));
    expect([thought.actions, said(thought)?.reason]).toEqual([[], 'NameConflict']);
  });
});

function owner(name: string) {
  return { apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', name, uid: `uid-${name}`, controller: true };
}

describe('the Secret of an app is read', () => {
  const saying = (addon: PostgresAddon, type: string, reason: string): PostgresAddon => {
    const others = (addon.status?.conditions ?? []).filter((condition) => condition.type !== type);
    const condition = {
      type,
      reason,
      status: 'True' as const,
      message: '',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    };
    return { ...addon, status: { ...addon.status, conditions: [...others, condition] } };
  };
  const promotion = { appId: 'shop', secretName: appSecret };
  const having = (addon: PostgresAddon, reason: string): PostgresAddon => {
    const said = saying(addon, 'Promoted', reason);
    return { ...said, status: { ...said.status, promotion } };
  };
  const isRead = (addon: PostgresAddon, ...sameApp: PostgresAddon[]): boolean =>
    needs(observing(addon, { cluster: aCluster(addon), sameApp }), testTime).unwatched;

  const wants = reported(ofCopy({}, shopSecret)).addon;
  const given = notPromoted(wants);
  const quiet = { ...given, status: { ...given.status, observedGeneration: given.metadata.generation ?? 0 } };
  const superseded = saying(shop, 'CredentialsPublished', 'Superseded');

  it.each<readonly [string, PostgresAddon, readonly PostgresAddon[], boolean]>([
    ['not of an addon that no other one is promoted to', shop, [], false],
    ['not before the other one has taken it', shop, [having(copy, 'PromotionPending')], false],
    ['once the other one has taken it', shop, [having(copy, 'Promoted')], true],
    ['not once that is said', superseded, [having(copy, 'Promoted')], false],
    [
      'not once that is said, whatever a third one with the appId does',
      superseded,
      [having(copy, 'Promoted'), named(anAddon({ appId: 'shop' }), 'third')],
      false,
    ],
    [
      'not if one with the appId says that it is promoted, and not to which app',
      shop,
      [saying(named(anAddon({ appId: 'shop' }), 'third'), 'Promoted', 'Promoted')],
      false,
    ],
    ['once the other one gives it back', superseded, [having(named(anAddon(), 'copy'), 'Promoted')], true],
    ['once the other one is gone', superseded, [], true],
    [
      'if the other one has taken it, and not asked for it any more',
      shop,
      [having(named(anAddon(), 'copy'), 'PromotionEnding')],
      true,
    ],
    ['until the promoted one has it', having(wants, 'PromotionPending'), [superseded], true],
    ['not while the promoted one has it', having(wants, 'Promoted'), [superseded], false],
    ['if the promoted one has it, and the other one says that it has', having(wants, 'Promoted'), [shop], true],
    ['not while it waits to be taken back', having(quiet, 'PromotionEnding'), [superseded], false],
    [
      'if one of two that are promoted gives it back',
      superseded,
      [
        having(named(anAddon(), 'copy'), 'PromotionEnding'),
        having(named(anAddon({ promote: { appId: 'shop' } }), 'third'), 'PromotionRefused'),
      ],
      true,
    ],
    [
      'if another promoted one says that it has it',
      having(wants, 'Promoted'),
      [superseded, having(named(anAddon({ promote: { appId: 'shop' } }), 'third'), 'Promoted')],
      true,
    ],
    [
      'not if another one asks for it and does not have it',
      having(wants, 'Promoted'),
      [superseded, having(named(anAddon({ promote: { appId: 'shop' } }), 'third'), 'PromotionRefused')],
      false,
    ],
    ['once it was taken back', having(quiet, 'PromotionEnding'), [shop], true],
  ])('%s', (_, addon, sameApp, expected) => {
    expect(isRead(addon, ...sameApp)).toBe(expected);
  });

  it('before the first publication, if another addon is promoted to the app', () => {
    const fresh = anAddon({ plan: 'free' });
    expect([isRead(fresh), isRead(fresh, having(copy, 'Promoted'))]).toEqual([false, true]);
  });
});

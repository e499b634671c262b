// Which Secrets there are besides the one with DATABASE_URL, what is in them, and when one comes and goes.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, annotations, type ExtraForm, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Condition, ConfigMap, Secret } from '../../api/kubernetes.ts';
import { testAuthorities } from '../../model/authority.ts';
import { alterationOf } from '../alteration.ts';
import { namesOf } from '../child-names.ts';
import { type ExtraRole, extraRoles } from '../children.ts';
import type { ActionResult } from '../decision.ts';
import { authoritySecretName, extraName } from '../names.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import {
  aCluster,
  altering,
  anAddon,
  aRunningAddon,
  aSource,
  aUrlSecret,
  but,
  changed,
  manifestOf,
  observing,
  refusing,
  summary,
  testTime,
  think,
} from '../testing.ts';
import { areExtrasOpen, areExtrasSettled, askedForms, extraForms } from './asked.ts';

type Connection = NonNullable<AddonSpec['connection']>;

const host = 'db-team-a-shop-rw.team-a';
const url = `postgresql://app:secret@${host}:5432/app`;
const both: Connection = { extraSecrets: ['pgvars', 'servicebinding'] };

/** The addon with a Cluster, and every read made. */
function given(addon: PostgresAddon, more: Parameters<typeof but>[1] = {}): Observed {
  const cluster = aCluster(addon);
  const nothing = Object.fromEntries(extraRoles.map((role) => [role, undefined]));
  return observing(addon, {
    cluster,
    source: { kind: 'found', object: aSource(cluster) },
    urlSecret: aUrlSecret(addon, url),
    ...nothing,
    ...more,
  });
}

/** The addon as it is once status lists these. */
function listing(addon: PostgresAddon, ...forms: readonly ExtraForm[]): PostgresAddon {
  const extras = forms.map((form) => ({ form, name: extraName(form, 'shop') }));
  return { ...addon, status: { ...addon.status, extras } };
}

/** The Secrets that a decision writes, as the API server stores them. */
function stored(thought: ReturnType<typeof think>): Partial<Record<ExtraRole, Secret>> {
  const written = thought.actions.filter(
    ({ verb, child }) => verb !== 'delete' && extraRoles.includes(child as ExtraRole),
  );
  const entries = written.map(({ child }) => {
    const manifest = JSON.parse(JSON.stringify(manifestOf(thought.actions, child))) as Secret;
    return [child, { ...manifest, metadata: { ...manifest.metadata, uid: `uid-${child}`, resourceVersion: '40' } }];
  });
  return Object.fromEntries(entries);
}

/** The addon that asks for both forms, with both Secrets, as it is once that is reported. */
const running = aRunningAddon({ plan: 'free', connection: both });
const published = think(given(listing(running, 'servicebinding', 'pgvars')));
const settled = { ...running, status: published.status };
const secrets = stored(published);
const everything = given(settled, secrets);

function configMapIn(actions: ReturnType<typeof think>['actions']): ConfigMap {
  const manifest = JSON.parse(JSON.stringify(manifestOf(actions, 'caConfigMap'))) as ConfigMap;
  return { ...manifest, metadata: { ...manifest.metadata, uid: 'uid-ca', resourceVersion: '40' } };
}

/** The Cluster, with what CNPG reports of its CA. */
function withAuthority(cluster: Cluster, serverCaSecretVersion: string): Cluster {
  return { ...cluster, status: { ...cluster.status, serverCaSecretVersion } };
}

/** CNPG's Secret with the CA. */
function anAuthority(cluster: Cluster, pem: string, resourceVersion = '40', uid = cluster.metadata.uid): Secret {
  const source = aSource({ ...cluster, metadata: { ...cluster.metadata, uid } });
  const metadata = { ...source.metadata, name: authoritySecretName(cluster.metadata.name), resourceVersion };
  return { ...source, metadata, data: { 'ca.crt': Buffer.from(pem).toString('base64') } };
}

/** What a policy makes of the first key of a Secret. */
function bendOf({ data = {} }: Secret): Readonly<Record<string, string>> {
  const [key = ''] = Object.keys(data);
  return { [key]: 'YmVudA==' };
}

const content = ({ data = {} }: Secret) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
const conditionIn = ({ status }: ReturnType<typeof think>): Condition | undefined =>
  status.conditions?.find(({ type }) => type === 'ExtrasPublished');

describe('what is asked for', () => {
  it('is listed before anything is written', () => {
    const addon = changed(aRunningAddon({ plan: 'free' }), { connection: both });
    const thought = think(given(addon));
    expect(thought.actions).toEqual([]);
    expect(thought.status.extras).toEqual([
      { form: 'servicebinding', name: 'app-shop-database-binding' },
      { form: 'pgvars', name: 'app-shop-database-pgvars' },
    ]);
    expect(thought.status.binding).toBeUndefined();
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'CredentialsPending' });
    expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 1000 });
    expect(needs({ ...given(addon), addon: { ...addon, status: thought.status } }, testTime).unwatched).toBe(true);
  });

  it('is listed by the first status, and written with the Secret with DATABASE_URL, without a read', () => {
    const addon = anAddon({ plan: 'free', connection: both });
    const first = think(observing(addon));
    expect(first.status.extras?.map(({ form }) => form)).toEqual(['servicebinding', 'pgvars']);
    const cluster = aCluster(addon);
    const o = observing({ ...addon, status: first.status }, { cluster });
    expect(needs(o, testTime)).toMatchObject({ source: true, unwatched: false });
    const { actions } = think(but(o, { source: { kind: 'found', object: aSource(cluster) } }));
    expect(summary(actions)).toEqual(['create Secret', 'create Secret', 'create Secret']);
  });

  it('has the content that its form says', () => {
    expect(Object.fromEntries(Object.entries(secrets).map(([role, secret]) => [role, content(secret)]))).toEqual({
      bindingSecret: {
        type: 'postgresql',
        provider: 'cloudnative-pg',
        host,
        port: '5432',
        uri: url,
        username: 'app',
        password: 'secret',
        database: 'app',
      },
      variablesSecret: {
        PGHOST: host,
        PGPORT: '5432',
        PGUSER: 'app',
        PGPASSWORD: 'secret',
        PGDATABASE: 'app',
      },
    });
    expect(secrets.bindingSecret?.type).toBe('servicebinding.io/postgresql');
    expect(secrets.variablesSecret?.type).toBe('Opaque');
  });

  it('belongs to the addon as its other children do', () => {
    for (const secret of Object.values(secrets))
      expect(secret.metadata).toMatchObject({
        labels: { [labels.uid]: 'addon-uid', [labels.appId]: 'shop' },
        ownerReferences: [{ uid: 'addon-uid', controller: true }],
      });
  });

  it('is reported once it is written', () => {
    expect(conditionIn(published)).toMatchObject({
      status: 'True',
      reason: 'Published',
      message: 'Secrets app-shop-database-binding, app-shop-database-pgvars hold the credentials of this database',
    });
    expect(published.status.binding).toEqual({ name: 'app-shop-database-binding' });
  });

  it('is left alone while it is right, and read only when the other Secret is', () => {
    const thought = think(everything);
    expect([thought.actions, thought.status]).toEqual([[], settled.status]);
    const quiet = observing(settled, { cluster: aCluster(settled) });
    expect(needs(quiet, testTime).unwatched).toBe(false);
    expect(think(quiet).status).toEqual(settled.status);
    expect(needs(but(quiet, { resync: true }), testTime).unwatched).toBe(true);
  });

  it('follows the credentials and the sslMode', () => {
    const cluster = aCluster(settled);
    const rotated = think(
      but(everything, { source: { kind: 'found', object: aSource(cluster, { password: 'new' }) } }),
    );
    expect(content(stored(rotated).variablesSecret as Secret).PGPASSWORD).toBe('new');
    expect(content(stored(rotated).bindingSecret as Secret)).toMatchObject({ password: 'new' });
    const addon = changed(settled, { connection: { ...both, sslMode: 'require' } });
    const required = think(but(everything, { addon }));
    expect(content(stored(required).variablesSecret as Secret).PGSSLMODE).toBe('require');
    expect(content(stored(required).bindingSecret as Secret).sslmode).toBe('require');
    expect(content(stored(required).bindingSecret as Secret).uri).toBe(`${url}?sslmode=require`);
  });

  it('says no mode that DATABASE_URL does not say, also when another manager owns the key', () => {
    const addon = changed(settled, { connection: { ...both, sslMode: 'require' } });
    const required = { ...secrets, ...stored(think(but(everything, { addon }))) };
    const back = think(but(everything, { ...required }));
    for (const [role, key] of [
      ['variablesSecret', 'PGSSLMODE'],
      ['bindingSecret', 'sslmode'],
    ] as const) {
      const action = back.actions.find(({ child }) => child === role);
      expect(action).toMatchObject({ verb: 'apply', removal: { metadata: { uid: `uid-${role}` } } });
      expect((action as { removal?: { data: object } }).removal?.data).toHaveProperty(key, undefined);
      expect(content(stored(back)[role] as Secret)).not.toHaveProperty(key);
    }
  });

  it.each(['bindingSecret', 'variablesSecret'] as const)('is written again if the %s is gone', (role) => {
    const { actions, status } = think(but(everything, { [role]: undefined }));
    expect(actions.map(({ verb, child }) => `${verb} ${child}`)).toEqual([`create ${role}`]);
    expect(status.conditions).toEqual(settled.status?.conditions);
  });
});

describe('one that is listed for the first time', () => {
  it.each<readonly [plan: 'free' | 'pro', Connection, known: readonly ExtraForm[], isReady: boolean, boolean]>([
    ['free', both, [], true, true],
    ['free', both, ['pgvars'], true, true],
    ['free', both, ['servicebinding', 'pgvars'], true, false],
    // The URL of the database does not depend on it.
    ['free', both, [], false, true],
    ['pro', {}, [], true, true],
    ['pro', {}, [], false, false],
  ])('plan %s, %j, known %j, ready %j: is written soon: %j', (plan, connection, known, isReady, isSoon) => {
    const addon = listing(changed(aRunningAddon({ plan }), { connection }), ...known);
    const ill = { readyInstances: 0, readyCondition: { status: 'False', lastTransitionTime: '' } } as const;
    const { recheckAfter } = think(given(addon, { cluster: aCluster(addon, isReady ? {} : ill) }));
    expect(recheckAfter === 1000).toBe(isSoon);
  });
});

describe('what stands in the way of one', () => {
  const foreign = (role: ExtraRole): Secret => {
    const secret = secrets[role] as Secret;
    return { ...secret, metadata: { ...secret.metadata, labels: {}, ownerReferences: [] } };
  };

  it('is reported, and neither touches the other one nor Ready', () => {
    const o = given(listing(running, 'servicebinding', 'pgvars'), { bindingSecret: foreign('bindingSecret') });
    const thought = think(o);
    expect(thought.actions.map(({ verb, child }) => `${verb} ${child}`)).toEqual(['create variablesSecret']);
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'NameConflict' });
    expect(conditionIn(thought)?.message).toContain('app-shop-database-binding');
    expect(thought.status.binding).toBeUndefined();
    expect(thought.ready.reason).toBe('Running');
    expect(thought.pace).toMatchObject({ kind: 'again' });
  });

  it('what is wrong with the credentials takes no binding from anybody', () => {
    const source = { kind: 'found', object: aSource(aCluster(settled), { password: '' }) } as const;
    const offered = settled.status?.binding;
    expect(offered).toBeDefined();
    for (const more of [
      { source },
      { source: { kind: 'absent' } as const },
      { source, bindingSecret: { kind: 'unread' } as const },
    ])
      expect(think(but(everything, more)).status.binding).toEqual(offered);
  });

  it('withdraws the offer to bind, and asks for another look', () => {
    const thought = think(but(everything, { bindingSecret: foreign('bindingSecret') }));
    expect(thought.status.binding).toBeUndefined();
    expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 60_000 });
  });

  it('a refusal leaves the binding unoffered', () => {
    const thought = think(given(listing(running, 'servicebinding')), refusing('bindingSecret'));
    expect(thought.status.binding).toBeUndefined();
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'Refused' });
  });

  it('an immutable Secret with other credentials has to be deleted by a person', () => {
    const immutable = { ...(secrets.variablesSecret as Secret), immutable: true };
    const cluster = aCluster(settled);
    const source = { kind: 'found', object: aSource(cluster, { password: 'new' }) } as const;
    expect(conditionIn(think(but(everything, { variablesSecret: immutable, source })))).toMatchObject({
      reason: 'SecretImmutable',
      message: expect.stringContaining('does not hold the current credentials'),
    });
    expect(think(but(everything, { variablesSecret: immutable })).actions).toEqual([]);
  });

  it.each([
    [1, 10_000],
    [30, 30_000],
  ])(
    'a Secret that the API server fails to send for %d s is waited for, and nothing is said of it',
    (seconds, wait) => {
      const unavailable = { kind: 'unavailable', retryAfterSeconds: seconds } as const;
      const thought = think(but(everything, { bindingSecret: unavailable }));
      expect([thought.actions, thought.status]).toEqual([[], settled.status]);
      expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: wait });
    },
  );

  it('credentials that are not valid leave what is published, and are named', () => {
    const source = { kind: 'found', object: aSource(aCluster(settled), { password: '' }) } as const;
    for (const bindingSecret of [secrets.bindingSecret, undefined]) {
      const thought = think(but(everything, { source, bindingSecret }));
      expect([thought.actions, conditionIn(thought)?.reason]).toEqual([[], 'CredentialsInvalid']);
    }
  });

  it('nothing is claimed of one that is gone while the credentials are not read', () => {
    const source = { kind: 'unread' } as const;
    expect(conditionIn(think(but(everything, { source })))?.reason).toBe('Published');
    const gone = think(but(everything, { source, bindingSecret: undefined }));
    expect([gone.actions, conditionIn(gone)?.reason]).toEqual([[], 'CredentialsPending']);
  });

  it('nothing is claimed without a Cluster that the credentials are of', () => {
    const recreated = think(observing(settled));
    expect(conditionIn(recreated)).toMatchObject({ status: 'False', reason: 'CredentialsPending' });
  });

  it('trouble with the Secret of DATABASE_URL does not keep new credentials from the others', () => {
    const urlSecret = { ...aUrlSecret(settled, url), immutable: true };
    const source = { kind: 'found', object: aSource(aCluster(settled), { password: 'new' }) } as const;
    const thought = think(but(everything, { urlSecret, source }));
    expect(thought.actions.map(({ verb, child }) => `${verb} ${child}`)).toEqual([
      'apply bindingSecret',
      'apply variablesSecret',
    ]);
  });

  it('another type of Secret has to be deleted by a person', () => {
    const other = { ...(secrets.bindingSecret as Secret), type: 'Opaque' };
    const thought = think(but(everything, { bindingSecret: other }));
    expect(thought.actions).toEqual([]);
    expect(conditionIn(thought)).toMatchObject({
      reason: 'SecretImmutable',
      message: expect.stringContaining('has the type "Opaque" instead of "servicebinding.io/postgresql"'),
    });
  });

  it('a refused change of the binding leaves it offered', () => {
    const source = { kind: 'found', object: aSource(aCluster(settled), { password: 'new' }) } as const;
    const thought = think(but(everything, { source }), refusing('bindingSecret', 'Refused', 'apply'));
    expect(thought.status.binding).toEqual(settled.status?.binding);
  });

  it('what admission changes in several of them is named in one condition, and written once', () => {
    const bent = Object.fromEntries(
      Object.entries(secrets).map(([role, secret]) => [
        role,
        { ...secret, data: { ...secret.data, ...bendOf(secret) } },
      ]),
    ) as typeof secrets;
    const o = given(listing(running, 'servicebinding', 'pgvars'));
    const altered = Object.fromEntries(
      Object.entries(bent).map(([role, secret]) => [
        role,
        alterationOf(manifestOf(think(o).actions, role as ExtraRole), secret),
      ]),
    ) as NonNullable<ActionResult['altered']>;
    const first = think(o, { altered });
    const told = first.status.conditions?.filter(({ type }) => type === 'ExtrasPublished');
    expect(told).toHaveLength(1);
    expect(told?.[0]).toMatchObject({ status: 'False', reason: 'ChangedOnAdmission' });
    for (const form of ['binding', 'pgvars']) expect(told?.[0]?.message).toContain(`Secret app-shop-database-${form} `);
    const addon = { ...o.addon, status: first.status };
    for (const o2 of [given(addon, bent), given({ ...addon, status: think(given(addon, bent)).status }, bent)]) {
      const next = think(o2);
      expect(next.actions).toEqual([]);
      expect(conditionIn(next)?.message).toBe(told?.[0]?.message);
    }
    // A refusal, or an object of somebody else, is told first, and neither is forgotten for it.
    const other = { variablesSecret: foreign('variablesSecret') };
    const conflict = think(given(addon, { ...bent, ...other }));
    expect(conflict.actions).toEqual([]);
    expect(conditionIn(conflict)).toMatchObject({ reason: 'NameConflict' });
    expect(conditionIn(conflict)?.message).toContain(altered.bindingSecret?.message);
    const later = { ...addon, status: conflict.status };
    expect(think(given(later, { ...bent, ...other })).actions).toEqual([]);
    const gone = given(addon, { ...bent, variablesSecret: undefined });
    const refused = think(gone, refusing('variablesSecret'));
    expect(conditionIn(refused)).toMatchObject({ reason: 'Refused' });
    const { actions: again2 } = think(but(gone, { addon: { ...addon, status: refused.status } }));
    expect(again2.map(({ verb, child }) => `${verb} ${child}`)).toEqual(['create variablesSecret']);
    // Neither is forgotten because of something else that is wrong with another one, or because one is written again.
    const { actions } = think(given(addon, { ...bent, variablesSecret: undefined }));
    expect(actions.map(({ child }) => child)).toEqual(['variablesSecret']);
    const again = think(given(addon, { ...bent, variablesSecret: undefined }), {
      altered: { variablesSecret: altered.variablesSecret },
    } as ActionResult);
    expect(conditionIn(again)?.message).toBe(told?.[0]?.message);
  });
});

describe('what is not asked for any more', () => {
  const without = (): PostgresAddon => changed(settled, { connection: { extraSecrets: ['pgvars'] } });

  it('is deleted as it was seen, and listed until it is seen to be gone', () => {
    const thought = think(but(everything, { addon: without() }));
    expect(thought.actions).toEqual([
      {
        verb: 'delete',
        child: 'bindingSecret',
        concern: 'extras',
        name: 'app-shop-database-binding',
        uid: 'uid-bindingSecret',
        resourceVersion: '40',
      },
    ]);
    const message = 'Secret app-shop-database-pgvars holds the credentials of this database';
    expect(conditionIn(thought)?.message).toBe(message);
    expect(thought.status.binding).toBeUndefined();
    expect(thought.status.extras?.map(({ form }) => form)).toEqual(['servicebinding', 'pgvars']);
    expect(thought.pace).toEqual({ kind: 'again', afterMilliseconds: 1000 });
    const addon = { ...without(), status: thought.status };
    expect(needs(observing(addon, { cluster: aCluster(addon) }), testTime).unwatched).toBe(true);
    const after = think(but(everything, { addon, bindingSecret: undefined }));
    expect([after.actions, after.status.extras?.map(({ form }) => form)]).toEqual([[], ['pgvars']]);
    expect(conditionIn(after)?.message).toBe(message);
  });

  it('leaves no condition behind with the last one', () => {
    const addon = changed(settled, { connection: {} });
    const thought = think(but(everything, { addon }));
    expect(summary(thought.actions)).toEqual(['delete Secret', 'delete Secret']);
    expect(conditionIn(thought)).toBeUndefined();
    const gone = { bindingSecret: undefined, variablesSecret: undefined };
    expect(think(but(everything, { addon: { ...addon, status: thought.status }, ...gone })).status).not.toHaveProperty(
      'extras',
    );
  });

  it.each<readonly [string, Parameters<typeof but>[1], readonly string[]]>([
    ['is not read', { bindingSecret: { kind: 'unread' } }, ['servicebinding', 'pgvars']],
    ['may not be read', { bindingSecret: { kind: 'denied', message: 'no' } }, ['servicebinding', 'pgvars']],
    ['is not sent', { bindingSecret: { kind: 'unavailable', retryAfterSeconds: 1 } }, ['servicebinding', 'pgvars']],
    [
      "is somebody else's by now",
      { bindingSecret: aUrlSecret({ ...anAddon(), metadata: { ...anAddon().metadata, name: 'x', uid: 'x' } }, url) },
      ['pgvars'],
    ],
  ])('is not deleted if it %s', (_, more, listed) => {
    const thought = think(but(everything, { addon: without(), ...more }));
    expect(thought.actions).toEqual([]);
    expect(thought.status.extras?.map(({ form }) => form)).toEqual(listed);
  });

  it('is not deleted twice', () => {
    const going = secrets.bindingSecret as Secret;
    const metadata = { ...going.metadata, deletionTimestamp: '2026-01-02T03:04:05Z', finalizers: ['x/y'] };
    const thought = think(but(everything, { addon: without(), bindingSecret: { ...going, metadata } }));
    expect(thought.actions).toEqual([]);
    expect(thought.status.extras).toHaveLength(2);
  });

  describe('and was left behind with an adopted database', () => {
    const former = 'former-uid';
    const adopted = (more: Parameters<typeof but>[1], addon = anAddon({ plan: 'free' })): Observed => {
      const cluster = aCluster(addon);
      const notes = { ...cluster.metadata.annotations, [annotations.formerUid]: former };
      return given(addon, { cluster: { ...cluster, metadata: { ...cluster.metadata, annotations: notes } }, ...more });
    };
    const orphan = (uid: string): Secret => {
      const secret = secrets.variablesSecret as Secret;
      const { ownerReferences: _, ...metadata } = secret.metadata;
      return { ...secret, metadata: { ...metadata, labels: { ...metadata.labels, [labels.uid]: uid } } };
    };

    it('is deleted although the adoption has not come to it', () => {
      const { actions, status } = think(adopted({ variablesSecret: orphan(former) }));
      expect(actions.map(({ verb, child }) => `${verb} ${child}`)).toContain('delete variablesSecret');
      expect(status.extras?.map(({ form }) => form)).toEqual(['pgvars']);
    });

    it.each<readonly [string, Parameters<typeof but>[1]]>([
      ['of another database', { variablesSecret: orphan('other-uid') }],
      ['of an addon that exists', { variablesSecret: orphan(former), livingOwners: [former] }],
    ])('is left alone if it is %s', (_, more) => {
      const { actions, status } = think(adopted(more));
      expect(actions.map(({ child }) => child)).not.toContain('variablesSecret');
      expect(status).not.toHaveProperty('extras');
    });

    describe.each<readonly [string, Parameters<typeof but>[1]]>([
      ['is not sent', { variablesSecret: { kind: 'unavailable', retryAfterSeconds: 1 } }],
      ['may not be read', { variablesSecret: { kind: 'denied', message: 'no' } }],
    ])('and %s', (_, more) => {
      it('is looked for again', () => {
        expect(think(adopted(more)).status.extras?.map(({ form }) => form)).toEqual(['pgvars']);
      });

      it('is not looked for once something is published, nor of a database that was not adopted', () => {
        const later = aRunningAddon({ plan: 'free' });
        for (const o of [adopted(more, later), given(anAddon({ plan: 'free' }), more)])
          expect(think(o).status).not.toHaveProperty('extras');
      });
    });

    it('is asked for again soon, if the addon wants another one', () => {
      const addon = anAddon({ plan: 'free', connection: both });
      const { cluster } = adopted({}).children;
      const thought = think(given(addon, { cluster }));
      expect(thought.status.extras).toHaveLength(2);
      expect(thought.pace).toMatchObject({ atLeastMilliseconds: 1000 });
    });
  });

  it('is found after an adoption, although nothing lists it', () => {
    const adopting = anAddon({ plan: 'free' });
    const o = given(adopting, { variablesSecret: secrets.variablesSecret });
    const { actions, status } = think(o);
    expect(actions.map(({ verb, child }) => `${verb} ${child}`)).toContain('delete variablesSecret');
    expect(status.extras?.map(({ form }) => form)).toEqual(['pgvars']);
  });
});

describe('the URL of the replicas', () => {
  const pro = aRunningAddon({ plan: 'pro' });

  it.each([
    [1, []],
    [2, ['read-url']],
    [3, ['read-url']],
  ])('is asked for where there are others than the primary: of %d instances, %j', (instances, asked) => {
    expect(askedForms(pro, { instances })).toEqual(asked);
  });

  it('is published with a plan that has any, and leads to them', () => {
    const thought = think(given(listing(anAddon({ plan: 'pro' }), 'read-url')));
    expect(content(stored(thought).readUrlSecret as Secret)).toEqual({
      DATABASE_URL: 'postgresql://app:secret@db-team-a-shop-ro.team-a:5432/app',
    });
    expect(conditionIn(thought)).toMatchObject({
      message: 'Secret app-shop-database-read-url holds the credentials of this database',
    });
  });

  it.each(['free', 'standard'] as const)('is not asked for with plan %s', (plan) =>
    expect(aRunningAddon({ plan }).status).not.toHaveProperty('extras'),
  );

  it('waits until they are ready', () => {
    const addon = listing(anAddon({ plan: 'pro' }, pro.status), 'read-url');
    const ill = aCluster(addon, { readyInstances: 1, readyCondition: { status: 'False', lastTransitionTime: '' } });
    const { conditions: _, ...status } = addon.status ?? {};
    const thought = think(given({ ...addon, status }, { cluster: ill }));
    expect(thought.actions.map(({ child }) => child)).not.toContain('readUrlSecret');
    expect(conditionIn(thought)).toMatchObject({
      reason: 'CredentialsPending',
      message: 'Secret app-shop-database-read-url is written once the replicas are ready',
    });
  });

  it.each([
    [undefined, false],
    [1, false],
    [2, true],
  ])('is written if an admission policy leaves any: %s instances: %j', (instances, isWritten) => {
    const addon = listing(anAddon({ plan: 'pro' }), 'read-url');
    const cluster = aCluster(addon, { readyInstances: instances ?? 1 });
    const { instances: _, ...spec } = cluster.spec;
    const left = { ...cluster, spec: instances === undefined ? spec : { ...spec, instances } };
    expect('readUrlSecret' in stored(think(given(altering(addon, left), { cluster: left })))).toBe(isWritten);
  });

  it('stays while one of them is away', () => {
    const [secret] = Object.values(stored(think(given(listing(anAddon({ plan: 'pro' }), 'read-url')))));
    const ill = aCluster(pro, { readyInstances: 2, readyCondition: { status: 'False', lastTransitionTime: '' } });
    const thought = think(given(pro, { cluster: ill, readUrlSecret: secret }));
    expect(thought.actions.map(({ child }) => child)).not.toContain('readUrlSecret');
    expect(conditionIn(thought)?.reason).toBe('Published');
  });

  it('goes with the change to a plan without any', () => {
    const [secret] = Object.values(stored(think(given(listing(anAddon({ plan: 'pro' }), 'read-url')))));
    const cluster = aCluster(pro);
    const { actions } = think(given(changed(pro, { plan: 'free' }), { cluster, readUrlSecret: secret }));
    const order = actions.map(({ verb, child }) => `${verb} ${child}`);
    expect(order).toEqual(expect.arrayContaining(['apply cluster', 'delete readUrlSecret']));
    expect(order.indexOf('apply cluster')).toBeLessThan(order.indexOf('delete readUrlSecret'));
  });
});

it('nothing is asked for while the CRD drops what status lists', () => {
  const thought = think(given(running, { missingFromSchema: ['status.extras'] }));
  expect(thought.actions).toEqual([]);
  expect(thought.status.extras).toEqual(running.status?.extras);
  // What is not updated any more is not claimed.
  expect(conditionIn(think(but(everything, { missingFromSchema: ['status.extras'] })))).toBeUndefined();
});

describe('sslMode verify-full', () => {
  const verified: Connection = { sslMode: 'verify-full' };
  const [first, second] = testAuthorities;
  const name = 'app-shop-database-ca';
  const addon = listing(aRunningAddon({ plan: 'free', connection: verified }), 'ca');
  const cluster = withAuthority(aCluster(addon), '40');
  const seeing = (more: Parameters<typeof but>[1] = {}): Observed =>
    given(addon, {
      cluster,
      urlSecret: aUrlSecret(addon, `${url}?sslmode=verify-full`),
      authority: { kind: 'found', object: anAuthority(cluster, first) },
      ...more,
    });
  const published = think(seeing());
  const configMap = configMapIn(published.actions);
  const done = { ...addon, status: published.status };
  const full = but(seeing({ caConfigMap: configMap }), { addon: done });

  it('lists the ConfigMap before it is written', () => {
    const fresh = changed(aRunningAddon({ plan: 'free' }), { connection: verified });
    const thought = think(given(fresh));
    expect(thought.actions.filter(({ child }) => child === 'caConfigMap')).toEqual([]);
    expect(thought.status.extras).toEqual([{ form: 'ca', name }]);
    expect(conditionIn(thought)?.message).toBe(`ConfigMap ${name} is about to be written`);
  });

  it('has the CA in a ConfigMap of the addon, and says from which version', () => {
    expect(configMap).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name, labels: { [labels.uid]: 'addon-uid' }, ownerReferences: [{ uid: 'addon-uid' }] },
      data: { 'ca.crt': first },
    });
    expect(configMap).not.toHaveProperty('type');
    expect(published.status.extras).toEqual([{ form: 'ca', name, sourceVersion: '40' }]);
    expect(conditionIn(published)).toMatchObject({
      reason: 'Published',
      message: `ConfigMap ${name} holds the CA of its server`,
    });
    const thought = think(full);
    expect([thought.actions, thought.status]).toEqual([[], published.status]);
  });

  it('is told of beside the credentials', () => {
    const asked = listing(changed(addon, { connection: { ...verified, extraSecrets: ['pgvars'] } }), 'ca', 'pgvars');
    const message = `Secret app-shop-database-pgvars holds the credentials of this database; ConfigMap ${name} holds the CA of its server`;
    expect(conditionIn(think(seeing({ addon: asked })))?.message).toBe(message);
  });

  it('is read again once CNPG reports another version, and follows', () => {
    const quiet = observing(done, { cluster });
    expect(needs(quiet, testTime)).toMatchObject({ authority: false, unwatched: false });
    const renewed = withAuthority(cluster, '41');
    expect(needs(but(quiet, { cluster: renewed }), testTime)).toMatchObject({ authority: true, unwatched: true });
    expect(needs(but(quiet, { cluster: renewed, addon: running }), testTime).authority).toBe(false);
    const object = anAuthority(renewed, second, '41');
    const thought = think(but(full, { cluster: renewed, authority: { kind: 'found', object } }));
    expect(configMapIn(thought.actions).data).toEqual({ 'ca.crt': second });
    expect(thought.status.extras).toEqual([{ form: 'ca', name, sourceVersion: '41' }]);
  });

  it('keeps saying the version that is published if the write is refused', () => {
    const renewed = withAuthority(cluster, '41');
    const object = anAuthority(renewed, second, '41');
    const o = but(full, { cluster: renewed, authority: { kind: 'found', object } });
    const thought = think(o, refusing('caConfigMap', 'Refused', 'apply'));
    expect(thought.status.extras).toEqual([{ form: 'ca', name, sourceVersion: '40' }]);
    expect(conditionIn(thought)?.reason).toBe('Refused');
  });

  it.each<readonly [string, Observed['authority'], string]>([
    ['is not read', { kind: 'unread' }, 'Published'],
    ['fails to be sent', { kind: 'unavailable', retryAfterSeconds: 1 }, 'Published'],
    ['may not be read', { kind: 'denied', message: 'no' }, 'Forbidden'],
    ['is not there', { kind: 'absent' }, 'CredentialsPending'],
    [
      'is of an earlier Cluster',
      { kind: 'found', object: anAuthority(cluster, second, '39', 'other') },
      'CredentialsPending',
    ],
    ['has no certificate', { kind: 'found', object: anAuthority(cluster, 'no') }, 'CAInvalid'],
  ])('a Secret of CNPG that %s changes nothing that is published', (_, authority, reason) => {
    const thought = think(but(full, { authority }));
    expect([thought.actions, thought.status.extras]).toEqual([[], published.status.extras]);
    expect(conditionIn(thought)?.reason).toBe(reason);
    expect(thought.ready.reason).toBe('Running');
  });

  it.each(['40', '39'])(
    'a Secret without an owner is that of the Cluster if CNPG reports its version: %s',
    (version) => {
      const { ownerReferences: _, ...metadata } = anAuthority(cluster, second, version).metadata;
      const object = { ...anAuthority(cluster, second, version), metadata };
      const { actions } = think(but(full, { authority: { kind: 'found', object } }));
      expect(actions.map(({ child }) => child)).toEqual(version === '40' ? ['caConfigMap'] : []);
    },
  );

  it('an immutable ConfigMap with another CA has to be deleted by a person', () => {
    const immutable = { ...configMap, data: { 'ca.crt': second }, immutable: true };
    expect(conditionIn(think(but(full, { caConfigMap: immutable })))).toMatchObject({
      reason: 'SecretImmutable',
      message: `ConfigMap ${name} is immutable and does not hold the current CA; delete the ConfigMap, and the operator creates it again`,
    });
  });

  it('changed back deletes the ConfigMap', () => {
    const thought = think(but(full, { addon: changed(done, { connection: {} }) }));
    expect(summary(thought.actions)).toContain('delete ConfigMap');
    expect(conditionIn(thought)).toBeUndefined();
  });
});

describe('a suspended addon', () => {
  it('says what waits, and is not called observed, however often it is looked at', () => {
    const addon = changed(aRunningAddon({ plan: 'free' }), { connection: both, suspend: true });
    const first = think(given(addon));
    const thought = think(given({ ...addon, status: first.status }));
    expect(thought.actions).toEqual([]);
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'Suspended' });
    expect(thought.status.observedGeneration).toBe(1);
  });

  it.each(['NameConflict', 'SecretImmutable', 'ChangedOnAdmission'])('has nothing that waits after %s', (reason) => {
    const status = settled.status ?? {};
    const conditions = status.conditions?.map((one) =>
      one.type === 'ExtrasPublished' ? { ...one, status: 'False' as const, reason } : one,
    );
    const addon = changed({ ...settled, status: { ...status, conditions: conditions ?? [] } }, { suspend: true });
    const thought = think(observing(addon, { cluster: aCluster(settled) }));
    expect([thought.status.observedGeneration, conditionIn(thought)?.reason]).toEqual([2, reason]);
  });

  it('keeps what is said of those that are there', () => {
    const thought = think(observing(changed(settled, { suspend: true }), { cluster: aCluster(settled) }));
    expect(conditionIn(thought)).toMatchObject({ status: 'True', reason: 'Published' });
    expect(thought.status).toMatchObject({ binding: settled.status?.binding, observedGeneration: 2 });
  });
});

type Asked = NonNullable<Connection['extraSecrets']>;

/** The addon, once credentials are published, with these Secrets asked for and listed. @param reason of the condition */
function having(asked: Asked, listed: readonly ExtraForm[], reason: string | undefined): PostgresAddon {
  const type = 'ExtrasPublished';
  const condition: Condition = { type, status: 'False', reason: `${reason}`, message: '', lastTransitionTime: '' };
  const status = { ...running.status, conditions: reason === undefined ? [] : [condition] };
  return listing({ ...running, spec: { ...running.spec, connection: { extraSecrets: asked } }, status }, ...listed);
}

describe('what the spec asks for is settled', () => {
  it.each<readonly [asked: Asked, listed: readonly ExtraForm[], reason: string | undefined, boolean]>([
    [[], [], undefined, true],
    [['pgvars'], ['pgvars'], 'Published', true],
    // What stands in the way is for somebody else to remove.
    [['pgvars'], ['pgvars'], 'NameConflict', true],
    [['pgvars'], ['pgvars'], 'CredentialsPending', false],
    [['pgvars'], ['pgvars'], 'Suspended', false],
    [['pgvars'], ['pgvars'], 'SpecUnknown', false],
    [['pgvars', 'servicebinding'], ['servicebinding', 'pgvars'], 'CredentialsPending', false],
    [['pgvars'], [], 'Published', false],
    [['pgvars'], ['servicebinding'], 'Published', false],
    [[], ['pgvars'], 'Published', false],
    // The plan asks for the URL of the replicas.
    [['pgvars'], ['read-url', 'pgvars'], 'Published', true],
    [[], ['read-url'], 'CredentialsPending', true],
  ])('asked for %j, listed %j, reason %s: %j', (asked, listed, reason, isSettled) => {
    expect(areExtrasSettled(having(asked, listed, reason))).toBe(isSettled);
  });
});

describe('the Secrets are read', () => {
  const pending = 'CredentialsPending';
  it.each<
    readonly [
      ...[asked: Asked, listed: readonly ExtraForm[], reason: string, instances: number],
      ...[isUsable: boolean, isOpen: boolean],
    ]
  >([
    [[], [], pending, 1, true, false],
    [['pgvars'], ['pgvars'], 'Published', 1, true, false],
    [['pgvars'], ['pgvars'], pending, 1, true, true],
    [['pgvars'], ['pgvars'], pending, 1, false, true],
    [[], ['pgvars'], 'Published', 1, true, true],
    // Without a replica that is ready, nothing would be written.
    [[], ['read-url'], pending, 2, true, true],
    [[], ['read-url'], pending, 2, false, false],
    [['pgvars'], ['read-url', 'pgvars'], pending, 2, false, true],
    [[], ['read-url'], 'Published', 2, true, false],
    [[], ['read-url'], 'Published', 1, false, true],
  ])('asked for %j, listed %j, %s, instances %d, usable %j: %j', (asked, listed, reason, instances, usable, isOpen) => {
    const addon = having(asked, listed, reason);
    expect(areExtrasOpen(addon, { instances }, aCluster(addon), usable)).toBe(isOpen);
  });
});

describe('the objects that can be those of an addon', () => {
  const namesIn = (addon: PostgresAddon) => extraRoles.flatMap((role) => namesOf(addon)[role] ?? []);

  it('are all before anything is published, and those that status lists afterwards', () => {
    expect(namesIn(listing(anAddon({ plan: 'free' }), 'pgvars'))).toHaveLength(4);
    expect(namesIn(listing(running, 'pgvars'))).toEqual(['app-shop-database-pgvars']);
    expect(namesIn(aRunningAddon({ plan: 'free' }))).toEqual([]);
  });
});

it('every form has a name of its own, which no other object of an addon can have', () => {
  const names = extraForms.map((form) => extraName(form, 'shop'));
  expect(names).toEqual(['read-url', 'binding', 'pgvars', 'ca'].map((end) => `app-shop-database-${end}`));
  const long = extraForms.map((form) => extraName(form, 'a'.repeat(300)));
  expect(new Set(long).size).toBe(4);
  for (const name of long) expect(name).toHaveLength(253);
});

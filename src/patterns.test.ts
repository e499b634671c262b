// Text that others write cannot block the event loop: it is cut where it enters, and every regular expression takes linear time.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseSync } from '@swc/core';
import { type PostgresAddon, projectAddon } from './api/addon.ts';
import { projectObjectStore } from './api/barman.ts';
import { projectBackup, projectCluster, projectScheduledBackup } from './api/cnpg.ts';
import { projectJob } from './api/job.ts';
import type { KubeObject } from './api/kubernetes.ts';
import { longestText, text } from './api/raw.ts';
import { projectClaim, projectPod, projectWarning } from './api/workload.ts';
import { alterationOf } from './domain/alteration.ts';
import { created, ends, reasonOf, round } from './domain/backup/testing.ts';
import { previewOf } from './domain/database/plan-change.ts';
import { cnpgReport } from './domain/database/readiness.ts';
import { findCause } from './domain/diagnosis/diagnosis.ts';
import { normalize } from './domain/diagnosis/messages.ts';
import { situationOf } from './domain/situation.ts';
import { aCluster, anAddon, annotations, aScheduledBackup, observing } from './domain/testing.ts';
import { errorFromResponse, errorFromStatus } from './kube/errors.ts';
import { redact, redactText } from './runtime/redact.ts';
import { attacksOn } from './testing/attacks.ts';

interface Literal {
  readonly type: 'RegExpLiteral';
  readonly pattern: string;
  readonly flags: string;
}

/** What the product consists of: not the model, not what tests use. */
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !/[.]test[.]ts$|(?:^|\/)testing|^model\//.test(name),
);

/** Every node of the syntax trees of all files. */
const nodes = files.flatMap((name) => {
  const tree = parseSync(readFileSync(join(import.meta.dirname, name), 'utf8'), { syntax: 'typescript' });
  return everyObject(tree).map((node) => ({ name, node }));
});

function everyObject(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyObject)];
}

const isPattern = (node: object): node is Literal => 'type' in node && node.type === 'RegExpLiteral';
const patterns = nodes.flatMap(({ name, node }) => (isPattern(node) ? [{ name, ...node }] : []));

/** Far above what linear time takes, even on a busy machine, and far below what quadratic time takes. */
const mostMilliseconds = 500;

/** The fastest of three runs: other processes can only slow one down. */
function milliseconds(run: () => unknown): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < 3 && fastest > mostMilliseconds; runs += 1) {
    const started = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

describe('every pattern of the product takes linear time', () => {
  it.each(patterns)('$name: $pattern', ({ pattern, flags }) => {
    for (const text of attacksOn(pattern, flags, 128 * 1024))
      expect(milliseconds(() => text.replace(new RegExp(pattern, flags), ''))).toBeLessThan(mostMilliseconds);
  });

  it('and stands in the source: none is put together from text', () => {
    expect(patterns.length).toBeGreaterThan(40);
    expect(nodes.filter(({ node }) => 'value' in node && node.value === 'RegExp').map(({ name }) => name)).toEqual([]);
  });

  it.each([
    ['\\b(?:read|write) (?:udp|tcp)\\d? \\S+->\\S+: ', 'g'],
    ['(\\bhttps?:\\/\\/[^\\s"?]+)\\?[^\\s"]*', 'g'],
    ['storageclass\\S* "([^"]*)" not found', ''],
    [', used: .*?, limited: ', ''],
  ])('the texts show that %s does not', (pattern, flags) => {
    // Linear patterns take a tenth of this at most.
    const isSlow = (text: string): boolean => milliseconds(() => text.replace(new RegExp(pattern, flags), '')) > 15;
    expect(attacksOn(pattern, flags, 32 * 1024).some(isSlow)).toBe(true);
  });
});

const megabyte = 1024 * 1024;
const hostile = [
  'read tcp a->',
  'a->',
  'https://',
  'storageclass',
  'persistentvolumeclaim "',
  ', used: ',
  'nodes are available: ',
  '"a-',
  '1',
  '1.',
  ' ',
  '\\',
  '"password": "',
  'postgresql://',
].map((pump) => [pump, pump.repeat(megabyte / pump.length)] as const);

describe('a megabyte of', () => {
  it.each(hostile)('%j in every field of what is looked at costs milliseconds', (_pump, text) => {
    expect(milliseconds(() => causeWith(text))).toBeLessThan(mostMilliseconds);
    expect(milliseconds(() => causeWith(`read tcp ${text}`))).toBeLessThan(mostMilliseconds);
  });

  it.each(hostile)('%j in what a backup or the archive reports costs milliseconds', (_pump, text) => {
    for (const run of [() => failedBackupWith(text), () => reportsWith(text)])
      expect(milliseconds(run)).toBeLessThan(mostMilliseconds);
  });

  it.each(hostile)('%j in an answer, a log entry or a preview costs milliseconds', (_pump, text) => {
    for (const run of [
      () => errorFromResponse(500, text),
      () => errorFromResponse(500, JSON.stringify({ kind: 'Status', reason: text, message: text })),
      () => redactText(text),
      () => redact({ text }),
      () => previewWith(text),
    ])
      expect(milliseconds(run)).toBeLessThan(mostMilliseconds);
  });
});

/** The search for a cause with a Cluster, a Job's pods, claims and events whose texts are all `text`, apart from what assigns them. */
function causeWith(text: string): unknown {
  const cluster = projectCluster(aCluster(anAddon(), { phase: text, phaseReason: text }));
  const { name, uid } = cluster.metadata;
  const job = `${name}-1-initdb`;
  const owner = { kind: 'Cluster', name, uid, controller: true };
  const instance = {
    metadata: { name: `${name}-1`, uid: 'pod', ownerReferences: [owner], creationTimestamp: text },
    spec: { nodeName: text },
    status: {
      phase: text,
      message: text,
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: text }],
      containerStatuses: [{ name: text, image: text, state: { waiting: { reason: text, message: text } } }],
    },
  };
  const about = (kind: string, object: string, reason: string) => ({
    reason,
    message: text,
    lastTimestamp: text,
    involvedObject: { kind, name: object, uid: object === job ? 'job' : 'claim' },
  });
  const events = [about('Job', job, 'FailedCreate'), about('PersistentVolumeClaim', `${name}-1`, 'ProvisioningFailed')];
  const claim = {
    metadata: { name: `${name}-1`, uid: 'claim' },
    spec: { storageClassName: text, resources: { requests: { storage: text } } },
  };
  const found = [];
  for (const pods of [[instance], []])
    for (const status of [
      { phase: 'Pending', capacity: { storage: text } },
      { phase: 'Bound', capacity: { storage: text } },
    ]) {
      const facts = {
        pods: pods.map(projectPod),
        claims: [projectClaim({ ...claim, status })],
        warnings: events.map(projectWarning),
        changedAt: undefined,
        unseen: [],
        failed: [],
      };
      found.push(findCause(facts, cluster, 0));
    }
  return found;
}

/** The decision after a first base backup that failed with this error. */
function failedBackupWith(text: string): unknown {
  const world = created();
  const raw = {
    apiVersion: '',
    kind: 'Backup',
    metadata: {},
    status: { phase: 'failed', error: text, stoppedAt: text },
  };
  const { status } = projectBackup(raw as never);
  const after = round(ends(world, `${world.addon.status?.backup?.serverName}-first`, status));
  expect(reasonOf(after)).toBe('BackupFailed');
  return after;
}

/** The decision about a Cluster whose conditions, and an ObjectStore whose windows, have this text wherever somebody else writes. */
function reportsWith(text: string): unknown {
  const { cluster, objectStore, ...world } = created();
  const conditions = ['ContinuousArchiving', 'LastBackupSucceeded', 'Ready'].map((type) => {
    return { type, status: type === 'Ready' ? 'True' : 'False', reason: text, message: text, lastTransitionTime: text };
  });
  const window = { firstRecoverabilityPoint: text, lastSuccessfulBackupTime: text, lastFailedBackupTime: text };
  return round({
    ...world,
    cluster: projectCluster({ ...cluster, status: { ...cluster?.status, conditions } } as never),
    objectStore: projectObjectStore({ ...objectStore, status: { serverRecoveryWindow: { [text]: window } } } as never),
  });
}

function previewWith(text: string): unknown {
  const addon = anAddon();
  const asked = projectAddon({
    ...addon,
    metadata: { ...addon.metadata, annotations: { [annotations.preview]: text } },
  });
  const own = aCluster(addon);
  const cluster = projectCluster({ ...own, spec: { ...own.spec, imageName: text, storage: { size: text } } } as never);
  return previewOf(situationOf(observing(asked, { cluster })));
}

describe('what is kept of an object', () => {
  const long = 'x'.repeat(megabyte);
  const many = <T>(value: T): readonly T[] => Array.from({ length: 1000 }, () => value);
  const container = { name: long, image: long, state: { waiting: { reason: long, message: long } } };
  const reference = { apiVersion: long, kind: long, name: long, uid: long };
  const lists = { ownerReferences: many(reference), finalizers: many(long) };
  const metadata = { name: 'a', uid: 'u', creationTimestamp: long, ...lists };
  const raw = (kind: string) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'a', uid: 'u', annotations: { other: long }, ...lists },
  });
  const conditions = many({ type: long, status: long, reason: long, message: long });
  const statuses = { containerStatuses: many(container), initContainerStatuses: many(container) };
  const notes = Object.fromEntries(Object.values(annotations).map((name) => [name, long]));
  /** The object with a megabyte in every text of it, apart from its identity, and in every annotation that is of interest. */
  function stretched<T extends KubeObject>(object: T): T {
    const { apiVersion, kind, metadata: own, ...rest } = object;
    const parts = JSON.stringify(rest, (_key, value) => (typeof value === 'string' ? long : value));
    return {
      apiVersion,
      kind,
      metadata: { ...own, annotations: notes, labels: notes, ...lists },
      ...JSON.parse(parts),
    };
  }

  const lineage = { serverName: long, store: long };
  const edited = { clusterName: long, operator: long, ready_at: long, image: long };
  const listed = { ...edited, backup: { lineages: many(lineage) }, conditions: many({ type: 'A', message: 'a' }) };

  it.each([
    ['an event', projectWarning({ message: long, reason: long, involvedObject: { kind: long, name: long } })],
    ['a claim', projectClaim({ metadata, status: { phase: long, capacity: { storage: long } } })],
    ['a pod', projectPod({ metadata, spec: { containers: many(container) }, status: { conditions, ...statuses } })],
    ['a Cluster', projectCluster(stretched(aCluster(anAddon({ plan: 'pro' }), { phaseReason: '' })))],
    ['a ScheduledBackup', projectScheduledBackup(stretched(aScheduledBackup(anAddon())))],
    [
      'a Cluster whose conditions are long',
      projectCluster({
        ...aCluster(anAddon()),
        status: {
          phase: long,
          phaseReason: long,
          conditions: ['ContinuousArchiving', 'LastBackupSucceeded', 'Ready'].flatMap((type) =>
            many({ type, status: long, reason: long, message: long, lastTransitionTime: long }),
          ),
        },
      } as never),
    ],
    [
      'a Backup',
      projectBackup({ ...raw('Backup'), status: { phase: long, error: long, stoppedAt: long, other: long } } as never),
    ],
    ['a Job', projectJob({ ...raw('Job'), status: { conditions: many({ type: long, status: 'True' }) } } as never)],
    [
      'an ObjectStore',
      projectObjectStore({
        ...raw('ObjectStore'),
        spec: { configuration: { destinationPath: long, endpointURL: long }, retentionPolicy: long, other: long },
        status: {
          serverRecoveryWindow: Object.fromEntries(
            Array.from({ length: 1000 }, (_, index) => [
              `${index}${long.slice(0, 5000)}`,
              { firstRecoverabilityPoint: long },
            ]),
          ),
        },
      } as never),
    ],
    ['an addon', projectAddon({ ...anAddon(), metadata: stretched(anAddon()).metadata })],
    ['an addon with a long status', projectAddon({ ...anAddon(), status: edited } as never)],
    ['an addon with long lists in its status', projectAddon({ ...anAddon(), status: listed } as never)],
  ])('%s is bounded', (_what, kept) => expect(JSON.stringify(kept).length).toBeLessThan(200 * longestText));

  it('the status that the operator itself writes is kept, however long what it quotes', () => {
    const worlds = [reportsWith(long), failedBackupWith(long)] as readonly { readonly addon: PostgresAddon }[];
    for (const { addon } of worlds) {
      expect(JSON.stringify(addon.status)).toMatch(/x{100}/);
      expect(projectAddon(addon).status).toEqual(addon.status);
      expect(JSON.stringify(addon.status).length).toBeLessThan(20 * longestText);
    }
  });
});

describe('a text that is cut', () => {
  const addon = anAddon();
  const cluster = aCluster(addon);
  /** Everything that keeps the beginning of a text of others. */
  const cuts: Readonly<Record<string, (text: string) => unknown>> = {
    'what a projection keeps': text,
    'a message of kubelet': normalize,
    'the reason of a phase': (words) =>
      cnpgReport({ ...cluster, status: { ...cluster.status, phase: 'x', phaseReason: words } }),
    'a plan in a preview': previewWith,
    'the value that the API server stored': (words) => {
      const stored = { ...cluster, spec: { value: words } };
      return alterationOf({ ...cluster, spec: { value: 'x' } }, stored);
    },
    'an error of a proxy': (words) => errorFromResponse(502, words).message,
    'a Status': (words) => {
      const details = { causes: [{ field: words, message: words }] };
      const { message, reason, causes } = errorFromStatus({ reason: words, message: words, details }, 500);
      return { message, reason, causes };
    },
    'a line of the log': redactText,
  };

  it.each(Object.entries(cuts))('is what the API server stores, in %s', (_, keeps) => {
    for (const start of ['', 'a', '\ud83d']) {
      const kept = keeps(`${start}${'😀'.repeat(9_000)}`);
      expect(JSON.stringify(kept)).toMatch(/😀.*…/);
      for (const part of textsIn(kept)) expect(part).toBe(part.toWellFormed());
    }
  });
});

/** The texts in a value. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

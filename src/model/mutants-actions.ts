// Wrong minds that do something to an object that the product would not.

import { labels } from '../api/addon.ts';
import type { PinnedManifest } from '../api/kubernetes.ts';
import { defaultPlans } from '../domain/database/plans.ts';
import type { Action } from '../domain/decision.ts';
import { ownerReference } from '../domain/ownership/owner.ts';
import { reasonOf, wasReady } from '../domain/recorded.ts';
import { doing, isDeleted, type Mutant, relabelled, seeing } from './mutant.ts';
import { searchOf } from './scenarios.ts';

export const wrongWrites = {
  'adopts by name': {
    mind: seeing((o) => ({
      ...o,
      cluster: relabelled(o.cluster, { ownerReferences: [ownerReference(o.addon)] }),
    })),
    search: searchOf({ after: ['put a foreign Cluster there'], steps: ['create standard'], times: 1 }),
    oracle: 'writes only what is ours',
  },
  'takes back what another addon left behind': {
    mind: seeing((o) => ({
      ...o,
      cluster: relabelled(o.cluster, {
        labels: { ...o.cluster?.metadata.labels, [labels.name]: o.addon.metadata.name },
      }),
    })),
    search: searchOf({ after: ["put the rival's orphan there"], steps: ['create free'], times: 1 }),
    oracle: 'writes only what is ours',
  },
  'takes back whatever database it is': {
    mind: seeing((o) => {
      const { database: _, ...spec } = o.addon.spec;
      return { ...o, addon: { ...o.addon, spec } };
    }),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free of another database'],
      times: 1,
    }),
    oracle: 'takes back only what fits',
  },
  'takes nothing back': {
    mind: seeing((o) =>
      o.cluster?.metadata.labels?.[labels.orphaned] === undefined
        ? o
        : { ...o, cluster: { ...o.cluster, spec: { ...o.cluster.spec, bootstrap: {} } } },
    ),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free'],
      times: 1,
    }),
    oracle: 'it comes to rest as a fresh create would',
  },
  'looks after nothing of an addon that is gone': {
    mind: doing((actions, o) => (o.gone ? [] : actions)),
    search: searchOf({ after: ['create standard'], steps: ['delete and orphan'], times: 1 }),
    oracle: 'it comes to rest as a fresh create would',
  },
  'forgets when a database was ready that it takes back': {
    mind: seeing((o) => (o.gone ? { ...o, addon: { ...o.addon, status: undefined } as never } : o)),
    search: searchOf({ after: ['create standard'], steps: ['delete and orphan', 'create standard'], times: 2 }),
    oracle: 'ready_at and clusterName never move',
  },
  'drops uid and resourceVersion from its writes': {
    mind: doing((actions) =>
      actions.map((action) => {
        if (action.verb !== 'apply' || action.child === 'PostgresAddon') return action;
        const { uid: _, resourceVersion: __, ...metadata } = action.manifest.metadata;
        return { ...action, manifest: { ...action.manifest, metadata } as PinnedManifest };
      }),
    ),
    search: searchOf({
      after: ['create standard'],
      steps: ['plan free', 'delete the Cluster', 'put a foreign Cluster there'],
      times: 3,
    }),
    oracle: 'writes only what is ours',
  },
  'deletes the Cluster of an addon that it sees being deleted': {
    mind: doing((actions, o) =>
      isDeleted(o) && o.cluster !== undefined
        ? [{ verb: 'delete', child: 'Cluster', name: o.cluster.metadata.name } as unknown as Action]
        : actions,
    ),
    search: searchOf({ after: ['create standard'], steps: ['delete in the foreground'], times: 1 }),
    oracle: 'never a second Cluster',
  },
  'deletes a ScheduledBackup in whatever state it is': {
    mind: doing((actions) =>
      actions.map((action) =>
        action.verb === 'delete' ? ({ verb: 'delete', child: action.child, name: action.name } as Action) : action,
      ),
    ),
    search: searchOf({
      after: ['create standard'],
      steps: ['plan free', 'change the schedule by hand'],
      times: 2,
    }),
    oracle: 'deletes nothing but the ScheduledBackup that was seen',
  },
  'names an owner that does not exist': {
    mind: doing((actions, { addon }) =>
      actions.map((action) => {
        if (action.verb !== 'create' || action.child !== 'Cluster') return action;
        const ownerReferences = [{ ...ownerReference(addon), uid: 'uid-gone', controller: false }];
        const metadata = { ...action.manifest.metadata, ownerReferences };
        return { ...action, manifest: { ...action.manifest, metadata } };
      }),
    ),
    search: searchOf({ steps: ['create free'], times: 1 }),
    oracle: 'the living keep their database',
  },
  'shrinks a disk': {
    mind: seeing((o) => {
      const storage = { size: defaultPlans[o.addon.spec.plan].storage };
      return { ...o, cluster: o.cluster && { ...o.cluster, spec: { ...o.cluster.spec, storage } } };
    }),
    search: searchOf({ after: ['create standard'], steps: ['plan free'], times: 1 }),
    oracle: 'a disk never shrinks',
  },
  'publishes the URL of the Cluster before': {
    mind: seeing((o) =>
      o.source.kind === 'found' && o.cluster !== undefined
        ? {
            ...o,
            source: {
              kind: 'found',
              object: relabelled(o.source.object, {
                ownerReferences: [{ ...ownerReference(o.addon), uid: o.cluster.metadata.uid }],
              }),
            },
          }
        : o,
    ),
    search: searchOf({
      after: ['create free'],
      steps: ['delete the Cluster', 'delete the Secret'],
      times: 2,
      checkups: 1,
    }),
    oracle: 'DATABASE_URL is of this Cluster',
  },
  'takes the finalizer off before the children are released': {
    mind: doing((actions, o) => (isDeleted(o) ? [...actions].reverse() : actions)),
    search: searchOf({ after: ['create protected free'], steps: ['delete in the background'], times: 1 }),
    oracle: 'an addon goes only when its children are marked',
  },
  'forgets to mark the Cluster that it releases': {
    mind: doing((actions, o) => (isDeleted(o) ? actions.filter(({ child }) => child !== 'Cluster') : actions)),
    search: searchOf({ after: ['create protected free'], steps: ['delete in the background'], times: 1 }),
    oracle: 'an addon goes only when its children are marked',
  },
  'releases what its cache shows': {
    mind: (right) => ({ ...right, needs: (o, now) => ({ ...right.needs(o, now), children: false }) }),
    search: searchOf({ steps: ['create protected free', 'delete in the background'], times: 2 }),
    oracle: 'an addon goes only when its children are marked',
  },
  'owns the children of a protected addon': {
    mind: (right) => ({
      ...right,
      decide: (o, now) => {
        const { mode: _, ...spec } = o.addon.spec;
        return right.decide(isDeleted(o) ? o : { ...o, addon: { ...o.addon, spec } }, now);
      },
    }),
    search: searchOf({ steps: ['create protected free'], times: 1 }),
    oracle: 'no protected child has an owner',
  },
  'tells of protection a round too early': {
    mind: doing((actions, { addon }) => {
      const isNews = addon.spec.mode === 'protected' && reasonOf(addon, 'Protected') === undefined;
      return isNews && wasReady(addon) ? [] : actions;
    }),
    search: searchOf({ after: ['create free'], steps: ['mode protected', 'delete in the background'], times: 2 }),
    oracle: 'the protected outlive their addon',
  },
  'puts a torn-off owner reference back without asking': {
    mind: (right) => ({
      ...right,
      needs: (o, now) => ({ ...right.needs(o, now), confirmed: false }),
      decide: (o, now) => right.decide({ ...o, confirmed: { kind: 'found', object: o.addon } }, now),
    }),
    search: searchOf({ after: ['create free'], steps: ['delete and orphan'], times: 1 }),
    oracle: 'what was to be orphaned stays',
  },
  'makes what nobody owns before the finalizer is on': {
    mind: doing((actions) => [
      ...actions.filter(({ child }) => child !== 'PostgresAddon'),
      ...actions.filter(({ child }) => child === 'PostgresAddon'),
    ]),
    search: searchOf({ steps: ['create protected free', 'delete in the background'], times: 2 }),
    oracle: 'it comes to rest as a fresh create would',
  },
  'writes the Cluster each time it looks': {
    mind: doing((actions, { cluster }) =>
      cluster === undefined || actions.length > 0
        ? actions
        : [
            {
              verb: 'apply',
              child: 'Cluster',
              manifest: {
                ...cluster,
                metadata: { ...cluster.metadata, annotations: { looked: cluster.metadata.resourceVersion } },
              },
            },
          ],
    ),
    search: searchOf({ steps: ['create free'], times: 1 }),
    oracle: 'it comes to rest as a fresh create would',
  },
  'never follows a changed password': {
    mind: (right) => ({
      ...right,
      needs: (o, now) => ({
        ...right.needs(o, now),
        source: right.needs(o, now).source && o.addon.status?.credentials === undefined,
      }),
    }),
    search: searchOf({ after: ['create free'], steps: ['rotate the password'], times: 1 }),
    oracle: 'it comes to rest as a fresh create would',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

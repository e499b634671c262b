// Mutants that write to objects as the product must not.
import { annotations, labels } from '../api/addon.ts';
import type { Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { defaultPlans } from '../domain/database/plans.ts';
import { type Action, applyTo } from '../domain/decision.ts';
import { ownerReference } from '../domain/ownership/child-metadata.ts';
import { reasonOf, wasReady } from '../domain/recorded.ts';
import { clusterIn, doing, isDeleted, type Mutant, relabelled, seeing, withCluster } from './mutant.ts';
import { searchOf } from './scenarios.ts';

/** By name; each must violate its rule in its search. */
export const actionMutants = {
  'adopts by name': {
    subject: seeing((o) =>
      withCluster(o, (cluster) => relabelled(cluster, { ownerReferences: [ownerReference(o.addon)] })),
    ),
    search: searchOf({ after: ['put a foreign cluster'], steps: ['create standard'], times: 1 }),
    rule: 'writes only what is ours',
  },
  'adopts what another addon left behind': {
    subject: seeing((o) =>
      withCluster(o, (cluster) =>
        relabelled(cluster, { labels: { ...cluster.metadata.labels, [labels.name]: o.addon.metadata.name } }),
      ),
    ),
    search: searchOf({ after: ["put the rival's orphan there"], steps: ['create free'], times: 1 }),
    rule: 'writes only what is ours',
  },
  'adopts any database': {
    subject: seeing((o) => {
      const { database: _, ...spec } = o.addon.spec;
      return { ...o, addon: { ...o.addon, spec } };
    }),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free of another database'],
      times: 1,
    }),
    rule: 'adopts only what matches',
  },
  'adopts nothing': {
    subject: seeing((o) =>
      withCluster(o, (cluster) =>
        cluster.metadata.labels?.[labels.orphaned] === undefined
          ? cluster
          : { ...cluster, spec: { ...cluster.spec, bootstrap: {} } },
      ),
    ),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free'],
      times: 1,
    }),
    rule: 'it comes to rest as a fresh create would',
  },
  'waits for an event after each status': {
    subject: (product) => ({
      ...product,
      decide: (...of) => ({ ...product.decide(...of), recheckAfter: undefined }),
    }),
    search: searchOf({ after: ['create standard'], steps: ['extra Secrets on'], times: 1 }),
    rule: 'no step of its own waits for an event, which no own write is',
  },
  'marks nothing of a deleted addon': {
    subject: doing((actions, o) => (o.gone ? [] : actions)),
    search: searchOf({ after: ['create standard'], steps: ['delete and orphan'], times: 1 }),
    rule: 'it comes to rest as a fresh create would',
  },
  'forgets ready_at of a database that it adopts': {
    subject: seeing((o) => (o.gone ? { ...o, addon: { ...o.addon, status: undefined } as never } : o)),
    search: searchOf({ after: ['create standard'], steps: ['delete and orphan', 'create standard'], times: 2 }),
    rule: 'ready_at and clusterName never move',
  },
  'drops uid and resourceVersion from its writes': {
    subject: doing((actions) =>
      actions.map((action) => {
        if (action.verb !== 'apply' || action.child === 'addon') return action;
        const { uid: _, resourceVersion: __, ...metadata } = action.manifest.metadata;
        return { ...action, manifest: { ...action.manifest, metadata } as PinnedManifest };
      }),
    ),
    search: searchOf({
      after: ['create free'],
      steps: ['plan standard', 'delete cluster', 'put a foreign cluster'],
      times: 3,
    }),
    rule: 'writes only what is ours',
  },
  'deletes the Cluster of an addon that it sees being deleted': {
    subject: doing((actions, o) =>
      isDeleted(o) && clusterIn(o) !== undefined
        ? [{ verb: 'delete', child: 'cluster', concern: 'database' } as unknown as Action]
        : actions,
    ),
    search: searchOf({ after: ['create standard'], steps: ['delete in the foreground'], times: 1 }),
    rule: 'never a second Cluster',
  },
  'lets all roles in that were restored': {
    subject: seeing((o) => ({
      ...o,
      addon: relabelled(o.addon, { annotations: { [annotations.unlockRoles]: 'true' } }),
    })),
    search: searchOf({ steps: ['create restored'], times: 1 }),
    rule: 'a restored database is closed to the roles of its source',
  },
  'forgets what can be restored': {
    subject: seeing((o) => {
      const { backup: { lineages: _, ...backup } = {}, ...others } = o.addon.status ?? {};
      const status = { ...others, backup };
      return { ...o, addon: { ...o.addon, status } };
    }),
    search: searchOf({ after: ['create standard'], steps: ['delete cluster'], times: 1 }),
    rule: 'no empty Cluster in the place of one that can be restored',
  },
  'starts empty whatever the annotation names': {
    subject: seeing((o) => {
      const [present] = o.addon.status?.backup?.lineages ?? [];
      const isAsked = o.addon.metadata.annotations?.[annotations.startEmpty] !== undefined;
      return isAsked && present !== undefined
        ? { ...o, addon: relabelled(o.addon, { annotations: { [annotations.startEmpty]: present.serverName } }) }
        : o;
    }),
    search: searchOf({
      after: ['create standard', 'delete cluster', 'start empty'],
      steps: ['delete cluster'],
      times: 1,
    }),
    rule: 'no empty Cluster in the place of one that can be restored',
  },
  'starts empty on what its cache shows': {
    subject: (product) => ({
      ...product,
      needs: (o, now) => ({ ...product.needs(o, now), live: false }),
      decide: (o, now, sight) => product.decide({ ...o, live: { kind: 'found', object: o.addon } }, now, sight),
    }),
    search: searchOf({
      after: ['create standard', 'delete cluster'],
      steps: ['start empty', 'delete cluster'],
      times: 2,
      late: ['addon'],
    }),
    rule: 'no empty Cluster in the place of one that can be restored',
  },
  'deletes a ScheduledBackup in whatever state it is': {
    subject: doing((actions) =>
      actions.map((action) =>
        action.verb === 'delete'
          ? ({ ...action, uid: undefined, resourceVersion: undefined } as unknown as Action)
          : action,
      ),
    ),
    search: searchOf({
      after: ['create standard'],
      steps: ['plan free', 'change the schedule by hand'],
      times: 2,
    }),
    rule: 'deletes nothing but what is removable, as it was seen',
  },
  'names an owner that does not exist': {
    subject: doing((actions, { addon }) =>
      actions.map((action) => {
        if (action.verb !== 'create' || action.child !== 'cluster') return action;
        const ownerReferences = [{ ...ownerReference(addon), uid: 'uid-gone', controller: false }];
        const metadata = { ...action.manifest.metadata, ownerReferences };
        return { ...action, manifest: { ...action.manifest, metadata } };
      }),
    ),
    search: searchOf({ steps: ['create free'], times: 1 }),
    rule: 'the living keep their database',
  },
  'shrinks a disk': {
    subject: seeing((o) => {
      const storage = { size: defaultPlans[o.addon.spec.plan].storage };
      return withCluster(o, (cluster) => ({ ...cluster, spec: { ...cluster.spec, storage } }));
    }),
    search: searchOf({ after: ['create standard'], steps: ['plan free'], times: 1 }),
    rule: 'a disk never shrinks',
  },
  'forgets what has run': {
    subject: seeing((o) => {
      const { running: _, ...status } = o.addon.status ?? {};
      return { ...o, addon: { ...o.addon, status } };
    }),
    search: searchOf({ after: ['create free', 'version 17.4', 'version 17'], steps: ['version 17.2'], times: 1 }),
    rule: 'what has run is never lowered',
  },
  'publishes the URL of the Cluster before': {
    subject: seeing((o) => {
      const cluster = clusterIn(o);
      return o.source.kind === 'found' && cluster !== undefined
        ? {
            ...o,
            source: {
              kind: 'found',
              object: relabelled(o.source.object, {
                ownerReferences: [{ ...ownerReference(o.addon), uid: cluster.metadata.uid }],
              }),
            },
          }
        : o;
    }),
    search: searchOf({
      after: ['create free'],
      steps: ['delete cluster', 'delete urlSecret'],
      times: 2,
      resyncs: 1,
    }),
    rule: 'what is published is of this Cluster',
  },
  'takes the finalizer off before the children are released': {
    subject: doing((actions, o) => (isDeleted(o) ? [...actions].reverse() : actions)),
    search: searchOf({ after: ['create protected free'], steps: ['delete in the background'], times: 1 }),
    rule: 'an addon goes only when its children are marked',
  },
  'forgets to mark the Cluster that it releases': {
    subject: doing((actions, o) => (isDeleted(o) ? actions.filter(({ child }) => child !== 'cluster') : actions)),
    search: searchOf({ after: ['create protected free'], steps: ['delete in the background'], times: 1 }),
    rule: 'an addon goes only when its children are marked',
  },
  'releases what its cache shows': {
    subject: (product) => ({ ...product, needs: (o, now) => ({ ...product.needs(o, now), watched: false }) }),
    search: searchOf({ steps: ['create protected free', 'delete in the background'], times: 2 }),
    rule: 'an addon goes only when its children are marked',
  },
  'owns the children of a protected addon': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const { mode: _, ...spec } = o.addon.spec;
        return product.decide(isDeleted(o) ? o : { ...o, addon: { ...o.addon, spec } }, now, sight);
      },
    }),
    search: searchOf({ steps: ['create protected free'], times: 1 }),
    rule: 'no protected child has an owner',
  },
  'reports protection a round too early': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const decision = product.decide(o, now, sight);
        const isNews = o.addon.spec.mode === 'protected' && reasonOf(o.addon, 'Protected') === undefined;
        const early = { ...decision, actions: [], changesOwner: [], recheckAfter: 1000 };
        return isNews && wasReady(o.addon) ? early : decision;
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['mode protected', 'delete in the background'], times: 2 }),
    rule: 'the protected outlive their addon',
  },
  'removes only what nobody else owns': {
    subject: doing((actions) =>
      actions.map((action) => {
        if (action.verb !== 'apply') return action;
        const { removal: _, ...rest } = action;
        return rest;
      }),
    ),
    search: searchOf({
      after: ['create standard', 'apply cluster as another manager'],
      steps: ['mode protected', 'delete in the background'],
      times: 2,
      late: [],
    }),
    rule: 'it comes to rest as a fresh create would',
  },
  'restores a removed owner reference without a live check': {
    subject: (product) => ({
      ...product,
      needs: (o, now) => ({ ...product.needs(o, now), live: false }),
      decide: (o, now, sight) => product.decide({ ...o, live: { kind: 'found', object: o.addon } }, now, sight),
    }),
    search: searchOf({ after: ['create free'], steps: ['delete and orphan'], times: 1 }),
    rule: 'what was to be orphaned stays',
  },
  'makes what nobody owns before the finalizer is on': {
    subject: doing((actions) => [
      ...actions.filter(({ child }) => child !== 'addon'),
      ...actions.filter(({ child }) => child === 'addon'),
    ]),
    search: searchOf({ steps: ['create protected free', 'delete in the background'], times: 2 }),
    rule: 'it comes to rest as a fresh create would',
  },
  'writes the Cluster in every reconcile': {
    subject: doing((actions, o) => {
      const cluster = clusterIn(o);
      if (cluster === undefined || actions.length > 0) return actions;
      const looked = relabelled(cluster, { annotations: { looked: cluster.metadata.resourceVersion } });
      return [applyTo('cluster', looked as unknown as Manifest, cluster)];
    }),
    search: searchOf({ steps: ['create free'], times: 1 }),
    rule: 'it comes to rest as a fresh create would',
  },
  'lets what is not essential stop the rest': {
    subject: doing((actions) => actions.map((action) => ({ ...action, concern: 'database' }))),
    search: searchOf({ steps: ['create standard', 'refuse scheduledBackup'], times: 2 }),
    rule: 'no condition claims what was neither seen nor written',
  },
  'never follows a changed password': {
    subject: (product) => ({
      ...product,
      needs: (o, now) => ({
        ...product.needs(o, now),
        source: product.needs(o, now).source && o.addon.status?.credentials === undefined,
      }),
    }),
    search: searchOf({ after: ['create free'], steps: ['rotate the password'], times: 1 }),
    rule: 'it comes to rest as a fresh create would',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

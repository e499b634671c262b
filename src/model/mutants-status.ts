// Mutants that report what is not true.
import { annotations } from '../api/addon.ts';
import { timestampOf } from '../api/time.ts';
import { clusterIn, type Mutant, relabelled, seeing, withCluster } from './mutant.ts';
import { searchOf } from './scenarios.ts';
import { epoch } from './state.ts';

/** By name; each must violate its rule in its search. */
export const statusMutants = {
  'moves ready_at with every start': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const status = product.statusOf(addon, decision, result, now);
        return status.phase === 'running' && addon.status?.phase !== 'running'
          ? { ...status, ready_at: timestampOf(now) }
          : status;
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['fail over'], times: 1 }),
    rule: 'ready_at and clusterName never move',
  },
  'inherits ready_at of a database that it refuses': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const decision = product.decide(o, now, sight);
        const readyAt = clusterIn(o)?.metadata.annotations?.[annotations.readyAt];
        return { ...decision, readyAt: decision.readyAt ?? readyAt };
      },
    }),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free of another database'],
      times: 1,
    }),
    rule: 'ready_at and clusterName never move',
  },
  'lowers observedGeneration': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const status = product.statusOf(addon, decision, result, now);
        return addon.spec.suspend === true ? { ...status, observedGeneration: 1 } : status;
      },
    }),
    search: searchOf({ after: ['create free', 'plan standard'], steps: ['suspend on'], times: 1 }),
    rule: 'observedGeneration never falls',
  },
  'reports running without a login': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const { login: _, requiresLogin: __, ...decision } = product.decide(o, now, sight);
        return decision;
      },
    }),
    search: searchOf({ after: ['create pro'], steps: ['fail over'], times: 1 }),
    rule: 'Ready means that a login succeeded',
  },
  'trusts what CNPG reported for the previous plan': {
    subject: seeing((o) =>
      withCluster(o, (cluster) => {
        const { [annotations.readyBefore]: _, ...notes } = cluster.metadata.annotations ?? {};
        return relabelled(cluster, { annotations: notes });
      }),
    ),
    search: searchOf({ after: ['create free'], steps: ['plan standard'], times: 1 }),
    rule: 'Ready means that it runs as asked',
  },
  'treats refused writes as done': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) =>
        product.statusOf(addon, decision, { ...result, refusals: [], untried: [] }, now),
    }),
    search: searchOf({ steps: ['create free', 'refuse urlSecret'], times: 2 }),
    rule: 'no condition claims what was neither seen nor written',
  },
  'reports the version that is requested before it is written': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const status = product.statusOf(addon, decision, result, now);
        return { ...status, ...(addon.spec.version && { version: addon.spec.version }) };
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['version 18', 'refuse cluster'], times: 2 }),
    rule: 'no field claims what was neither seen nor written',
  },
  'is running once it has a login': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const status = product.statusOf(addon, decision, result, now);
        return status.phase === 'provisioning' ? { ...status, phase: 'running' } : status;
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['fail over'], times: 1 }),
    rule: 'phase, Reconciling and Stalled follow from Ready',
  },
  'reports that it waits for something else than Ready says': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const { conditions = [], ...status } = product.statusOf(addon, decision, result, now);
        const others = conditions.map((one) => (one.type === 'Reconciling' ? { ...one, reason: 'Creating' } : one));
        return { ...status, conditions: others };
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['fail over'], times: 1 }),
    rule: 'phase, Reconciling and Stalled follow from Ready',
  },
  'tells of a change that has not happened': {
    subject: (product) => ({
      ...product,
      transitions: (before, after) => [
        ...product.transitions(before, after),
        { type: 'Normal', reason: 'CredentialsUpdated', note: '', key: '' },
      ],
    }),
    search: searchOf({ after: ['create free'], steps: ['fail over'], times: 1 }),
    rule: 'an Event tells what status says now and did not say before',
  },
  'tells that it runs before Ready says so': {
    subject: (product) => ({
      ...product,
      transitions: (_, after) =>
        after.phase === 'running'
          ? []
          : [{ type: 'Normal', reason: 'Running', note: 'the database is ready', key: '' }],
    }),
    search: searchOf({ steps: ['create free'], times: 1 }),
    rule: 'an Event tells what status says now and did not say before',
  },
  'offers a binding that was refused': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const { extras = [], ...status } = product.statusOf(addon, decision, result, now);
        const name = extras.find(({ form }) => form === 'servicebinding')?.name;
        return { ...status, extras, ...(name === undefined ? {} : { binding: { name } }) };
      },
    }),
    search: searchOf({ steps: ['create with extra Secrets', 'refuse bindingSecret'], times: 2 }),
    rule: 'no extra Secret is offered that was neither seen nor written',
  },
  'calls a role ready as soon as it is asked for': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const { conditions = [], ...status } = product.statusOf(addon, decision, result, now);
        const ready = conditions.map((one) => (one.type === 'RolesReady' ? { ...one, status: 'True' as const } : one));
        return { ...status, conditions: ready };
      },
    }),
    search: searchOf({ steps: ['create with roles'], times: 1 }),
    rule: 'a role is ready only with a DATABASE_URL that was seen, and a password that CNPG has set',
  },
  'claims the level of the plan before there is a base backup': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const { backup, ...status } = product.statusOf(addon, decision, result, now);
        const effective = backup?.requested;
        return backup === undefined || effective === undefined
          ? status
          : { ...status, backup: { ...backup, effective } };
      },
    }),
    search: searchOf({ steps: ['create standard'], times: 1 }),
    rule: 'a backup level is claimed only of the archive that the Cluster writes, with a base backup',
  },
  'reports the plan that a suspended addon requests': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const decision = product.decide(o, now, sight);
        const { plan, suspend } = o.addon.spec;
        return suspend === true ? { ...decision, status: { ...decision.status, plan } } : decision;
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['suspend on', 'plan standard'], times: 2 }),
    rule: 'a suspended addon keeps what status says of its plan',
  },
  'counts patience from the creation of the addon': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const status = product.statusOf(addon, decision, result, now);
        const isOld = now > epoch + 5 * 60_000;
        const conditions = (status.conditions ?? []).map((one) =>
          isOld && one.type === 'Reconciling' ? { ...one, type: 'Stalled' } : one,
        );
        return { ...status, conditions };
      },
    }),
    search: searchOf({ steps: ['create free', 'wait an hour'], times: 2 }),
    rule: 'Stalled by time comes after Reconciling',
  },
  'keeps the beginning of an attempt when the spec changes': {
    subject: (product) => ({
      ...product,
      statusOf: (addon, decision, result, now) => {
        const { generation } = addon.metadata;
        const { conditions = [], ...status } = addon.status ?? {};
        const renewed = conditions.map((one) =>
          generation === undefined ? one : { ...one, observedGeneration: generation },
        );
        return product.statusOf({ ...addon, status: { ...status, conditions: renewed } }, decision, result, now);
      },
    }),
    search: searchOf({ steps: ['create free', 'wait an hour', 'plan standard'], times: 3 }),
    rule: 'Stalled by time comes after Reconciling',
  },
  'reports a password': {
    subject: (product) => ({
      ...product,
      decide: (o, now, sight) => {
        const decision = product.decide(o, now, sight);
        const { ready, login } = decision;
        return login === undefined ? decision : { ...decision, ready: { ...ready, message: `tried ${login.url}` } };
      },
    }),
    search: searchOf({ steps: ['create free'], times: 1 }),
    rule: 'no status tells a password',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

// Wrong minds that tell what is not so.
import { annotations } from '../api/addon.ts';
import { timestampOf } from '../api/time.ts';
import { type Mutant, relabelled, seeing } from './mutant.ts';
import { searchOf } from './scenarios.ts';

export const wrongWords = {
  'moves ready_at with every start': {
    mind: (right) => ({
      ...right,
      tell: (addon, report, outcome, now) => {
        const status = right.tell(addon, report, outcome, now);
        return status.phase === 'running' && addon.status?.phase !== 'running'
          ? { ...status, ready_at: timestampOf(now) }
          : status;
      },
    }),
    search: searchOf({ after: ['create free'], steps: ['fail over'], times: 1 }),
    oracle: 'ready_at and clusterName never move',
  },
  'inherits ready_at of a database that it refuses': {
    mind: (right) => ({
      ...right,
      decide: (o, now) => {
        const decision = right.decide(o, now);
        const readyAt = o.cluster?.metadata.annotations?.[annotations.readyAt];
        return { ...decision, report: { ...decision.report, readyAt: decision.report.readyAt ?? readyAt } };
      },
    }),
    search: searchOf({
      after: ['create protected free', 'delete in the background'],
      steps: ['create free of another database'],
      times: 1,
    }),
    oracle: 'ready_at and clusterName never move',
  },
  'takes back which generation it has looked at': {
    mind: (right) => ({
      ...right,
      tell: (addon, report, outcome, now) => {
        const status = right.tell(addon, report, outcome, now);
        return addon.spec.suspend === true ? { ...status, observedGeneration: 1 } : status;
      },
    }),
    search: searchOf({ after: ['create free', 'plan standard'], steps: ['suspend on'], times: 1 }),
    oracle: 'observedGeneration never falls',
  },
  'tells running without a login': {
    mind: (right) => ({
      ...right,
      decide: (o, now) => {
        const { login: _, ...decision } = right.decide(o, now);
        const { connection: __, ...report } = decision.report;
        return { ...decision, report };
      },
    }),
    search: searchOf({ after: ['create pro'], steps: ['fail over'], times: 1 }),
    oracle: 'Ready means that a login succeeded',
  },
  'believes what CNPG said of the plan before': {
    mind: seeing((o) => {
      const { [annotations.readyBefore]: _, ...notes } = o.cluster?.metadata.annotations ?? {};
      return { ...o, cluster: relabelled(o.cluster, { annotations: notes }) };
    }),
    search: searchOf({ after: ['create free'], steps: ['plan standard'], times: 1 }),
    oracle: 'Ready means that it runs as asked',
  },
  'tells a password': {
    mind: (right) => ({
      ...right,
      decide: (o, now) => {
        const decision = right.decide(o, now);
        const { report, login } = decision;
        const message = `tried ${login?.url}`;
        return login === undefined
          ? decision
          : { ...decision, report: { ...report, ready: { ...report.ready, message } } };
      },
    }),
    search: searchOf({ steps: ['create free'], times: 1 }),
    oracle: 'no status tells a password',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

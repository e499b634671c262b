// Every condition, Event and field of status says what it rests on, and has a rule of the model or a test that notices it without that.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import { type ConditionType, conditionTypes } from '../api/conditions.ts';
import { events } from '../api/events.ts';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import type { Schema } from '../api/schema.ts';
import { statusFields } from '../api/status-fields.ts';
import { nameOf } from './objects.ts';
import { type RuleName, ruleNames } from './rules/rules.ts';
import { searchOf } from './scenarios.ts';
import { search } from './search.ts';
import { productSubject } from './testing.ts';

/** A rule of the model, or a test by its file below src and its name. */
type Check = RuleName | readonly [file: string, test: string];

const ofFields = 'no field claims what was neither seen nor written';
const ofReady = 'phase, Reconciling and Stalled follow from Ready';
const ofConditions = 'no condition claims what was neither seen nor written';
const ofEvents = 'an Event tells what status says now and did not say before';

const fieldChecks: Readonly<Record<keyof typeof statusFields, Check>> = {
  phase: ofReady,
  firstReady: ofReady,
  addon: ofFields,
  holder: ofFields,
  constant: ofFields,
  spec: ofFields,
  cluster: ofFields,
  disk: ofFields,
  sidecar: ofFields,
  running: ofFields,
  lowest: ofFields,
  login: ofFields,
  names: ofFields,
  authority: 'no field claims what was neither seen nor written',
  roles: ofFields,
  rolesProved: ofFields,
  binding: 'no extra Secret is offered that was neither seen nor written',
  credentials: ofFields,
  planChange: ofFields,
  changeSteps: ['domain/database/plan-change.test.ts', 'is none where the Cluster has everything that is asked for'],
  preview: [
    'domain/database/change.test.ts',
    'of an invalid value quotes little of it, and says so if there is no database yet',
  ],
  store: ofFields,
  retention: [
    'domain/backup/failures.test.ts',
    'is written once, named as long as it is so, and status has the retention that applies',
  ],
  schedule: ['domain/backup/backup.test.ts', 'creates nothing, and is told; a database that exists stays as it is'],
  nextBackup: ['domain/backup/level.test.ts', 'of a plan with backups is not in force, and the schedule is shown'],
  level: 'a backup level is claimed only of the archive that the Cluster writes, with a base backup',
  lineage: ofFields,
  lineageRecord: [
    'domain/backup/lineages.test.ts',
    'the last ten are remembered: those before the present one have ended, each at the time when that was seen',
  ],
  baseBackups: ofFields,
  archived: ofFields,
  failures: ['domain/backup/failures.test.ts', 'is none of the lineage before it was completed'],
  failedBackups: ['domain/backup/failed-backups.test.ts', 'from the first one on that is seen'],
  backupNow: ['domain/backup/backup-now.test.ts', 'is refused if its Backup cannot be made'],
  drill: ['domain/drill/drill.test.ts', 'waits for a base backup, and for a Cluster that archives'],
  mark: [
    'domain/drill/drill.test.ts',
    'is announced, waits for the archive, restores what was committed before it began, is checked, and removed',
  ],
  drillResult: ['domain/drill/drill.test.ts', 'is not judged by a check that was not attempted'],
  restored: ['domain/restore/restore.test.ts', 'tells in status what it begins with, and nothing that does not matter'],
  restoreDuration: ['domain/restore/estimate.test.ts', 'from the creation of its Cluster until CNPG reports it ready'],
  restoredRoles: ['domain/restore/lock.test.ts', 'stay in status until they may log in'],
  redaction: [
    'domain/redaction/redaction.test.ts',
    'is never taken for done without its Job, whatever somebody removes',
  ],
  conditions: ofConditions,
};

const conditionChecks: Readonly<Record<ConditionType, Check>> = {
  Ready: 'Ready means that it runs as asked',
  Reconciling: ofReady,
  Stalled: ofReady,
  Provisioned: ofConditions,
  CredentialsPublished: ofConditions,
  PlanApplied: ofConditions,
  Connectable: ofConditions,
  Promoted: ofConditions,
  ExtrasPublished: 'no extra Secret is offered that was neither seen nor written',
  RolesReady: 'a role is ready only with a DATABASE_URL that was seen, and a password that CNPG has set',
  BackupReady: ofConditions,
  Protected: ofConditions,
  Adopted: ofConditions,
  Suspended: ofConditions,
  EndOfLife: ['domain/database/end-of-life.test.ts', 'of PostgreSQL %s is True from %s on, and not before'],
  CRDOutdated: ['domain/served-schema.test.ts', 'is nothing if it is the needed one'],
};

/** Those of the table are checked below. */
const eventChecks: Readonly<Record<'of a condition' | 'HeldByAnotherOperator', Check>> = {
  'of a condition': ofEvents,
  HeldByAnotherOperator: [
    'controller/held-addons.test.ts',
    'gets one Warning that names it, however often it is seen; the log gets one line for each installation',
  ],
};

/** The paths of the fields without fields of their own. */
function leavesOf({ properties, items }: Schema, path: string): readonly string[] {
  if (items !== undefined) return leavesOf(items, `${path}[]`);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, field]) => leavesOf(field, path === '' ? name : `${path}.${name}`));
}

const source = join(import.meta.dirname, '..');
const rows = Object.entries(statusFields) as readonly [
  keyof typeof statusFields,
  { readonly fields: readonly string[] },
][];

it('each field of status is in one row of the table, and no other is', () => {
  const { status = {} } = addonSchema.properties ?? {};
  expect(rows.flatMap(([, { fields }]) => fields).sort()).toEqual([...leavesOf(status, '')].sort());
});

it('each says in part of a sentence what it rests on', () => {
  for (const { restsOn } of [
    ...Object.values(statusFields),
    ...Object.values(events),
    ...Object.values(conditionTypes),
  ])
    expect(restsOn).toMatch(/^[^\s.][^\n]*[^\s.]$/);
});

it.each(
  Object.entries({ ...fieldChecks, ...conditionChecks, ...eventChecks }).flatMap(([name, check]) =>
    typeof check === 'string' ? [] : [[name, ...check] as const],
  ),
)('%s is checked by a test that is there: %s: %s', (_, file, test) => {
  const path = join(source, file);
  expect(existsSync(path) && readFileSync(path, 'utf8').includes(test)).toBe(true);
});

it('every rule that is named is one of the model', () => {
  const named = Object.values({ ...fieldChecks, ...conditionChecks, ...eventChecks });
  for (const check of named) if (typeof check === 'string') expect(ruleNames).toContain(check);
});

it('Events are recorded in two places', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  const product = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const emitting = product.filter((name) => /events\.emit\(/.test(readFileSync(join(source, name), 'utf8')));
  expect(emitting.sort()).toEqual(['controller/announce.ts', 'controller/held-addons.ts']);
});

/** A value that nothing was observed for, in a field; in each item of a list that there is. */
function inventing(value: object, [part = '', ...rest]: readonly string[]): object {
  const name = part.replace('[]', '');
  const inner = (value as Readonly<Record<string, unknown>>)[name];
  if (rest.length === 0) return { ...value, [name]: 'invented' };
  if (part !== name)
    return inner === undefined ? value : { ...value, [name]: (inner as object[]).map((item) => inventing(item, rest)) };
  return { ...value, [name]: inventing((inner ?? {}) as object, rest) };
}

/** The creation of an addon whose status has a field or a condition. */
const creating = (claimed: string) =>
  searchOf({
    steps: [/^roles/i.test(claimed) ? 'create with roles' : 'create with extra Secrets'],
    times: 1,
    late: [],
  });

describe('the rule finds an invented value in status', () => {
  const fields = rows.flatMap(([row, { fields: own }]) => {
    const rule = fieldChecks[row];
    return typeof rule === 'string' && row !== 'conditions' ? own.map((field) => [field, rule] as const) : [];
  });

  it.each(fields)('.%s: %s', (field, rule) => {
    const product = productSubject();
    const subject: typeof product = {
      ...product,
      statusOf: (...args) => inventing(product.statusOf(...args), field.split('.')) as AddonStatus,
    };
    expect(search(creating(field), subject).violation?.rule).toBe(rule);
  });
});

it.each(Object.keys(events))('the rule finds an Event %s of which status says nothing new', (reason) => {
  const product = productSubject();
  const told = { type: 'Normal', reason, note: '', key: '' } as const;
  const subject: typeof product = { ...product, transitions: () => [told] };
  const { violation } = search(searchOf({ after: ['create free'], steps: ['fail over'], times: 1, late: [] }), subject);
  expect(violation?.rule).toBe(ofEvents);
});

describe('the rules find a condition that is True without what it rests on:', () => {
  const types = Object.entries(conditionChecks).filter(([, check]) => typeof check === 'string');

  it.each(types)('%s: %s', (type, rule) => {
    const product = productSubject();
    const claimed = {
      type,
      status: 'True',
      reason: 'Invented',
      message: nameOf.bindingSecret,
      lastTransitionTime: '',
    } as const;
    const subject: typeof product = {
      ...product,
      statusOf: (...args) => {
        const { conditions = [], ...status } = product.statusOf(...args);
        return { ...status, conditions: [...conditions.filter((one) => one.type !== type), claimed] };
      },
    };
    const { violation } = search(creating(type), subject);
    expect(violation?.rule).toBe(rule);
  });
});

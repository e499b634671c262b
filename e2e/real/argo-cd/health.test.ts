// The health of an addon as Argo CD computes it from the chart's script, and the actions in its interface: by Argo CD's own program.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { parse } from 'yaml';
import { only, render } from '../../../charts/helm.ts';
import { ensureBinaries } from '../../../hack/toolchain/binaries.ts';
import { type Reason, reasons, rowOf } from '../../../src/api/conditions.ts';
import { minutes } from '../real.ts';

let folder = '';
let argocd = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'argo-cd-'));
  argocd = (await ensureBinaries(['argocd'], (line) => console.error(line))).get('argocd') ?? '';
  const { data } = only(await render({ argoCD: { enabled: true } }), 'ConfigMap');
  const metadata = { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } };
  await writeFile(
    join(folder, 'argocd-cm.yaml'),
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }),
  );
}, minutes(40));

afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;

async function ask(command: string, addon: object, ...more: readonly string[]): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.yaml`);
  await writeFile(path, JSON.stringify(addon));
  const args = ['admin', 'settings', 'resource-overrides', command, path, ...more];
  const { stdout } = await execa(argocd, [...args, '--argocd-cm-path', join(folder, 'argocd-cm.yaml')], {
    env: { ARGOCD_BINARY_NAME: 'argocd', HOME: folder },
  });
  return stdout;
}

async function healthOf(addon: object): Promise<{ readonly status: string; readonly message: string }> {
  const output = await ask('health', addon);
  const [, status = '', message = ''] = /^STATUS: (\w+)(?:\nMESSAGE: (.*))?/m.exec(output) ?? [];
  return { status, message };
}

/** Whether each action is disabled, in words. */
async function disabledOf(addon: object): Promise<object> {
  const rows = (await ask('list-actions', addon)).split('\n').slice(1);
  return Object.fromEntries(rows.map((row) => row.split(/\s+/)).filter(([name]) => name !== ''));
}

/** The tests of a script in Argo CD's resource_customizations. */
interface Submitted {
  readonly tests: readonly { readonly inputPath: string; readonly healthStatus: object }[];
}
interface SubmittedActions {
  readonly discoveryTests: readonly {
    readonly inputPath: string;
    readonly result: readonly { readonly name: string; readonly disabled: boolean }[];
  }[];
  readonly actionTests: readonly {
    readonly action: string;
    readonly inputPath: string;
    readonly expectedOutputPath: string;
  }[];
}

const ago = (seconds: number): string => `${new Date(Date.now() - seconds * 1000).toISOString().slice(0, 19)}Z`;

/** An addon whose Ready has this reason. @param ready how long ago it was first ready @param since how long it has been so */
function addonWith(reason: Reason, ready: number | undefined, since: number): object {
  const { state } = rowOf(reason);
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason,
    message: 'what happened',
    observedGeneration: 1,
    lastTransitionTime: ago(since),
  });
  const more = { good: [], progressing: ['Reconciling'], stalled: ['Stalled'] }[state];
  return {
    ...plain,
    status: {
      observedGeneration: 1,
      ...(ready !== undefined && { ready_at: ago(ready) }),
      conditions: [
        condition('Ready', state === 'good' ? 'True' : 'False'),
        ...more.map((type) => condition(type, 'True')),
      ],
    },
  };
}

const plain = {
  apiVersion: 'addons.paas.dev/v1alpha1',
  kind: 'PostgresAddon',
  metadata: { name: 'shop', namespace: 'team-a', generation: 1 },
  spec: { plan: 'standard' },
};

const unknownField = { type: 'Suspended', status: 'True', reason: 'SpecUnknown', message: 'spec.future is not known' };
const upgrade = { type: 'PlanApplied', status: 'False', reason: 'UpgradeBackupPending', message: 'version 18 waits' };
const running = addonWith('Running', 3600, 900) as { readonly status: { readonly conditions: readonly object[] } };
const waitingForUpgrade = {
  ...running,
  status: { ...running.status, conditions: [...running.status.conditions, upgrade] },
};

const notKnown = {
  ...running,
  status: { ...running.status, conditions: [...running.status.conditions, unknownField] },
};

type Golden = Readonly<Record<string, readonly string[]>>;

describe('the health of an addon', () => {
  it(
    'with each reason is that of the table: while it is created, just ready, just stalled, and later',
    async () => {
      const golden = JSON.parse(await readFile(join(import.meta.dirname, 'health.golden.json'), 'utf8')) as Golden;
      const all = Object.keys(reasons) as readonly Reason[];
      const seen: Record<string, readonly string[]> = {};
      const next = [...all];
      const worker = async (): Promise<void> => {
        for (let reason = next.shift(); reason !== undefined; reason = next.shift()) {
          const states = [addonWith(reason, undefined, 3600), addonWith(reason, 60, 30)];
          const later = [addonWith(reason, 3600, 30), addonWith(reason, 3600, 900)];
          const healths = [];
          for (const addon of [...states, ...later]) healths.push((await healthOf(addon)).status);
          seen[reason] = healths;
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      expect(Object.fromEntries(all.map((reason) => [reason, seen[reason]]))).toEqual(golden);
    },
    minutes(15),
  );

  it.each<[string, object, string, RegExp]>([
    ['that nobody has looked at', plain, 'Progressing', /waiting for the operator/],
    [
      'whose spec was changed',
      { ...addonWith('Running', 3600, 900), metadata: { ...plain.metadata, generation: 2 } },
      'Progressing',
      /to see the spec/,
    ],
    [
      'that is being deleted',
      { ...addonWith('Running', 3600, 900), metadata: { ...plain.metadata, deletionTimestamp: ago(1) } },
      'Progressing',
      // Argo CD says so of every object.
      /Pending deletion/,
    ],
    [
      'that is suspended',
      { ...addonWith('Suspended', 3600, 900), spec: { plan: 'pro', suspend: true } },
      'Suspended',
      /spec\.suspend is true/,
    ],
    ['that runs, with a field that the operator does not know', notKnown, 'Suspended', /^spec\.future is not known$/],
    ['whose major upgrade waits', waitingForUpgrade, 'Progressing', /^UpgradeBackupPending: version 18 waits$/],
    ['that runs', addonWith('Running', 3600, 900), 'Healthy', /^what happened$/],
    ['that is refused', addonWith('InvalidSpec', undefined, 0), 'Degraded', /^InvalidSpec: what happened$/],
  ])('%s', async (_, addon, status, message) => {
    expect(await healthOf(addon)).toEqual({ status, message: expect.stringMatching(message) });
  });

  // Ages in seconds, when the test begins.
  it.each([
    ['soon after it was ready', 280, 280, 'Progressing'],
    ['less than five minutes ago', 3600, 280, 'Progressing'],
    ['five minutes ago', 301, 301, 'Degraded'],
  ])('that has stalled %s', async (_, ready, since, status) => {
    expect((await healthOf(addonWith('RestoreFailed', ready, since))).status).toBe(status);
  });
});

describe('the actions', () => {
  const backedUp = {
    ...plain,
    status: { backup: { recoveryWindow: { from: ago(60) }, now: { result: 'Completed', request: 'x' } } },
  };
  const suspended = { ...backedUp, spec: { plan: 'pro', suspend: true } };
  const running = {
    ...backedUp,
    status: { backup: { recoveryWindow: { from: ago(60) }, now: { result: 'Running' } } },
  };

  it.each<[string, object, Readonly<Record<string, string>>]>([
    ['one that can be backed up', backedUp, { 'backup-now': 'false', resume: 'true', suspend: 'false' }],
    ['one that is being backed up', running, { 'backup-now': 'true', resume: 'true', suspend: 'false' }],
    ['one without backups', plain, { 'backup-now': 'true', resume: 'true', suspend: 'false' }],
    ['a suspended one', suspended, { 'backup-now': 'true', resume: 'false', suspend: 'true' }],
  ])('of %s: which can be used', async (_, addon, disabled) => {
    expect(await disabledOf(addon)).toEqual(disabled);
  });

  it('and the health are those of the tests in the form in which Argo CD takes in a script', async () => {
    const folder = join(import.meta.dirname, 'resource_customizations/addons.paas.dev/PostgresAddon');
    const read = async (path: string) => parse(await readFile(join(folder, path), 'utf8'));
    const { tests } = (await read('health_test.yaml')) as Submitted;
    expect(tests.length).toBeGreaterThan(4);
    for (const { inputPath, healthStatus } of tests)
      expect(await healthOf(await read(inputPath))).toEqual(healthStatus);
    const { discoveryTests, actionTests } = (await read('actions/action_test.yaml')) as SubmittedActions;
    for (const { inputPath, result } of discoveryTests) {
      const expected = result.map(({ name, disabled }) => [name, `${disabled}`]);
      expect(await disabledOf(await read(`actions/${inputPath}`))).toEqual(Object.fromEntries(expected));
    }
    for (const { action, inputPath, expectedOutputPath } of actionTests) {
      const [input, output] = await Promise.all([inputPath, expectedOutputPath].map((path) => read(`actions/${path}`)));
      // It prints the lines that differ.
      const line = /^[<>] (.*)$/m.exec(await ask('run-action', input, action))?.[1];
      expect(line?.trim()).toBe('suspend: true');
      expect(output).toEqual({ ...input, spec: output.spec });
      expect(output.spec).not.toEqual(input.spec);
    }
  });

  it.each([
    ['backup-now', backedUp, /^> {5}addons\.paas\.dev\/backup-now: "20\d\d-[-\d]+T[:\d]+Z"$/m],
    ['suspend', backedUp, /^> {3}suspend: true$/m],
    ['resume', suspended, /^< {3}suspend: true$/m],
  ])('%s does what it says', async (action, addon, change) => {
    expect(await ask('run-action', addon, action)).toMatch(change);
  });
});

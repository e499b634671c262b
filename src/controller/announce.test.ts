import { expect, it } from '@jest/globals';
import { aRunningAddon } from '../domain/testing.ts';
import { transitions } from '../domain/transitions.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../runtime/log.ts';
import { announce } from './announce.ts';

it('every transition is logged, and is an Event about the addon; no transition is neither', () => {
  const logged: unknown[] = [];
  const emitted: unknown[] = [];
  const log = { info: (...what: readonly unknown[]) => logged.push(what) } as unknown as Log;
  const events = { emit: (event: unknown) => emitted.push(event) } as unknown as EventRecorder;
  const addon = aRunningAddon();
  const { status = {} } = addon;
  announce(events, log, addon, status, status);
  expect([logged, emitted]).toEqual([[], []]);
  announce(events, log, addon, undefined, status);
  const expected = transitions(undefined, status);
  expect(expected).not.toEqual([]);
  expect(logged).toEqual(
    expected.map(({ note, reason }) => [note, { addon: 'team-a/shop', reason, phase: 'running' }]),
  );
  const regarding = {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    namespace: 'team-a',
    name: 'shop',
    uid: 'addon-uid',
  };
  expect(emitted).toEqual(expected.map((transition) => ({ regarding, action: 'Reconcile', ...transition })));
});

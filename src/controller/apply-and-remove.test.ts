import { describe, expect, it } from '@jest/globals';
import { labels } from '../api/addon.ts';
import type { KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { applyTo } from '../domain/decision.ts';
import { ApiError } from '../kube/errors.ts';
import { applyAndRemove, NotRemoved } from './apply-and-remove.ts';

const manifest: Manifest = {
  apiVersion: 'v1',
  kind: 'Cluster',
  metadata: { name: 'db', namespace: 'a', labels: { [labels.orphaned]: undefined } },
  spec: {},
};
const left = (resourceVersion: string, managers: readonly string[] = ['gitops', 'me']): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Cluster',
    metadata: {
      name: 'db',
      namespace: 'a',
      uid: 'u',
      resourceVersion,
      labels: { [labels.orphaned]: 'true' },
      managedFields: managers.map((manager) => ({
        manager,
        fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${labels.orphaned}`]: {} } } },
      })),
    },
  }) as KubeObject;
const gone = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Cluster',
  metadata: { name: 'db', namespace: 'a', uid: 'u', resourceVersion },
});
const denied = (message = 'a policy says no') => new ApiError({ code: 403, reason: 'Forbidden', message });
const stale = new ApiError({ code: 409, reason: 'Conflict', message: 'changed' });

/** Answers in this order. Returns what was sent. */
async function run(live: KubeObject, answers: readonly (KubeObject | Error)[]) {
  const sent: string[] = [];
  const manifests: PinnedManifest[] = [];
  const rest = [...answers];
  const send = async (verb: string, pinned: PinnedManifest): Promise<KubeObject> => {
    sent.push(`${verb} at ${pinned.metadata.resourceVersion}`);
    manifests.push(pinned);
    const answer = rest.shift();
    if (answer === undefined) throw new Error('no further request was expected');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const action = applyTo('cluster', manifest, live);
  if (action.verb !== 'apply') throw new Error('not an apply');
  const result = await applyAndRemove(action, 'me', send).catch((error: unknown) => error);
  expect(rest).toEqual([]);
  return { sent, result, manifests };
}

describe('an apply that takes something away', () => {
  it('is one request where nothing has to go', async () => {
    expect(await run(gone('1'), [gone('2')])).toMatchObject({ sent: ['apply at 1'], result: gone('2') });
  });

  it('is one request where the apply removes it', async () => {
    expect(await run(left('1'), [gone('2')])).toMatchObject({ sent: ['apply at 1'], result: gone('2') });
  });

  it('removes explicitly what the apply leaves, at the version that the apply made', async () => {
    const sent = ['apply at 1', 'merge at 2'];
    expect(await run(left('1'), [left('2'), gone('3')])).toMatchObject({ sent, result: gone('3') });
  });

  it('removes first what makes the server reject the apply', async () => {
    const sent = ['apply at 1', 'merge at 1', 'apply at 2'];
    const found = await run(left('1'), [denied(), gone('2'), gone('3')]);
    expect(found).toMatchObject({ sent, result: gone('3') });
    const { metadata } = manifest;
    expect(found.manifests[2]).toEqual({ ...manifest, metadata: { ...metadata, uid: 'u', resourceVersion: '2' } });
  });

  it('is refused as the apply is, if everything is', async () => {
    const first = denied('the first');
    const { sent, result } = await run(left('1'), [first, denied('the second')]);
    expect(sent).toEqual(['apply at 1', 'merge at 1']);
    expect(result).toBe(first);
  });

  it.each([
    ['the removal is refused', [left('2'), denied()], /a policy says no/],
    ['it comes back at once', [left('2'), left('3')], /sets it again at once/],
    ['it comes back with the second apply', [denied(), gone('2'), left('3')], /sets it again at once/],
  ])('is no success if %s, and names the field and its manager', async (_, answers, why) => {
    const { result } = await run(left('1'), answers);
    expect(result).toBeInstanceOf(NotRemoved);
    const { reason, message } = (result as NotRemoved).verdict;
    expect(reason).toBe('FieldNotRemoved');
    expect(message).toContain(`Cluster db: metadata.labels.${labels.orphaned} (also set by "gitops")`);
    expect(message).toMatch(why);
  });

  it.each([
    ['nobody else', ['me'], 'orphaned has to be'],
    ['many', ['me', 'a', 'b', 'c', 'd'], 'orphaned (also set by "a","b","c") has to be'],
  ])('names at most three other managers, if it is set by %s', async (_, managers, text) => {
    const { result } = await run(left('1'), [left('2'), left('3', managers)]);
    expect((result as NotRemoved).verdict.message).toContain(text);
  });

  it('takes only an answer of the API server for a refusal', async () => {
    const bug = Object.assign(new TypeError('bug'), { code: 403 });
    expect(await run(left('1'), [bug])).toMatchObject({ sent: ['apply at 1'], result: bug });
  });

  it.each([
    ['the apply', [stale]],
    ['the removal', [left('2'), stale]],
    ['the second apply', [denied(), gone('2'), stale]],
  ])('fails with a conflict of %s', async (_, answers) => {
    expect((await run(left('1'), answers)).result).toBe(stale);
  });
});

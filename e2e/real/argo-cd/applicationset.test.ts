// Argo CD as a new user meets it, by the commands of docs/argo-cd.md and of the README: the platform team gives it the health check, and
// the app team an ApplicationSet for its repository, with a folder for each app.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../hack/cluster/wait.ts';
import { operatorNamespace, releaseName } from '../../../hack/install/operator.ts';
import { podGvr } from '../../../src/api/workload.ts';
import { secretText } from '../../harness/views.ts';
import { belongingsOf, untilNothingIsLeft } from '../belongings.ts';
import { Desk, Document } from '../documents.ts';
import { minutes, useReal } from '../real.ts';
import { type ApplicationStatus, ArgoCD } from './argo.ts';
import { filesOf } from './examples.ts';

const real = useReal();
let argo: ArgoCD;
let desk: Desk;
/** In place of `team-a`; the ApplicationSet has this name too. */
let team = '';

beforeAll(async () => {
  argo = await ArgoCD.start(real(), 'argocd');
  team = real().reserve('team');
  desk = await Desk.set(real(), team);
}, minutes(40));

const addonIn = ({ resources = [] }: ApplicationStatus) => resources.find(({ kind }) => kind === 'PostgresAddon');
const applications = async (): Promise<readonly string[]> => {
  const names = await real().kubectl(['get', 'application', '--namespace', 'argocd', '--output', 'name']);
  return names.split('\n').filter((name) => name !== '');
};

describe('the platform team', () => {
  it('gives Argo CD the health check and the actions by the commands of docs/argo-cd.md; the operator runs on', async () => {
    const operators = async (): Promise<readonly string[]> => {
      const pods = await real().client.list(podGvr, operatorNamespace, `app.kubernetes.io/instance=${releaseName}`);
      return pods.map(({ metadata }) => metadata.uid);
    };
    const before = await operators();
    const commands = (await Document.read('docs/argo-cd.md'))
      .section('## For the platform team: health and actions')
      .commands();
    expect(commands.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'helm upgrade',
      'kubectl get',
      'kubectl patch',
    ]);
    expect(await desk.run(...commands)).toContain('configmap/argocd-cm patched');
    expect(await operators()).toEqual(before);
    const get = ['get', 'configmap', 'argocd-cm', '--namespace', 'argocd', '--output', 'json'];
    const { data } = JSON.parse(await real().kubectl(get));
    // Its own settings are still there.
    expect(Object.keys(data)).toEqual(
      expect.arrayContaining(['installationID', 'resource.customizations.health.addons.paas.dev_PostgresAddon']),
    );
  });
});

describe('an app team', () => {
  it('has its app running, with a row read through DATABASE_URL, by the commands of the README', async () => {
    const revision = await argo.commit('Add shop', await filesOf('apps/shop'));
    const path = join(desk.folder, 'examples/argo-cd/applicationset.yaml');
    const text = await readFile(path, 'utf8');
    expect(text.match(/https:\/\/git\.example\.com\S*/g)).toHaveLength(2);
    const own = text.replaceAll(/https:\/\/git\.example\.com\S*/g, argo.url).replaceAll('team-a', team);
    await writeFile(path, own);
    const commands = (await Document.read('README.md')).section('### With Argo CD').commands();
    const output = await desk.run(...commands);
    expect(output).toContain('application.argoproj.io/shop condition met');
    expect(output).toMatch(/count\s+-+\s+[1-9]\d*\s+\(1 row\)/);
    expect(addonIn(await argo.healthy('shop', revision))?.health?.status).toBe('Healthy');
    expect(real().addons.latest(team, 'shop').status?.phase).toBe('running');
  });

  it('adds a folder, and has another app with a database of its own', async () => {
    const files = Object.entries(await filesOf('apps/shop'));
    const cafe = Object.fromEntries(
      files.map(([path, text]) => [path, text].map((part) => part.replaceAll('shop', 'cafe'))),
    );
    const revision = await argo.commit('Add cafe', cafe);
    await argo.refreshSet(team);
    await real().kubectl(['wait', '--namespace', 'argocd', '--for=create', '--timeout=10m', 'application/cafe']);
    await argo.healthy('cafe', revision);
    const [first, second] = await Promise.all(['shop', 'cafe'].map((name) => belongingsOf(real(), team, name)));
    const url = secretText(second?.urlSecret, 'DATABASE_URL');
    expect(url).toContain(`@db-${team}-cafe-rw.${team}:5432/`);
    expect(second?.cluster?.metadata.uid).not.toBe(first?.cluster?.metadata.uid);
    expect(second?.cluster?.metadata.uid).toBeDefined();
    expect(url).not.toBe(secretText(first?.urlSecret, 'DATABASE_URL'));
  });

  it('removes a folder, and nothing of its app is left; the other one is as it was', async () => {
    const { cluster } = await belongingsOf(real(), team, 'shop');
    const files = Object.keys(await filesOf('apps/shop')).map((path) => path.replaceAll('shop', 'cafe'));
    await argo.commit('Remove cafe', Object.fromEntries(files.map((path) => [path, undefined])));
    await argo.refreshSet(team);
    await eventually(
      'the Application to be gone',
      async () => expect(await applications()).toEqual(['application.argoproj.io/shop']),
      { timeoutMilliseconds: minutes(4) },
    );
    await untilNothingIsLeft(real(), team, 'cafe');
    expect(await real().kubectl(['get', 'deployment,job,pga', '--namespace', team, '--output', 'name'])).not.toContain(
      'cafe',
    );
    expect((await belongingsOf(real(), team, 'shop')).cluster?.metadata.uid).toBe(cluster?.metadata.uid);
  });

  it('deletes the ApplicationSet alone, and keeps the Applications and the databases', async () => {
    const commands = (await Document.read('docs/argo-cd.md')).section('## For an app team').commands();
    expect(await desk.run(...commands)).toContain(`applicationset.argoproj.io "${team}" deleted`);
    await argo.compared('shop');
    // The commit that removed the other folder makes Argo CD sync this one too.
    await eventually('Application shop to be healthy', async () => {
      expect((await argo.application('shop')).health?.status).toBe('Healthy');
    });
    expect((await belongingsOf(real(), team, 'shop')).cluster?.metadata.deletionTimestamp).toBeUndefined();
  });
});

// Values that the chart rejects, with a message that leads to the mistake.
import { describe, expect, it } from '@jest/globals';
import { refusal, render, type Values } from './helm.ts';

const refused: readonly (readonly [what: string, values: Values, words: readonly string[]])[] = [
  ['no replicas', { replicaCount: 0 }, ["at '/replicaCount': minimum: got 0, want 1"]],
  ['an unknown value', { replicas: 2 }, ["additional properties 'replicas' not allowed"]],
  [
    'an unknown value further down',
    { crds: { install: true } },
    ["at '/crds': additional properties 'install' not allowed"],
  ],
  ['an unknown log level', { logLevel: 'loud' }, ["at '/logLevel'", "'debug', 'info', 'warn', 'error'"]],
  ['no workers', { workers: 0 }, ["at '/workers': minimum: got 0, want 1"]],
  ['text for a number', { workers: 'many' }, ["at '/workers': got string, want integer"]],
  ['an unknown plan', { plans: { huge: { instances: 5 } } }, ["at '/plans': additional properties 'huge' not allowed"]],
  [
    'a plan without instances',
    { plans: { pro: { instances: 0 } } },
    ["at '/plans/pro/instances': minimum: got 0, want 1"],
  ],
  [
    'a plan with half an instance',
    { plans: { pro: { instances: 1.5 } } },
    ["at '/plans/pro/instances': got number, want integer"],
  ],
  [
    'a plan with a size that is none',
    { plans: { free: { storage: '1 GB' } } },
    ["at '/plans/free/storage'", 'does not match pattern'],
  ],
  [
    'a plan with shared buffers in Kubernetes units',
    { plans: { free: { sharedBuffers: '1Gi' } } },
    ["at '/plans/free/sharedBuffers'"],
  ],
  [
    'a plan with an unknown backup level',
    { plans: { pro: { backup: 'hourly' } } },
    ["at '/plans/pro/backup'", "'none', 'daily', 'pitr'"],
  ],
  [
    'a plan with an unknown field',
    { plans: { pro: { cpu: '2' } } },
    ["at '/plans/pro': additional properties 'cpu' not allowed"],
  ],
  ['a plan that says nothing', { plans: { pro: {} } }, ["at '/plans/pro': minProperties: got 0, want 1"]],
  ['an unsupported PostgreSQL', { postgres: { defaultVersion: '9' } }, ["at '/postgres/defaultVersion'"]],
  [
    'a version that is a number',
    { postgres: { defaultVersion: 17 } },
    ["at '/postgres/defaultVersion': got number, want string"],
  ],
  [
    'an image pattern without a version',
    { postgres: { imagePattern: 'postgres:17' } },
    ["at '/postgres/imagePattern'", '[{]version[}]'],
  ],
  [
    'an image pattern whose tag does not begin with the version',
    { postgres: { imagePattern: 'example.com/pg:v{version}' } },
    ["at '/postgres/imagePattern'", '[{]version[}]'],
  ],
  [
    "CloudNativePG's image pattern without type and Debian release",
    { postgres: { imagePattern: 'ghcr.io/cloudnative-pg/postgresql:{version}' } },
    ["at '/postgres/imagePattern'", 'not'],
  ],
  [
    'an unknown rollout of images',
    { postgres: { imageRollout: 'Window' } },
    ["at '/postgres/imageRollout'", "'Never', 'Now'"],
  ],
  [
    'an unknown check of the connection',
    { readiness: { connectionCheck: 'Never' } },
    ["at '/readiness/connectionCheck'"],
  ],
  ['a digest that is none', { image: { digest: 'latest' } }, ["at '/image/digest'"]],
  ['a tag in the repository', { image: { repository: 'example.com/operator@sha256:1' } }, ["at '/image/repository'"]],
  ['an unknown pull policy', { image: { pullPolicy: 'Sometimes' } }, ["at '/image/pullPolicy'"]],
  ['a namespace that is none', { watchNamespaces: ['Team_A'] }, ["at '/watchNamespaces/0'"]],
  ['a namespace twice', { watchNamespaces: ['a', 'a'] }, ["at '/watchNamespaces': items at 0 and 1 are equal"]],
  ['namespaces in one text', { watchNamespaces: 'a,b' }, ["at '/watchNamespaces': got string, want array"]],
  [
    'a memory limit of which no heap can be made',
    { resources: { limits: { memory: '1G' } } },
    ["at '/resources/limits/memory'"],
  ],
  ['a label that is no text', { podLabels: { version: 1 } }, ["at '/podLabels/version': got number, want string"]],
  [
    'a network policy without an API server',
    { networkPolicy: { apiServerPorts: [] } },
    ["at '/networkPolicy/apiServerPorts'"],
  ],
];

describe('the chart refuses', () => {
  it.each(refused)('%s', async (_, values, words) => {
    const said = await refusal(values);
    for (const word of words) expect(said).toContain(word);
  });
});

describe('the chart accepts', () => {
  it('what a parent chart shares', async () => {
    await expect(render({ global: { imageRegistry: 'example.com' } })).resolves.not.toHaveLength(0);
  });

  it('limits and requests beyond memory and CPU', async () => {
    await expect(
      render({
        resources: { requests: { cpu: 0.1, memory: '1e8' }, limits: { memory: '1Gi', 'ephemeral-storage': '10M' } },
      }),
    ).resolves.not.toHaveLength(0);
  });
});

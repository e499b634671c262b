import { expect, it } from '@jest/globals';
import type { Cluster } from '../cluster/cluster.ts';
import { providePostgresVersions } from './postgres-versions.ts';

it('a node in Docker pulls what is released: nothing is made', async () => {
  const cluster: Cluster = {
    name: 'none',
    profile: 'node',
    driver: 'kind',
    stateDirectory: '/none',
    kubeconfig: '/none',
    auditLog: '/none',
    bin: '/none',
    nsenter: [],
  };
  const said: string[] = [];
  const { first, minor, upgrade } = await providePostgresVersions(cluster, (line) => said.push(line));
  const tags = [first, minor, upgrade.from, upgrade.to].map(
    (image) => /^ghcr[.]io\/cloudnative-pg\/postgresql:(.+)$/.exec(image)?.[1],
  );
  expect(tags).toEqual([
    expect.stringMatching(/^17-standard-trixie$/),
    expect.stringMatching(/^17[.]\d+-standard-trixie$/),
    expect.stringMatching(/^17-standard-trixie$/),
    expect.stringMatching(/^18[.]\d+-standard-trixie$/),
  ]);
  expect(said).toEqual([]);
});

// Which certificates and kubeconfigs a cluster's components have, and in whose names. Made once per cluster; a second call changes nothing.
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderKubeconfig } from '../kubeconfig.ts';
import type { Identity } from '../names.ts';
import { harnessName, paths, serviceAddress } from './control-plane.ts';
import {
  type CertificateRequest,
  ensureAuthority,
  ensureCertificate,
  ensureServiceAccountKeys,
  readPair,
} from './pki.ts';

export interface CertificateSetting {
  readonly address: string;
  readonly apiServerPort: number;
  /** The name of the node, when there is one. */
  readonly nodeName?: string;
}

/** The name of a client that needs a kubeconfig, and the identity Kubernetes' own RBAC rules know it by. */
function clients(nodeName: string | undefined): Readonly<Record<string, CertificateRequest>> {
  const controlPlane = {
    admin: { commonName: 'admin', organizations: ['system:masters'] },
    // Its own name, so that what it does is never counted as an administrator's.
    harness: { commonName: harnessName, organizations: ['system:masters'] },
    'kube-controller-manager': { commonName: 'system:kube-controller-manager' },
  };
  if (nodeName === undefined) return controlPlane;
  return {
    ...controlPlane,
    'kube-scheduler': { commonName: 'system:kube-scheduler' },
    'kube-proxy': { commonName: 'system:kube-proxy' },
    kubelet: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
    coredns: { commonName: 'coredns', organizations: ['system:masters'] },
  };
}

/** Makes what is missing of the authority, all certificates and all kubeconfigs; the administrator's is where paths() says. */
export async function issueCertificates(identity: Identity, setting: CertificateSetting): Promise<void> {
  const { pki, config, kubeconfig } = paths(identity.stateDirectory);
  const authority = await ensureAuthority(pki);
  const certificateAuthority = (await readPair(authority)).certificate;
  const server = `https://${setting.address}:${setting.apiServerPort}`;
  await mkdir(config, { recursive: true });
  await Promise.all([
    ensureServiceAccountKeys(pki),
    ensureCertificate(pki, 'kube-apiserver', {
      commonName: 'kube-apiserver',
      alternativeNames: [
        ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map((name) => `DNS:${name}`),
        ...['DNS:kubernetes.default.svc.cluster.local', 'IP:127.0.0.1', `IP:${serviceAddress}`],
        ...(setting.address === '127.0.0.1' ? [] : [`IP:${setting.address}`]),
      ],
    }),
    ...(setting.nodeName === undefined
      ? []
      : [
          ensureCertificate(pki, 'kubelet-server', {
            commonName: setting.nodeName,
            alternativeNames: [`DNS:${setting.nodeName}`, `IP:${setting.address}`],
          }),
        ]),
    ...Object.entries(clients(setting.nodeName)).map(async ([name, request]) => {
      const pair = await readPair(await ensureCertificate(pki, name, request));
      const path = name === 'admin' ? kubeconfig : join(config, `${name}.kubeconfig`);
      await writeOnce(path, renderKubeconfig(identity.name, { server, certificateAuthority, ...pair }));
    }),
  ]);
}

async function writeOnce(path: string, text: string): Promise<void> {
  if (existsSync(path)) return;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

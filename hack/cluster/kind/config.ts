// The configuration of a kind cluster: one node, an audit log on this machine, and the files of config/ inside.
import { stringify } from 'yaml';
import { auditPolicy } from '../audit-policy.ts';

/** Where the node sees the state directory's config/ and log/. */
export const inNode = { config: '/etc/cluster-harness', log: '/var/log/cluster-harness' } as const;

/** The address kubeadm gives to the cluster's DNS: the tenth of the Service range, which kind leaves at 10.96.0.0/16. */
const dnsAddress = '10.96.0.10';

/** The files of config/ by name. */
export function configFiles(): Readonly<Record<string, string>> {
  return {
    'audit-policy.json': JSON.stringify(auditPolicy),
    'resolv.conf': `nameserver ${dnsAddress}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`,
  };
}

const apiServerFlags: Readonly<Record<string, string>> = {
  'audit-policy-file': `${inNode.config}/audit-policy.json`,
  'audit-log-path': `${inNode.log}/audit.jsonl`,
  'audit-log-maxsize': '0',
};

/**
 * The configuration of the cluster.
 * @param stateDirectory absolute path on this machine
 */
export function kindConfig(stateDirectory: string): string {
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [
      {
        role: 'control-plane',
        extraMounts: [
          { hostPath: `${stateDirectory}/config`, containerPath: inNode.config, readOnly: true },
          { hostPath: `${stateDirectory}/log`, containerPath: inNode.log },
        ],
        kubeadmConfigPatches: [
          kubeadmPatch('kubeadm.k8s.io/v1beta3', apiServerFlags),
          // kind speaks this version from Kubernetes 1.36 on; a patch changes only a document of its own version.
          kubeadmPatch(
            'kubeadm.k8s.io/v1beta4',
            Object.entries(apiServerFlags).map(([name, value]) => ({ name, value })),
          ),
        ],
      },
    ],
  });
}

function kubeadmPatch(apiVersion: string, extraArgs: unknown): string {
  const volume = (name: string, path: string, readOnly: boolean) => ({
    name,
    hostPath: path,
    mountPath: path,
    readOnly,
    pathType: 'DirectoryOrCreate',
  });
  return stringify({
    apiVersion,
    kind: 'ClusterConfiguration',
    apiServer: {
      extraArgs,
      extraVolumes: [volume('harness-config', inNode.config, true), volume('harness-log', inNode.log, false)],
    },
  });
}

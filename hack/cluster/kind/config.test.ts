import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { kindConfig } from './config.ts';

describe('kindConfig', () => {
  const [node] = parse(kindConfig('/state/demo')).nodes;

  it('keeps the audit log on this machine', () => {
    expect(node.extraMounts).toContainEqual({ hostPath: '/state/demo/log', containerPath: '/var/log/cluster-harness' });
  });

  it('asks for the audit log in both versions of the kubeadm API that kind speaks', () => {
    const [map, list] = node.kubeadmConfigPatches.map((patch: string) => parse(patch));
    expect(map.apiVersion).toBe('kubeadm.k8s.io/v1beta3');
    expect(map.apiServer.extraArgs['audit-log-path']).toBe('/var/log/cluster-harness/audit.jsonl');
    expect(list.apiVersion).toBe('kubeadm.k8s.io/v1beta4');
    expect(list.apiServer.extraArgs).toContainEqual({
      name: 'audit-log-path',
      value: '/var/log/cluster-harness/audit.jsonl',
    });
  });
});

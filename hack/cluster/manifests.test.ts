import { describe, expect, it } from '@jest/globals';
import type { Manifest } from './client.ts';
import { adaptCnpg, adaptPlugin, storageClasses } from './manifests.ts';

const deployment = (name: string, container: object): Manifest =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'cnpg-system' },
    spec: { replicas: 1, template: { spec: { serviceAccountName: name, containers: [{ name, ...container }] } } },
  }) as Manifest;
const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cnpg-system' } };

describe('adaptCnpg', () => {
  it('changes nothing but when the image is pulled', () => {
    const adapted = adaptCnpg([namespace, deployment('manager', { image: 'cnpg:1', imagePullPolicy: 'Always' })]);
    expect(adapted).toEqual([namespace, deployment('manager', { image: 'cnpg:1', imagePullPolicy: 'IfNotPresent' })]);
  });
});

describe('adaptPlugin', () => {
  const adaptation = {
    image: 'plugin:1',
    sidecarImage: 'sidecar:1',
    tls: { certificate: 'CERTIFICATE', key: 'KEY' },
  };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'plugin-config', namespace: 'cnpg-system' },
    data: { SIDECAR_IMAGE: 'b2xk' },
  };
  const issuer: Manifest = { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: 'self-signed' } };
  const adapted = adaptPlugin([deployment('plugin', { image: 'testing:main' }), secret, issuer], adaptation);

  it('leaves out what asks for cert-manager, and brings the Secrets it would have made', () => {
    expect(adapted.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'Deployment/plugin',
      'Secret/plugin-config',
      'Secret/barman-cloud-server-tls',
      'Secret/barman-cloud-client-tls',
    ]);
    expect(adapted[2]).toMatchObject({ type: 'kubernetes.io/tls', stringData: { 'tls.key': 'KEY' } });
  });

  it('names the released images', () => {
    expect(adapted[0]).toMatchObject({ spec: { template: { spec: { containers: [{ image: 'plugin:1' }] } } } });
    expect(adapted[1]).toMatchObject({ data: { SIDECAR_IMAGE: Buffer.from('sidecar:1').toString('base64') } });
  });
});

describe('storageClasses', () => {
  it('are a default one that grows and one that does not', () => {
    const classes = storageClasses({ provisioner: 'example.com/disk', volumeBindingMode: 'Immediate' });
    expect(classes).toMatchObject([
      {
        metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        allowVolumeExpansion: true,
      },
      { metadata: { name: 'fixed' }, allowVolumeExpansion: false },
    ]);
  });
});

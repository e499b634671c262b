import { expect, it } from '@jest/globals';
import type { KubeObject } from './kubernetes.ts';
import { managersOf } from './managed-fields.ts';

/** As kubectl apply --server-side and a POST are recorded. */
const managedFields = [
  {
    manager: 'gitops',
    operation: 'Apply',
    fieldsV1: {
      'f:metadata': {
        'f:labels': { 'f:addons.paas.dev/orphaned': {} },
        'f:ownerReferences': { 'k:{"uid":"u-1"}': {} },
      },
      'f:spec': { 'f:postgresql': { 'f:synchronous': { 'f:number': {} } } },
    },
  },
  { manager: 'creator', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:ownerReferences': {} } } },
  { manager: 'whole', operation: 'Update', fieldsV1: { 'f:status': {} } },
  { manager: 'broken', operation: 'Update', fieldsV1: 'not an object' },
];
const object = {
  apiVersion: 'v1',
  kind: 'Cluster',
  metadata: { name: 'db', namespace: 'a', uid: 'u', resourceVersion: '1', managedFields },
} as KubeObject;

it.each([
  [
    ['metadata', 'ownerReferences', 'u-1'],
    ['creator', 'gitops'],
  ],
  [['metadata', 'ownerReferences', 'u-2'], ['creator']],
  [['metadata', 'labels', 'addons.paas.dev/orphaned'], ['gitops']],
  [['metadata', 'labels', 'other'], []],
  [['spec', 'postgresql', 'synchronous'], ['gitops']],
  [['spec', 'instances'], []],
  [['status', 'phase'], ['whole']],
])('the managers of %j', (path, managers) => {
  expect(managersOf(object, path)).toEqual(managers);
});

it('nobody, where managedFields were cleared', () => {
  const cleared = { ...object, metadata: { ...object.metadata, managedFields: [{}] } } as KubeObject;
  expect(managersOf(cleared, ['metadata', 'ownerReferences', 'u-1'])).toEqual([]);
});

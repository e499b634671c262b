import { expect, it } from '@jest/globals';
import { definitionsIn } from './manifests.ts';

it('the CRDs of a manifest are its documents of that kind, whole and by name', () => {
  const manifest = `
apiVersion: v1
kind: Namespace
metadata:
  name: system
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.org
spec: {description: "a --- inside"}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: others.example.org
`;
  const definitions = definitionsIn(manifest);
  expect([...definitions.keys()]).toEqual(['things.example.org', 'others.example.org']);
  expect(definitions.get('things.example.org')).toContain('a --- inside');
});

// How requests are named in metrics.
import { describe, expect, it } from '@jest/globals';
import { requestInfo } from './request-info.ts';
import type { ApiRequest } from './transport.ts';

describe('requestInfo', () => {
  const table: readonly (readonly [ApiRequest['method'], string, Record<string, string>, string, string])[] = [
    ['GET', '/api/v1/namespaces/ns/secrets', {}, 'list', 'secrets'],
    ['GET', '/api/v1/secrets', { watch: 'true' }, 'watch', 'secrets'],
    ['GET', '/apis/postgresql.cnpg.io/v1/namespaces/ns/clusters/a', {}, 'get', 'clusters'],
    ['PATCH', '/apis/postgresql.cnpg.io/v1/namespaces/ns/clusters/a/status', {}, 'patch', 'clusters/status'],
    ['POST', '/apis/events.k8s.io/v1/namespaces/ns/events', {}, 'create', 'events'],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/ns/leases/a', {}, 'update', 'leases'],
    ['DELETE', '/api/v1/namespaces/ns/secrets/a', {}, 'delete', 'secrets'],
    ['DELETE', '/api/v1/namespaces/ns/secrets', {}, 'deletecollection', 'secrets'],
    ['GET', '/api/v1/namespaces', {}, 'list', 'namespaces'],
    ['GET', '/api/v1/namespaces/ns', {}, 'get', 'namespaces'],
    [
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.example.org',
      {},
      'get',
      'customresourcedefinitions',
    ],
    ['GET', '/apis/postgresql.cnpg.io/v1', {}, 'get', 'none'],
    ['GET', '/version', {}, 'get', 'none'],
    ['GET', '/openapi/v3/apis/addons.paas.dev/v1alpha1', {}, 'get', 'none'],
  ];
  for (const [method, path, query, verb, resource] of table) {
    it(`${method} ${path} is ${verb} ${resource}`, () => {
      expect(requestInfo({ method, path, query })).toEqual({ verb, resource });
    });
  }
});

// The request of each operation on objects, and how the responses are interpreted.
import { describe, expect, it } from '@jest/globals';
import type { Gvr, KubeObject, PinnedManifest } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { resourcePath, resources } from './resources.ts';
import { HandTransport, page, thing } from './testing.ts';

const gvr: Gvr = { group: 'example.org', version: 'v1', plural: 'things', kind: 'Thing' };
const core: Gvr = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
const manifest: PinnedManifest = {
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'ns', uid: 'uid-1', resourceVersion: '7' },
  spec: { size: 1 },
};
const itself = (object: KubeObject): KubeObject => object;
const { uid: _uid, resourceVersion: _version, ...nameless } = manifest.metadata;

describe('resourcePath', () => {
  it('follows the API conventions', () => {
    expect(resourcePath(gvr)).toBe('/apis/example.org/v1/things');
    expect(resourcePath(gvr, 'ns', 'a', 'status')).toBe('/apis/example.org/v1/namespaces/ns/things/a/status');
    expect(resourcePath(core, 'ns')).toBe('/api/v1/namespaces/ns/secrets');
    expect(resourcePath(core, undefined, 'system:A/b')).toBe('/api/v1/secrets/system%3AA%2Fb');
  });

  for (const bad of ['', '.', '..']) {
    it(`refuses '${bad}' as a name or a namespace`, () => {
      expect(() => resourcePath(gvr, 'ns', bad)).toThrow(TypeError);
      expect(() => resourcePath(gvr, bad, 'a')).toThrow(TypeError);
    });
  }
});

describe('resources', () => {
  it('gets an object', async () => {
    const transport = new HandTransport();
    const got = resources(transport, gvr).get('ns', 'a');
    const call = await transport.call();
    expect(call.request).toEqual({ method: 'GET', path: '/apis/example.org/v1/namespaces/ns/things/a' });
    call.answer({ ...thing('a', 7), unknown: { kept: true } });
    expect(await got).toMatchObject({ metadata: { name: 'a', resourceVersion: '7' }, unknown: { kept: true } });
  });

  it('gets an object that only explains by a request that ends soon', async () => {
    const transport = new HandTransport();
    const got = resources(transport, gvr).getBriefly('ns', 'a');
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'GET',
      path: '/apis/example.org/v1/namespaces/ns/things/a',
      timeoutMilliseconds: 10_000,
    });
    call.answer(thing('a', 7));
    expect(await got).toMatchObject({ metadata: { name: 'a' } });
  });

  it('says that an object does not exist only when the server says so', async () => {
    const transport = new HandTransport();
    const client = resources(transport, gvr);
    const absent = client.get('ns', 'a');
    (await transport.call()).fail(new ApiError({ code: 404, reason: 'NotFound', message: 'things "a" not found' }));
    expect(await absent).toBeUndefined();
    for (const reason of ['NotServed', 'Forbidden']) {
      const unknown = client.get('ns', 'a');
      (await transport.call()).fail(new ApiError({ code: 404, reason, message: '' }));
      await expect(unknown).rejects.toMatchObject({ reason });
    }
    const nonsense = client.get('ns', 'a');
    (await transport.call()).answer({ kind: 'Status' });
    await expect(nonsense).rejects.toMatchObject({ code: 0, reason: 'Network' });
  });

  it('lists all pages with a selector, fills in the type, and begins again when the token expires', async () => {
    const transport = new HandTransport();
    const listed = resources(transport, core).list('ns', { labelSelector: 'a=b' });
    (await transport.call()).answer(page([thing('a', 1)], 10, 'next'));
    (await transport.call()).fail(new ApiError({ code: 410, reason: 'Expired', message: '' }));
    const first = await transport.call();
    expect(first.request.query).toEqual({ labelSelector: 'a=b', limit: '500' });
    const { kind: _kind, apiVersion: _apiVersion, ...typeless } = thing('b', 2);
    first.answer({ metadata: { resourceVersion: '20', continue: 'more' }, items: [typeless] });
    const second = await transport.call();
    expect(second.request.query).toEqual({ labelSelector: 'a=b', limit: '500', continue: 'more' });
    second.answer(page([thing('c', 3)], 20));
    const objects = await listed;
    expect(objects.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).toEqual([
      'v1 Secret b',
      'v1 Secret c',
    ]);
  });

  it('lists the first objects by one request, however many there are', async () => {
    const transport = new HandTransport();
    const listed = resources(transport, core).listFirst('ns', 2, itself, { fieldSelector: 'type=Warning' });
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'GET',
      path: '/api/v1/namespaces/ns/secrets',
      query: { fieldSelector: 'type=Warning', limit: '2' },
      timeoutMilliseconds: 10_000,
      mostBytes: 1024 * 1024,
    });
    call.answer(page([thing('a', 1), thing('b', 2)], 10, 'more'));
    expect(await listed).toMatchObject({
      complete: false,
      items: [{ kind: 'Secret', apiVersion: 'v1', metadata: { name: 'a' } }, {}],
    });
    expect((await listed).items[0]?.metadata).not.toHaveProperty('managedFields');
    expect(transport.waiting).toBe(0);
  });

  it('lists fewer of the first objects when they are too large, down to one', async () => {
    const transport = new HandTransport();
    const listed = resources(transport, core).listFirst('ns', 500, itself);
    const tooLarge = new ApiError({ code: 0, reason: 'TooLarge', message: 'too large' });
    for (const limit of ['500', '125', '31', '7']) {
      const call = await transport.call();
      expect(call.request.query).toEqual({ limit });
      call.fail(tooLarge);
    }
    (await transport.call()).answer(page([thing('a', 1)], 10, 'more'));
    expect(await listed).toMatchObject({ complete: false, items: [{ metadata: { name: 'a' } }] });
    const never = expect(resources(transport, core).listFirst('ns', 1, itself)).rejects.toMatchObject({
      reason: 'TooLarge',
    });
    (await transport.call()).fail(tooLarge);
    await never;
  });

  it('creates by an apply that no existing object can satisfy', async () => {
    const transport = new HandTransport();
    const created = resources(transport, gvr).create({ ...manifest, metadata: nameless }, 'me');
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'PATCH',
      path: '/apis/example.org/v1/namespaces/ns/things/a',
      query: { fieldManager: 'me', force: 'true' },
      body: { ...manifest, metadata: { ...nameless, resourceVersion: '1' } },
      contentType: 'application/apply-patch+yaml',
    });
    call.answer(thing('a', 7));
    expect((await created).metadata.resourceVersion).toBe('7');
  });

  it('apply pins the object and takes the fields', async () => {
    const transport = new HandTransport();
    const applied = resources(transport, gvr).apply(manifest, 'me');
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'PATCH',
      path: '/apis/example.org/v1/namespaces/ns/things/a',
      query: { fieldManager: 'me', force: 'true' },
      body: manifest,
      contentType: 'application/apply-patch+yaml',
    });
    call.answer(thing('a', 8));
    expect((await applied).metadata.resourceVersion).toBe('8');
  });

  it('apply takes the refusal to change the uid for a conflict, and no other refusal', async () => {
    const transport = new HandTransport();
    for (const [field, expected] of [
      ['metadata.uid', { code: 409, reason: 'Conflict', message: 'immutable' }],
      ['spec.size', { code: 422, reason: 'Invalid', message: 'immutable' }],
    ] as const) {
      const applied = resources(transport, gvr).apply(manifest, 'me');
      const causes = [field, 'metadata.labels'].map((which) => ({ field: which, message: 'field is immutable' }));
      (await transport.call()).fail(new ApiError({ code: 422, reason: 'Invalid', message: 'immutable', causes }));
      await expect(applied).rejects.toMatchObject(expected);
    }
  });

  it.each(['uid', 'resourceVersion'])('apply refuses a manifest without %s, and sends nothing', async (pin) => {
    const transport = new HandTransport();
    const metadata = { ...manifest.metadata, [pin]: '' };
    const applied = resources(transport, gvr).apply({ ...manifest, metadata }, 'me');
    await expect(applied).rejects.toThrow(TypeError);
    expect(transport.waiting).toBe(0);
  });

  it('replaces a status at the observed version, and takes nothing that is not pinned', async () => {
    const transport = new HandTransport();
    const client = resources(transport, gvr);
    const replaced = client.replaceStatus({ ...manifest, status: { phase: 'running' } }, 'me');
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'PATCH',
      path: '/apis/example.org/v1/namespaces/ns/things/a/status',
      query: { fieldManager: 'me' },
      body: [
        { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
        { op: 'add', path: '/status', value: { phase: 'running' } },
      ],
      contentType: 'application/json-patch+json',
    });
    call.answer(thing('a', 8));
    expect((await replaced).metadata.resourceVersion).toBe('8');
    for (const pin of ['uid', 'resourceVersion']) {
      const unpinned = { ...manifest, metadata: { ...manifest.metadata, [pin]: '' }, status: {} };
      await expect(client.replaceStatus(unpinned, 'me')).rejects.toThrow(TypeError);
    }
    expect(transport.waiting).toBe(0);
  });

  it('merges with null for what is undefined, and takes nothing that is not pinned', async () => {
    const transport = new HandTransport();
    const { metadata } = manifest;
    const labels = { kept: 'x', gone: undefined };
    const spec = { list: [{ a: undefined }], gone: undefined };
    const merged = resources(transport, gvr).merge({ ...manifest, metadata: { ...metadata, labels }, spec }, 'me');
    const call = await transport.call();
    expect(call.request).toEqual({
      method: 'PATCH',
      path: '/apis/example.org/v1/namespaces/ns/things/a',
      query: { fieldManager: 'me' },
      body: {
        ...manifest,
        metadata: { ...metadata, labels: { kept: 'x', gone: null } },
        spec: { list: [{ a: null }], gone: null },
      },
      contentType: 'application/merge-patch+json',
    });
    call.answer(thing('a', 8));
    expect((await merged).metadata.resourceVersion).toBe('8');
    for (const pin of ['uid', 'resourceVersion']) {
      const unpinned = { ...manifest, metadata: { ...metadata, [pin]: '' } };
      await expect(resources(transport, gvr).merge(unpinned, 'me')).rejects.toThrow(TypeError);
    }
    expect(transport.waiting).toBe(0);
  });

  it('deletes exactly what was observed', async () => {
    const transport = new HandTransport();
    const deleted = resources(transport, gvr).delete('ns', 'a', { uid: 'uid-1', resourceVersion: '7' });
    const call = await transport.call();
    expect(call.request).toMatchObject({
      method: 'DELETE',
      path: '/apis/example.org/v1/namespaces/ns/things/a',
      body: { kind: 'DeleteOptions', preconditions: { uid: 'uid-1', resourceVersion: '7' } },
    });
    call.answer({ kind: 'Status', status: 'Success' });
    await deleted;
    const refused = resources(transport, gvr).delete('ns', 'a', { uid: 'uid-1', resourceVersion: '7' });
    const conflict = new ApiError({ code: 409, reason: 'Conflict', message: 'changed' });
    (await transport.call()).fail(conflict);
    await expect(refused).rejects.toBe(conflict);
    await expect(resources(transport, gvr).delete('ns', '', { uid: 'uid-1', resourceVersion: '7' })).rejects.toThrow(
      TypeError,
    );
    expect(transport.waiting).toBe(0);
  });
});

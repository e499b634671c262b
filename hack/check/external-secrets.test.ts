// The manifests of docs/connect.md for the External Secrets Operator fit the schemas of its CRDs, of which external-secrets.yaml has the parts
// that they use.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { urlSecretName } from '../../src/domain/names.ts';
import { repositoryRoot } from '../toolchain/repository.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<'name' | 'namespace', string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a spec of another project, which the schema is about
  readonly spec: any;
}
interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const schemas: Readonly<Record<string, { readonly apiVersion: string; readonly spec: Schema }>> = parse(
  readFileSync(join(import.meta.dirname, 'external-secrets.yaml'), 'utf8'),
);
const document = readFileSync(join(repositoryRoot, 'docs/connect.md'), 'utf8');
const manifests = [...document.matchAll(/^```yaml\n(.*?)^```/gms)]
  .map(([, text = '']) => parse(text) as Manifest)
  .filter(({ apiVersion }) => apiVersion.startsWith('external-secrets.io/'));

function manifestOf(kind: string): Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`docs/connect.md has not one ${kind}`);
  return found;
}

/** The same schema, for a server that takes no field that it does not know, as `kubectl apply` asks for. */
function closed(schema: Schema): Schema {
  const { properties, items } = schema;
  const inside = Object.entries(properties ?? {}).map(([name, one]) => [name, closed(one)] as const);
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(inside), additionalProperties: false }),
    ...(items === undefined ? {} : { items: closed(items) }),
  };
}

/** What the server would refuse in the spec of a kind. */
function mistakesIn(kind: string, spec: unknown): readonly string[] {
  const validate = new Ajv({ allErrors: true }).compile(closed(schemas[kind]?.spec ?? {}));
  validate(spec);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

it('are all that there are', () => {
  expect(manifests.map(({ kind }) => kind).sort()).toEqual(Object.keys(schemas).sort());
});

describe.each(Object.keys(schemas))('%s', (kind) => {
  it('has the version that is served, and a spec that the server takes', () => {
    const { apiVersion, spec } = manifestOf(kind);
    expect(apiVersion).toBe(schemas[kind]?.apiVersion);
    expect(mistakesIn(kind, spec)).toEqual([]);
  });
});

it('a mistake would be noticed', () => {
  const { spec } = manifestOf('PushSecret');
  const [data] = spec.data;
  const strange = { ...spec, data: [{ match: { ...data.match, remoteRef: { key: 'team-a/shop' } } }] };
  expect(mistakesIn('PushSecret', strange)).toEqual([
    "/data/0/match/remoteRef must have required property 'remoteKey'",
    '/data/0/match/remoteRef must NOT have additional properties',
  ]);
  expect(mistakesIn('ExternalSecret', spec)).toContain(' must NOT have additional properties');
});

it('copy the Secret of the addon, and read what was written, into one that is none of the operator', () => {
  const push = manifestOf('PushSecret').spec;
  const pull = manifestOf('ExternalSecret').spec;
  const [{ match }] = push.data;
  const [{ secretKey, remoteRef }] = pull.data;
  expect(push.selector.secret.name).toBe(urlSecretName('shop'));
  expect([match.secretKey, secretKey]).toEqual(['DATABASE_URL', 'DATABASE_URL']);
  expect([remoteRef.key, remoteRef.property]).toEqual([match.remoteRef.remoteKey, match.remoteRef.property]);
  expect(pull.secretStoreRef).toEqual(push.secretStoreRefs[0]);
  expect(pull.target.name).not.toMatch(/^app-/);
});

// Puts custom resource definitions into a cluster and waits until their kinds are served. It must never change what they say.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { KubeApi, Manifest } from '../kube-api.ts';
import { waitFor } from '../wait.ts';

const definitionSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    group: z.string(),
    names: z.looseObject({ plural: z.string() }),
    versions: z.array(z.looseObject({ name: z.string(), served: z.boolean() })),
  }),
});

export type Definition = z.infer<typeof definitionSchema>;

/** @param files paths of YAML files with one definition each. @throws ZodError for a file that holds something else */
export async function readDefinitions(files: readonly string[]): Promise<readonly Definition[]> {
  return await Promise.all(files.map(async (file) => definitionSchema.parse(parse(await readFile(file, 'utf8')))));
}

/** Those of the manifests that are definitions. */
export function asDefinitions(manifests: readonly Manifest[]): readonly Definition[] {
  return manifests
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
    .map((manifest) => definitionSchema.parse(manifest));
}

/** Applies all definitions at once. @returns when each served version answers a list */
export async function installDefinitions(
  definitions: readonly Definition[],
  api: KubeApi,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    definitions.map(async (definition) => {
      await api.apply(definition satisfies Manifest);
      await waitUntilServed(definition, api, signal);
    }),
  );
}

async function waitUntilServed({ spec, metadata }: Definition, api: KubeApi, signal: AbortSignal): Promise<void> {
  for (const version of spec.versions.filter(({ served }) => served)) {
    const path = `/apis/${spec.group}/${version.name}/${spec.names.plural}?limit=1`;
    await waitFor({ what: `The kind ${metadata.name}`, timeoutMilliseconds: 30_000, signal }, () => api.get(path));
  }
}

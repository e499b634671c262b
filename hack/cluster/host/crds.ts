// Puts custom resource definitions into a cluster and waits until their kinds are served. It must never change what they say.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { ApiError } from '../../../src/kube/errors.ts';
import { resources } from '../../../src/kube/resources.ts';
import type { KubeClient, Manifest } from '../client.ts';
import { eventually, isUnexpected, NotYet } from '../wait.ts';

const definitionSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    group: z.string(),
    names: z.looseObject({ plural: z.string(), kind: z.string() }),
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
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    definitions.map(async (definition) => {
      await client.apply(definition);
      await waitUntilServed(definition, client, signal);
    }),
  );
}

async function waitUntilServed({ spec, metadata }: Definition, client: KubeClient, signal: AbortSignal): Promise<void> {
  const { group, names } = spec;
  for (const { name: version } of spec.versions.filter(({ served }) => served)) {
    const kind = resources(client.transport, { group, version, plural: names.plural, kind: names.kind });
    const look = async (): Promise<void> => {
      try {
        await kind.listFirst(undefined, 1, ({ metadata }) => metadata.name);
      } catch (error) {
        throw error instanceof ApiError && error.code === 404 ? new NotYet(error.message) : error;
      }
    };
    await eventually(`the kind ${metadata.name}`, look, { everyMilliseconds: 50, signal, isFinal: isUnexpected });
  }
}

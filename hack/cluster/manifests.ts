// Reads manifests of many documents and changes in them the little that a cluster without a registry and without cert-manager needs. Everything else stays as its authors released it.
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Manifest } from './client.ts';

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/** @param path of a YAML file of many documents; empty ones are left out. @throws ZodError for a document that is no manifest */
export async function readManifests(path: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(path, 'utf8'))
    .map((document) => document.toJS() as unknown)
    .filter((content) => content !== null)
    .map((content) => manifestSchema.parse(content));
}

const containerSchema = z.looseObject({ name: z.string(), image: z.string() });
const deploymentSchema = z.looseObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({ spec: z.looseObject({ containers: z.array(containerSchema) }) }),
  }),
});

type Container = z.infer<typeof containerSchema>;

/** CloudNativePG's release manifest, with images that are taken from the node when they are there. */
export function adaptCnpg(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.map((manifest) => changeContainers(manifest, (container) => ({ ...container, ...pulledIfAbsent })));
}

export interface PluginAdaptation {
  readonly image: string;
  readonly sidecarImage: string;
  /** PEM texts of a self-signed pair for the host name `barman-cloud`, in place of cert-manager's. */
  readonly tls: { readonly certificate: string; readonly key: string };
}

/** The Barman Cloud plugin's manifest without what cert-manager would have to fulfil, and with released images. */
export function adaptPlugin(manifests: readonly Manifest[], adaptation: PluginAdaptation): readonly Manifest[] {
  const changed = manifests
    .filter((manifest) => !manifest.apiVersion.startsWith('cert-manager.io/'))
    .map((manifest) =>
      changeContainers(manifest, (container) => ({
        ...container,
        ...pulledIfAbsent,
        image: adaptation.image,
        // As released, the first look comes after ten seconds: a cluster would be up that much later.
        readinessProbe: { tcpSocket: { port: 9090 }, periodSeconds: 1 },
      })),
    )
    .map((manifest) => replaceSidecarImage(manifest, adaptation.sidecarImage));
  return [
    ...changed,
    tlsSecret('barman-cloud-server-tls', adaptation.tls),
    tlsSecret('barman-cloud-client-tls', adaptation.tls),
  ];
}

export const cnpgNamespace = 'cnpg-system';

const pulledIfAbsent = { imagePullPolicy: 'IfNotPresent' } as const;

function changeContainers(manifest: Manifest, change: (container: Container) => Container): Manifest {
  if (manifest.kind !== 'Deployment') return manifest;
  const { spec, ...rest } = deploymentSchema.parse(manifest);
  const { template } = spec;
  const containers = template.spec.containers.map(change);
  return { ...rest, spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } } } as Manifest;
}

const sidecarSecretSchema = z.looseObject({ data: z.looseObject({ SIDECAR_IMAGE: z.string() }) });

function replaceSidecarImage(manifest: Manifest, image: string): Manifest {
  const secret = sidecarSecretSchema.safeParse(manifest);
  if (manifest.kind !== 'Secret' || !secret.success) return manifest;
  return { ...manifest, data: { SIDECAR_IMAGE: Buffer.from(image).toString('base64') } } as Manifest;
}

function tlsSecret(name: string, tls: PluginAdaptation['tls']): Manifest {
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: cnpgNamespace },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': tls.certificate, 'tls.key': tls.key, 'ca.crt': tls.certificate },
  };
  return manifest;
}

/** The default class grows its volumes, by the harness's expander. */
export const expandableClass = 'standard';
/** For what happens when a class does not. */
export const fixedClass = 'fixed';

/** Both classes, of one provisioner. */
export function storageClasses(provisioning: {
  readonly provisioner: string;
  readonly volumeBindingMode: 'Immediate' | 'WaitForFirstConsumer';
}): readonly Manifest[] {
  const storageClass = (name: string, isDefault: boolean) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) } },
    ...provisioning,
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: isDefault,
  });
  return [storageClass(expandableClass, true), storageClass(fixedClass, false)];
}

/** The smallest Cluster that CloudNativePG accepts: a dry run of it shows whether its webhooks serve. */
export const smallestCluster = {
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: 'webhooks-serve', namespace: 'default' },
  spec: { instances: 1, storage: { size: '1Gi' } },
} as const;

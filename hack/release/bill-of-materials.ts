// The software bill of materials of the image, as CycloneDX. cyclonedx-esbuild lists the packages in the bundle; the rest of the image
// is added here. It must never leave out a file of the image.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DebianPackage } from './debian.ts';

const license = z.looseObject({
  license: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
  expression: z.string().optional(),
});
const evidence = z.object({
  licenses: z.array(z.object({ license: z.object({ text: z.object({ content: z.base64() }) }) })).optional(),
});
const component = z.looseObject({
  'bom-ref': z.string(),
  group: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  licenses: z.array(license).optional(),
  evidence: evidence.optional(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});
const schema = z.looseObject({
  metadata: z.looseObject({ component }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

/** What cyclonedx-esbuild writes (CycloneDX 1.6), as far as it is read here. */
export type BundleBill = z.infer<typeof schema>;
export type BundleComponent = z.infer<typeof component>;

/** A file of the image. */
export interface ImageFile {
  /** Its absolute path in the image. */
  readonly path: string;
  /** SHA-256 of its content, hexadecimal. */
  readonly sha256: string;
}

export interface Image {
  /** The repository, without tag and digest. */
  readonly repository: string;
  readonly version: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** As OCI names it. */
  readonly architecture: string;
  readonly node: { readonly version: string; readonly files: readonly ImageFile[] };
  readonly debian: readonly { readonly package: DebianPackage; readonly files: readonly ImageFile[] }[];
  /** Those that are neither Node's nor a Debian package's. */
  readonly files: readonly ImageFile[];
}

/**
 * Reads what cyclonedx-esbuild wrote, without the modules that are in no package: they are this repository's own.
 * @throws ZodError when it is something else
 */
export function readBundleBill(text: string): BundleBill {
  const bill = schema.parse(JSON.parse(text));
  const virtual = new Set(bill.components.filter(isVirtual).map((one) => one['bom-ref']));
  const behind = (ref: string): readonly string[] =>
    virtual.has(ref) ? (bill.dependencies.find((one) => one.ref === ref)?.dependsOn ?? []).flatMap(behind) : [ref];
  return {
    ...bill,
    components: bill.components.filter((one) => !isVirtual(one)),
    dependencies: bill.dependencies
      .filter(({ ref }) => !virtual.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: [...new Set(dependsOn.flatMap(behind))].sort() })),
  };
}

function isVirtual({ properties = [] }: BundleComponent): boolean {
  return properties.some(({ name, value }) => name === 'cdx:esbuild:input:isVirtual' && value === 'true');
}

/** The name of an npm package, with its scope. */
export function nameOf({ group, name }: BundleComponent): string {
  return group === undefined ? name : `${group}/${name}`;
}

/** The licenses that a package declares: SPDX identifiers, or whatever else its package.json says. */
export function declaredLicenses({ licenses = [] }: BundleComponent): readonly string[] {
  return licenses.map(({ license: one, expression }) => one?.id ?? one?.name ?? expression ?? 'unknown');
}

/** The texts of the license files that a package has. */
export function licenseTexts({ evidence: found }: BundleComponent): readonly string[] {
  return (found?.licenses ?? []).map(({ license: { text } }) => Buffer.from(text.content, 'base64').toString());
}

/**
 * The bill of materials of an image (CycloneDX 1.6). The same image and time give the same text.
 * @param bundle as readBundleBill gives it; texts of licenses are left out
 * @param time of the commit that the image is made from
 */
export function billOfMaterials(bundle: BundleBill, image: Image, time: Date): string {
  const root = bundle.metadata.component['bom-ref'];
  const added = [nodeComponent(image), ...image.debian.map(debianComponent), ...image.files.map(fileComponent)];
  const bill = {
    ...bundle,
    metadata: {
      ...bundle.metadata,
      timestamp: time.toISOString(),
      component: containerComponent(bundle.metadata.component, image),
    },
    components: [...bundle.components.map(({ evidence: _, ...rest }) => rest), ...added],
    dependencies: bundle.dependencies.map(({ ref, dependsOn = [] }) => ({
      ref,
      dependsOn: ref === root ? [...dependsOn, ...added.map((one) => one['bom-ref'])] : dependsOn,
    })),
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(bill))}`;
  return `${JSON.stringify({ ...bill, serialNumber }, undefined, 2)}\n`;
}

function containerComponent(operator: BundleComponent, image: Image) {
  const { evidence: _, purl: __, properties: ___, ...rest } = operator;
  const where = `arch=${image.architecture}&repository_url=${encodeURIComponent(image.repository)}&tag=${image.version}`;
  return {
    ...rest,
    type: 'container',
    version: image.version,
    purl: `pkg:oci/${operator.name}@${encodeURIComponent(image.digest)}?${where}`,
  };
}

function nodeComponent({ node: { version, files } }: Image) {
  return {
    type: 'application',
    name: 'node',
    version,
    'bom-ref': `node@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl: `pkg:generic/node@${version}`,
    components: files.map(fileComponent),
  };
}

function debianComponent({ package: from, files }: Image['debian'][number]) {
  const { name, version, architecture, source, distribution } = from;
  const where = `arch=${architecture}&distro=${distribution}&upstream=${encodeURIComponent(source)}`;
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${where}`;
  return { type: 'library', name, version, 'bom-ref': purl, purl, components: files.map(fileComponent) };
}

function fileComponent({ path, sha256 }: ImageFile) {
  return { type: 'file', name: path, 'bom-ref': `file:${path}`, hashes: [{ alg: 'SHA-256', content: sha256 }] };
}

/** A UUID of version 8 (RFC 9562) that follows from a text. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

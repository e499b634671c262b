// Makes the files of a release: charts, image, bill of materials, licenses and checksums. The same commit gives the same bytes, on the
// same versions of the Debian packages that Node is linked with. It must never publish anything.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cyclonedxEsbuildPlugin } from '@cyclonedx/cyclonedx-esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { bundleOperator } from '../image/bundle.ts';
import { BUNDLE_PATH, IMAGE_TEXTS, imageFiles, NODE_PATH } from '../image/image-root.ts';
import { operatorImageRepository, packOperatorImage } from '../image/operator-image.ts';
import { SetupError } from '../toolchain/errors.ts';
import { architecture } from '../toolchain/platform.ts';
import { ensureKubectlAndHelm } from '../toolchain/programs.ts';
import type { Report } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { run } from '../toolchain/run.ts';
import {
  type BundleBill,
  type BundleComponent,
  billOfMaterials,
  declaredLicenses,
  type Image,
  type ImageFile,
  licenseTexts,
  nameOf,
  readBundleBill,
} from './bill-of-materials.ts';
import { chartArchive, charts, packChart } from './charts.ts';
import { debianPackages } from './debian.ts';
import { allowedLicense, type Licensed, licenseInReadme, licensesText } from './licenses.ts';
import { archiveOfCommit, cleanCommit } from './source.ts';

const { name, version } = packageJson;
const platform = `linux-${architecture()}`;
const files = {
  charts: charts.map((chart) => chartArchive(chart, version)),
  image: `${name}-${version}-${platform}.oci.tar`,
  bill: `${name}-${version}-${platform}.cdx.json`,
  licenses: `${name}-${version}-${platform}.licenses.txt`,
};
const CHECKSUMS = 'SHA256SUMS';
const UNFINISHED = 'unfinished';

export interface Artifact {
  /** The name of the file. */
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of its content, hexadecimal. */
  readonly sha256: string;
}

export interface Release {
  readonly version: string;
  /** The hash of the commit. */
  readonly commit: string;
  readonly image: {
    readonly reference: string;
    /** `sha256:` and 64 hexadecimal digits. */
    readonly digest: string;
  };
  /** All but the checksums, which are of these. */
  readonly artifacts: readonly Artifact[];
}

/**
 * Makes the files of the release of the commit that is checked out.
 * @param folder where they are written; made when it is missing
 * @throws SetupError when something is not committed, the folder has other files, versions differ, or a license is missing or not
 *   allowed; CommandError when Helm refuses a chart; esbuild's BuildFailure
 */
export async function makeRelease(folder: string, report: Report): Promise<Release> {
  const commit = await cleanCommit();
  await refuseOtherFiles(folder);
  const workplace = join(folder, UNFINISHED);
  await rm(workplace, { recursive: true, force: true });
  // Without the checksums the folder is no release, whatever ends this process from here on.
  await rm(join(folder, CHECKSUMS), { force: true });
  await mkdir(workplace, { recursive: true });
  try {
    report('charts: packing');
    const made = await packCharts(workplace, report);
    report('image: bundling and packing');
    const bundle = await bundleWithBill(workplace);
    const packed = await packImage(bundle.main, join(workplace, 'image'));
    report('image: listing what is in it');
    const { image, licensed } = await contentsOf(bundle, packed);
    const texts = {
      [files.bill]: billOfMaterials(bundle.bill, image, commit.time),
      [files.licenses]: licensesText(`What is in ${packed.reference} for ${platform}, and its licenses`, licensed),
    };
    for (const [file, text] of Object.entries(texts)) await writeFile(join(workplace, file), text);
    const artifacts: Artifact[] = [];
    for (const path of [...made, packed.archive, ...Object.keys(texts).map((file) => join(workplace, file))]) {
      const file = basename(path);
      artifacts.push({ file, bytes: (await stat(path)).size, sha256: await sha256(path) });
      await rename(path, join(folder, file));
    }
    await writeFile(join(folder, CHECKSUMS), artifacts.map((one) => `${one.sha256}  ${one.file}\n`).join(''));
    const { reference, digest } = packed;
    return { version, commit: commit.sha, image: { reference, digest }, artifacts };
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** Files of another release would be published with this one. */
async function refuseOtherFiles(folder: string): Promise<void> {
  const own = new Set([...files.charts, files.image, files.bill, files.licenses, CHECKSUMS, UNFINISHED]);
  await mkdir(folder, { recursive: true });
  const others = (await readdir(folder)).filter((file) => !own.has(file));
  if (others.length > 0)
    throw new SetupError(
      `${folder} has files that are not of this release: ${others.join(', ')}. Choose another folder.`,
    );
}

async function packCharts(workplace: string, report: Report): Promise<readonly string[]> {
  const { helm } = await ensureKubectlAndHelm(report);
  const source = await mkdtemp(join(workplace, 'source-'));
  const tar = join(source, 'charts.tar');
  // Not the checkout: its files have the times of when they were written, and may have others beside them that git ignores.
  await archiveOfCommit('charts', tar);
  await run('tar', ['--extract', '--file', tar, '--directory', source]);
  const archives: string[] = [];
  for (const chart of charts) archives.push(await packChart(helm, join(source, 'charts', chart), version, workplace));
  return archives;
}

interface Bundle {
  /** The path of main.mjs. */
  readonly main: string;
  readonly bill: BundleBill;
}

async function bundleWithBill(workplace: string): Promise<Bundle> {
  const outputFile = 'bundle.cdx.json';
  const observer = cyclonedxEsbuildPlugin({ outputFile, gatherLicenseTexts: true, outputReproducible: true });
  const main = await bundleOperator(workplace, [observer]);
  return { main, bill: readBundleBill(await readFile(join(workplace, outputFile), 'utf8')) };
}

interface PackedImage {
  readonly sources: ReadonlyMap<string, string>;
  readonly archive: string;
  readonly reference: string;
  readonly digest: string;
}

async function packImage(bundle: string, workplace: string): Promise<PackedImage> {
  const sources = await imageFiles(bundle);
  const reference = `${operatorImageRepository}:${version}`;
  const archive = join(workplace, files.image);
  await mkdir(workplace);
  return { sources, archive, reference, digest: await packOperatorImage(sources, reference, archive) };
}

/** Everything in the image, and the license of each. */
async function contentsOf({ bill, main }: Bundle, { sources, digest }: PackedImage) {
  const node = sources.get(NODE_PATH) ?? '';
  const fileOf = async (source: string, path: string): Promise<ImageFile> => ({
    path: `/${path}`,
    sha256: await sha256(source),
  });
  const texts = Object.entries(IMAGE_TEXTS).map(([path, text]) => ({
    path: `/${path}`,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const libraries = [...sources].filter(([path]) => path !== NODE_PATH && path !== BUNDLE_PATH);
  const debian = await debianPackages(libraries.map(([, source]) => source));
  const image: Image = {
    repository: operatorImageRepository,
    version,
    digest,
    architecture: architecture(),
    node: {
      version: (await run(node, ['--version'])).trim().replace(/^v/, ''),
      files: [await fileOf(node, NODE_PATH)],
    },
    debian: await Promise.all(
      debian.map(async (from) => ({
        package: from,
        files: await Promise.all(from.files.map((file) => fileOf(file, file.slice(1)))),
      })),
    ),
    files: [await fileOf(main, BUNDLE_PATH), ...texts],
  };
  const packages = await Promise.all([bill.metadata.component, ...bill.components].map(licenseOf));
  const nodeLicense = await readFile(join(dirname(dirname(node)), 'LICENSE'), 'utf8');
  const licensed: readonly Licensed[] = [
    ...packages,
    { name: 'node', version: image.node.version, license: 'MIT, and those of its parts', text: nodeLicense },
    ...debian.map((one) => ({
      name: `${one.name} (Debian)`,
      version: one.version,
      license: 'as in its copyright file',
      text: one.copyright,
    })),
  ];
  return { image, licensed };
}

async function licenseOf(component: BundleComponent): Promise<Licensed> {
  const [packageName, packageVersion] = [nameOf(component), component.version ?? ''];
  const license = allowedLicense(`${packageName} ${packageVersion}`, declaredLicenses(component));
  const texts = licenseTexts(component);
  const text = texts.length > 0 ? texts.join('\n') : await textInReadme(packageName, packageVersion);
  return { name: packageName, version: packageVersion, license, text };
}

/** @returns the empty text when there is none, or another version of the package is the one in this place */
async function textInReadme(packageName: string, packageVersion: string): Promise<string> {
  const folder = join(repositoryRoot, 'node_modules', packageName);
  const found = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (found.version !== packageVersion) return '';
  return licenseInReadme(await readFile(join(folder, 'README.md'), 'utf8').catch(() => '')) ?? '';
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

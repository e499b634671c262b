// The whole command, in two clones: the same bytes, and each file holds what it says.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import packageJson from '../../package.json' with { type: 'json' };
import { architecture } from '../toolchain/platform.ts';
import { ensureKubectlAndHelm } from '../toolchain/programs.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { charts } from './charts.ts';
import type { Release } from './release.ts';
import { clone, commitCopy } from './testing.ts';

const { version } = packageJson;
const ofImage = `postgres-addon-operator-${version}-linux-${architecture()}`;
const names = [
  `postgres-addon-operator-${version}.tgz`,
  `postgres-addons-${version}.tgz`,
  `${ofImage}.oci.tar`,
  `${ofImage}.cdx.json`,
  `${ofImage}.licenses.txt`,
];
let scratch = '';
let helm = '';
let first = '';
let second = '';
let made: readonly Release[] = [];

async function release(checkout: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return await execa(process.execPath, ['hack/release/main.ts', ...args], { cwd: checkout, reject: false, env });
}

async function releaseOf(checkout: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { exitCode, stdout, stderr } = await release(checkout, ['--dry-run', '--output', 'json', ...args], env);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Release;
}

async function commitTime(): Promise<Date> {
  const { stdout } = await execa('git', ['-C', join(scratch, 'copy'), 'log', '-1', '--format=%ct']);
  return new Date(Number(stdout) * 1000);
}

beforeAll(async () => {
  await mkdir(join(repositoryRoot, '.tmp'), { recursive: true });
  scratch = await mkdtemp(join(repositoryRoot, '.tmp', 'release-'));
  ({ helm } = await ensureKubectlAndHelm(() => undefined));
  const [copy, one, two] = ['copy', 'one', 'somewhere/else/two'].map((name) => join(scratch, name));
  await commitCopy(copy ?? '');
  for (const folder of [one, two]) await clone(copy ?? '', folder ?? '');
  // git ignores it, so it is neither uncommitted nor part of the release.
  await writeFile(join(one ?? '', 'charts', 'postgres-addons', 'debug.log'), 'a secret');
  first = join(one ?? '', 'dist', 'release');
  second = join(scratch, 'second');
  made = [
    await releaseOf(one ?? '', [], { TZ: 'UTC' }),
    await releaseOf(two ?? '', ['--directory', second], { TZ: 'Asia/Tokyo', LANG: 'C', HOME: scratch }),
  ];
});

afterAll(async () => {
  if (scratch !== '') await rm(scratch, { recursive: true, force: true });
});

describe('a release', () => {
  it('has the same bytes when it is made again, of another clone at another time', async () => {
    expect(made[1]?.artifacts).toEqual(made[0]?.artifacts);
    expect(made[1]?.image).toEqual(made[0]?.image);
    const sums = await Promise.all([first, second].map((folder) => readFile(join(folder, 'SHA256SUMS'), 'utf8')));
    expect(sums[1]).toBe(sums[0]);
  });

  it('is what SHA256SUMS and the output list, and nothing else', async () => {
    expect((await readdir(first)).toSorted()).toEqual([...names, 'SHA256SUMS'].toSorted());
    expect(made[0]?.artifacts.map(({ file }) => file)).toEqual(names);
    const { stdout } = await execa('sha256sum', ['--check', 'SHA256SUMS'], { cwd: first });
    expect(stdout.split('\n')).toEqual(names.map((name) => `${name}: OK`));
    const { artifacts = [] } = made[0] ?? {};
    const lines = artifacts.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join('');
    expect(await readFile(join(first, 'SHA256SUMS'), 'utf8')).toBe(lines);
  });
});

describe.each(charts)('the archive of the chart %s', (chart) => {
  const archive = () => join(first, `${chart}-${version}.tgz`);

  it('has the files that helm package has', async () => {
    const folder = await mkdtemp(join(scratch, 'chart-'));
    await execa(helm, ['package', join(repositoryRoot, 'charts', chart), '--destination', folder]);
    const [theirs, ours] = [join(folder, 'theirs'), join(folder, 'ours')];
    for (const [tar, place] of [
      [join(folder, `${chart}-${version}.tgz`), theirs],
      [archive(), ours],
    ] as const) {
      await mkdir(place);
      await execa('tar', ['--extract', '--file', tar, '--directory', place]);
    }
    const { stdout } = await execa('find', [ours, '-type', 'f', '-printf', '%P\n']);
    expect(stdout.split('\n').length).toBeGreaterThan(5);
    expect((await execa('diff', ['--recursive', theirs, ours], { reject: false })).stdout).toBe('');
  });

  it('holds nothing but the chart as it was committed, owned by root', async () => {
    const list = ['--list', '--verbose', '--numeric-owner', '--utc', '--full-time', '--file', archive()];
    const { stdout } = await execa('tar', list);
    const time = (await commitTime()).toISOString().replace('T', ' ').replace('.000Z', '');
    for (const line of stdout.split('\n')) expect(line).toMatch(new RegExp(`^-rw-r--r-- 0/0 +\\d+ ${time} ${chart}/`));
    const tracked = await execa('git', ['-C', join(scratch, 'copy'), 'ls-files', `charts/${chart}`]);
    const inArchive = stdout.split('\n').map((line) => `charts/${line.split(' ').at(-1)}`);
    expect(inArchive.toSorted()).toEqual(tracked.stdout.split('\n').toSorted());
  });

  it('can be shown and rendered by Helm', async () => {
    const { stdout } = await execa(helm, ['show', 'chart', archive()]);
    expect(stdout).toContain(`name: ${chart}\n`);
    expect(stdout).toContain(`version: ${version}\n`);
    const values = ['postgresDatabases[0].name=shop', 'postgresDatabases[0].plan=free'].flatMap((set) => [
      '--set',
      set,
    ]);
    const args = chart === 'postgres-addons' ? values : [];
    const rendered = await execa(helm, ['template', 'db', archive(), ...args]);
    const source = await execa(helm, ['template', 'db', join(repositoryRoot, 'charts', chart), ...args]);
    expect(rendered.stdout).toContain('kind: ');
    expect(rendered.stdout).toBe(source.stdout);
  });
});

interface Descriptor {
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
}

describe('the image', () => {
  it('has the name that the chart has, and the digest that the output says', async () => {
    const { stdout } = await execa('tar', [
      '--extract',
      '--to-stdout',
      '--file',
      join(first, `${ofImage}.oci.tar`),
      'index.json',
    ]);
    const { manifests } = JSON.parse(stdout) as { readonly manifests: readonly Descriptor[] };
    const chart = await readFile(join(repositoryRoot, 'charts/postgres-addon-operator/Chart.yaml'), 'utf8');
    const { reference, digest } = made[0]?.image ?? {};
    expect(chart).toContain(`image: ${reference}\n`);
    expect(manifests.map((one) => [one.annotations['io.containerd.image.name'], one.digest])).toEqual([
      [reference, digest],
    ]);
  });
});

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version?: string;
  readonly purl?: string;
  readonly type: string;
  readonly hashes?: readonly { readonly content: string }[];
  readonly components?: readonly Component[];
}

describe('the bill of materials', () => {
  let text = '';
  let components: readonly Component[] = [];
  beforeAll(async () => {
    text = await readFile(join(first, `${ofImage}.cdx.json`), 'utf8');
    components = JSON.parse(text).components;
  });

  it('is valid CycloneDX 1.6', async () => {
    expect(await new JsonStrictValidator(Version.v1dot6).validate(text)).toBeNull();
  });

  it('is of this image and has the time of the commit', async () => {
    const { metadata, serialNumber } = JSON.parse(text);
    expect(metadata.timestamp).toBe((await commitTime()).toISOString());
    expect(metadata.component.purl).toContain(encodeURIComponent(made[0]?.image.digest ?? 'no digest'));
    expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('has each file of the image, with its hash', async () => {
    const folder = await mkdtemp(join(scratch, 'image-'));
    await execa('tar', ['--extract', '--file', join(first, `${ofImage}.oci.tar`), '--directory', folder]);
    const blob = async (digest: string) => join(folder, 'blobs', 'sha256', digest.replace('sha256:', ''));
    const manifest = JSON.parse(await readFile(await blob(made[0]?.image.digest ?? ''), 'utf8'));
    const root = join(folder, 'root');
    await mkdir(root);
    await execa('tar', [
      '--extract',
      '--no-same-owner',
      '--file',
      await blob(manifest.layers[0].digest),
      '--directory',
      root,
    ]);
    const { stdout } = await execa('find', [root, '-type', 'f', '-printf', '/%P\n']);
    const listed = [...components, ...components.flatMap((one) => one.components ?? [])].filter(
      (one) => one.type === 'file',
    );
    expect(listed.map(({ name }) => name).toSorted()).toEqual(stdout.split('\n').toSorted());
    for (const { name, hashes } of listed) {
      const hash = createHash('sha256')
        .update(await readFile(join(root, name)))
        .digest('hex');
      expect([name, hashes?.[0]?.content]).toEqual([name, hash]);
    }
  });

  it('has the packages that are bundled, and no other', async () => {
    const npm = components.filter(({ purl = '' }) => purl.startsWith('pkg:npm/'));
    const has = npm.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
    expect(has).toEqual(expect.arrayContaining(Object.keys(packageJson.dependencies)));
    // gaxios is a dependency of a dependency that leanClient() leaves out.
    for (const one of [...Object.keys(packageJson.devDependencies), 'gaxios']) expect(has).not.toContain(one);
  });

  it('has Node and the Debian packages, by the names that scanners know', () => {
    const purls = components.map(({ purl = '' }) => purl);
    expect(purls).toContain(`pkg:generic/node@${process.versions.node}`);
    expect(purls.join('\n')).toMatch(/^pkg:deb\/debian\/libc6@[\w.%-]+[?]arch=\w+&distro=debian-\d+&upstream=glibc$/m);
  });

  it('names no folder of the machine it was made on', () => {
    expect(text).not.toContain(repositoryRoot);
  });
});

describe('the licenses', () => {
  it('are those of everything in the bill of materials', async () => {
    const text = await readFile(join(first, `${ofImage}.licenses.txt`), 'utf8');
    const { components } = JSON.parse(await readFile(join(first, `${ofImage}.cdx.json`), 'utf8'));
    const licensed = (components as readonly Component[]).filter(({ type }) => type !== 'file');
    expect(licensed.length).toBeGreaterThan(40);
    for (const { group, name, version: of, purl = '' } of licensed) {
      const full = group === undefined ? name : `${group}/${name}`;
      const heading = `\n${full}${purl.startsWith('pkg:deb/') ? ' (Debian)' : ''} ${of}\nLicense: `;
      expect(text.split(heading)).toHaveLength(2);
    }
    // Its license is in its readme alone.
    expect(text).toMatch(/\npgpass \S+\nLicense: MIT\n-+\nCopyright .*\n\nPermission is hereby granted/);
  });
});

describe('the command', () => {
  it('refuses to publish, and says where to read on', async () => {
    const { exitCode, stdout, stderr } = await release(repositoryRoot, []);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('nothing can be published from here');
    expect(stderr).toContain('docs/release.md');
  });

  it('refuses what is not committed, and names it', async () => {
    const checkout = join(scratch, 'one');
    await writeFile(join(checkout, 'charts', 'new.yaml'), '');
    await cp(join(checkout, 'LICENSE'), join(checkout, 'README.md'));
    const { exitCode, stderr } = await release(checkout, ['--dry-run', '--directory', join(scratch, 'dirty')]);
    expect([exitCode, stderr]).toEqual([
      1,
      'A release is made from a commit, and this is not committed: README.md, charts/new.yaml.',
    ]);
  });

  it('refuses a folder with other files, and leaves them', async () => {
    const checkout = join(scratch, 'somewhere', 'else', 'two');
    await writeFile(join(second, 'postgres-addons-0.0.1.tgz'), 'another');
    const { exitCode, stderr } = await release(checkout, ['--dry-run', '--directory', second]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('files that are not of this release: postgres-addons-0.0.1.tgz');
    expect((await readdir(second)).toSorted()).toEqual(
      [...names, 'SHA256SUMS', 'postgres-addons-0.0.1.tgz'].toSorted(),
    );
  });
});

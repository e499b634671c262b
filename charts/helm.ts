// Renders the chart for the tests as Helm does, without a cluster.
import { join } from 'node:path';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import { ensureKubectlAndHelm } from '../hack/toolchain/programs.ts';

export const chartDirectory = join(import.meta.dirname, 'postgres-addon-operator');
export const addonsChart = join(import.meta.dirname, 'postgres-addons');
export const release = 'db';
export const namespace = 'paas';
/** The name of what is made once per release. */
export const fullName = 'db-postgres-addon-operator';

/** Values as a user writes them in a file. */
export type Values = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noExplicitAny: tests look into manifests of every kind
export type Manifest = any;

/**
 * What is installed with the values, without what `helm test` needs.
 * @throws Error with Helm's words when it refuses them
 */
export async function render(values: Values = {}): Promise<readonly Manifest[]> {
  return (await renderAll(values)).filter((manifest) => !isOfTest(manifest));
}

/** What `helm test` needs, and its pod. */
export async function renderTest(values: Values = {}): Promise<readonly Manifest[]> {
  return (await renderAll(values)).filter(isOfTest);
}

function isOfTest({ metadata }: Manifest): boolean {
  return metadata.labels?.['app.kubernetes.io/name'] === 'postgres-addon-operator-smoke-test';
}

async function renderAll(values: Values): Promise<readonly Manifest[]> {
  const { exitCode, stdout, stderr } = await template(chartDirectory, values);
  if (exitCode !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

/** What Helm says of values that it has to refuse. */
export async function refusal(values: Values): Promise<string> {
  const { exitCode, stderr } = await template(chartDirectory, values);
  if (exitCode === 0) throw new Error(`Helm accepts ${JSON.stringify(values)}`);
  return stderr;
}

/** `helm template`, with the values on its standard input; more arguments come last. */
export async function template(chart: string, values: Values, more: readonly string[] = []) {
  return await helm(
    ['template', release, chart, '--namespace', namespace, '--values', '-', ...more],
    JSON.stringify(values),
  );
}

export async function helm(args: readonly string[], input = '') {
  const programs = await ensureKubectlAndHelm(() => undefined);
  return await execa(programs.helm, args, { input, reject: false });
}

/** The one object of a kind, and of a name where there are several. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (found.length !== 1)
    throw new Error(`${found.length} objects of kind ${kind}${name === undefined ? '' : ` named ${name}`}`);
  return found[0];
}

/** `Kind namespace/name` of each object, sorted; the namespace is left out where there is none. */
export function identities(manifests: readonly Manifest[]): readonly string[] {
  return manifests
    .map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`,
    )
    .sort();
}

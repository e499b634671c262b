// Packs the charts of a release. Helm takes over the times of the files, so these have to be those of the commit.
import { join } from 'node:path';
import { SetupError } from '../toolchain/errors.ts';
import { run } from '../toolchain/run.ts';

/** The charts of a release: folders below charts/. */
export const charts = ['postgres-addon-operator', 'postgres-addons'] as const;

/** The name that Helm gives the archive of a chart. */
export function chartArchive(chart: string, version: string): string {
  return `${chart}-${version}.tgz`;
}

/**
 * Packs a chart. The same files with the same times give the same bytes.
 * @param helm the program
 * @param source the folder of the chart
 * @param version what Chart.yaml has to say
 * @param destination the folder that gets the archive
 * @returns the path of the archive
 * @throws SetupError when Chart.yaml has another version; CommandError when Helm refuses the chart
 */
export async function packChart(helm: string, source: string, version: string, destination: string): Promise<string> {
  const metadata = await run(helm, ['show', 'chart', source]);
  const [name = '', found = ''] = ['name', 'version'].map(
    (key) => new RegExp(`^${key}: *(\\S+)$`, 'm').exec(metadata)?.[1],
  );
  if (found !== version)
    throw new SetupError(
      `The chart ${name} has version ${found}, and package.json has ${version}: they have to agree.`,
    );
  await run(helm, ['package', source, '--destination', destination]);
  return join(destination, chartArchive(name, version));
}

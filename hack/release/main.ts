// `npm run release -- --dry-run`: makes the files of a release. It must never publish them, which needs a registry and a signature.
import { join, relative, resolve } from 'node:path';
import { readArguments, refuse } from '../toolchain/arguments.ts';
import { SetupError } from '../toolchain/errors.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { CommandError } from '../toolchain/run.ts';
import { makeRelease } from './release.ts';

const help = `Usage: npm run release -- --dry-run [options]

Makes the files of a release from the commit that is checked out: the archives of the charts, the operator's image as an OCI archive, what is
in it as a CycloneDX bill of materials, the licenses of that, and SHA256SUMS. The same commit gives the same bytes. docs/release.md says how
they are published. Exit code 0: they are made. 1: they are not. 2: nothing was tried, because of the arguments.

Options:
  --dry-run        publish nothing (required)
  --directory DIR  where the files go (default: dist/release)
  -o, --output F   text (default: the lines of SHA256SUMS) or json
  -h, --help       print this`;

const { values } = readArguments(
  help,
  {
    options: {
      'dry-run': { type: 'boolean', default: false },
      directory: { type: 'string', default: join(repositoryRoot, 'dist', 'release') },
      output: { type: 'string', short: 'o', default: 'text' },
    },
  },
  2,
);
if (values.output !== 'text' && values.output !== 'json') refuse('--output is text or json', help, 2);
if (!values['dry-run'])
  refuse(
    'nothing can be published from here: it takes a registry and a signature (docs/release.md); use --dry-run',
    help,
    2,
  );

const started = performance.now();
try {
  const folder = resolve(values.directory);
  const { artifacts, image, ...rest } = await makeRelease(folder, (line) => console.error(line));
  console.error(`${relative(process.cwd(), folder) || '.'}: made in ${formatElapsed(performance.now() - started)}`);
  console.error(`${image.reference}@${image.digest}`);
  if (values.output === 'json') console.log(JSON.stringify({ ...rest, image, directory: folder, artifacts }));
  else for (const { sha256, file } of artifacts) console.log(`${sha256}  ${file}`);
} catch (error) {
  if (!(error instanceof SetupError || error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

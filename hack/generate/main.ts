// `npm run generate [-- --check]`: writes every generated file, or reports which ones are out of date.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readArguments } from '../toolchain/arguments.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { generateAddonsSchema } from './addons-chart.ts';
import { generateChartReadme } from './chart-readme.ts';
import { generateChartCrd } from './crd.ts';
import { generateRules, generateSecurityPage } from './permissions.ts';
import { generateConditionsPage, generateEventsPage, generateFieldsPage, generateMetricsPage } from './reference.ts';
import { generateSchema, generateTypes } from './types.ts';

const crd = join(repositoryRoot, 'crds', 'addons.paas.dev_postgresaddons.yaml');
const chart = join(repositoryRoot, 'charts', 'postgres-addon-operator');
const addonsChart = join(repositoryRoot, 'charts', 'postgres-addons');

const generated: Readonly<Record<string, () => string | Promise<string>>> = {
  'src/api/generated/postgresaddon.ts': () => generateTypes(crd),
  'src/api/generated/postgresaddon-schema.ts': () => generateSchema(crd),
  'charts/postgres-addon-operator/templates/crds.yaml': () => generateChartCrd(crd),
  'charts/postgres-addon-operator/templates/_rules.tpl': () => generateRules(),
  'SECURITY.md': () => generateSecurityPage(join(repositoryRoot, 'SECURITY.md')),
  'charts/postgres-addon-operator/README.md': () => generateChartReadme(chart),
  'charts/postgres-addons/values.schema.json': () => generateAddonsSchema(crd),
  'charts/postgres-addons/README.md': () => generateChartReadme(addonsChart),
  'docs/reference/fields.md': () => generateFieldsPage(crd),
  'docs/reference/conditions.md': generateConditionsPage,
  'docs/reference/events.md': generateEventsPage,
  'docs/reference/metrics.md': generateMetricsPage,
};

const help = `Usage: npm run generate [-- --check]

Writes every file that is made from another.

Options:
  --check     write nothing; exit 1 when a generated file is out of date
  -h, --help  print this`;

const { check } = readArguments(help, { options: { check: { type: 'boolean', default: false } } }).values;

const stale: string[] = [];
for (const [file, generate] of Object.entries(generated)) {
  const path = join(repositoryRoot, file);
  const text = await generate();
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) continue;
  stale.push(file);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  console.log(`wrote ${file}`);
}
if (check && stale.length > 0) {
  console.error(`out of date, run \`npm run generate\`: ${stale.join(', ')}`);
  process.exit(1);
}

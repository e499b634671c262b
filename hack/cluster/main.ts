// The command line of the clusters: parses arguments and prints results. The work is done in cluster.ts.
import { execa } from 'execa';
import { choiceOf, readArguments, refuse } from '../toolchain/arguments.ts';
import { SetupError } from '../toolchain/errors.ts';
import { formatElapsed } from '../toolchain/report.ts';
import { down, status, up } from './cluster.ts';
import type { Cluster, Status } from './driver.ts';
import { helps } from './help.ts';
import { defaultName } from './names.ts';

/** The exit code if not all of a cluster is running; 1 is for errors. */
const notRunning = 3;

const name = { type: 'string', default: defaultName } as const;

type Command = (args: string[]) => Promise<void>;

const commands: ReadonlyMap<string, Command> = new Map([
  ['up', makeCluster],
  ['down', removeCluster],
  ['status', tellStatus],
  ['env', tellEnvironment],
  ['exec', execute],
  ['help', help],
]);

async function makeCluster(args: string[]): Promise<void> {
  const driver = { type: 'string', default: 'auto' } as const;
  const profile = { type: 'string', default: 'node' } as const;
  const { values } = readArguments(helps.up, { args, options: { name, driver, profile } });
  const started = performance.now();
  const cluster = await up({
    name: values.name,
    driver: choiceOf(values.driver, ['auto', 'kind', 'host'], '--driver', helps.up),
    profile: choiceOf(values.profile, ['control-plane', 'node'], '--profile', helps.up),
    report: console.log,
  });
  console.log(`The cluster ${cluster.name} is up after ${formatElapsed(performance.now() - started)}. To use it:`);
  const option = values.name === defaultName ? '' : ` --name ${values.name}`;
  console.log(`  eval "$(npm run --silent cluster -- env${option})"`);
}

async function removeCluster(args: string[]): Promise<void> {
  const { values } = readArguments(helps.down, { args, options: { name } });
  const something = await down(values.name, console.log);
  console.log(something ? `The cluster ${values.name} is gone.` : `There was no cluster ${values.name}.`);
}

async function tellStatus(args: string[]): Promise<void> {
  const output = { type: 'string', short: 'o', default: 'text' } as const;
  const { values } = readArguments(helps.status, { args, options: { name, output } });
  const format = choiceOf(values.output, ['text', 'json'], '--output', helps.status);
  const found = await status(values.name);
  console.log(format === 'json' ? JSON.stringify(found, undefined, 2) : describe(found));
  if (found.state !== 'running') process.exitCode = notRunning;
}

function describe(found: Status): string {
  if (found.state === 'absent') return `There is no cluster ${found.name}.`;
  const lines = found.components.map(({ name, pid }) => `  ${name}${pid === undefined ? '' : `, process ${pid}`}`);
  const { cluster } = found;
  return [
    `The cluster ${found.name} is ${found.state === 'running' ? 'running' : 'there in part; `up` completes it'}.`,
    ...(cluster ? [`  profile ${cluster.profile}, driver ${cluster.driver}, files in ${cluster.stateDirectory}`] : []),
    ...lines,
  ].join('\n');
}

async function tellEnvironment(args: string[]): Promise<void> {
  const { values } = readArguments(helps.env, { args, options: { name } });
  const cluster = await existing(values.name);
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  console.log(`export KUBECONFIG=${quote(cluster.kubeconfig)}`);
  console.log(`export PATH=${quote(cluster.bin)}:"$PATH"`);
}

async function execute(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(helps.exec, { args, options: { name }, allowPositionals: true });
  if (positionals.length === 0) refuse('the command to run is missing', helps.exec);
  const cluster = await existing(values.name);
  const [program = '', ...rest] = [...cluster.nsenter, ...positionals];
  const env = { KUBECONFIG: cluster.kubeconfig, PATH: `${cluster.bin}:${process.env.PATH ?? ''}` };
  const result = await execa(program, rest, { stdio: 'inherit', env, reject: false });
  if (result.code === 'ENOENT') throw new SetupError(`There is no program ${program}.`);
  process.exitCode = result.exitCode ?? 1;
}

async function existing(name: string): Promise<Cluster> {
  const { state, cluster } = await status(name);
  if (cluster === undefined || state !== 'running') {
    const what = state === 'absent' ? `There is no cluster ${name}` : `The cluster ${name} is not complete`;
    throw new SetupError(`${what}. Run: npm run cluster -- up --name ${name}`);
  }
  return cluster;
}

async function help([of = '']: string[]): Promise<void> {
  const command = commands.get(of);
  if (command === undefined) console.log(helps.all);
  else await command(['--help']);
}

function commandNamed(word: string): Command {
  const command = commands.get(word);
  if (command !== undefined) return command;
  if (word.startsWith('-')) readArguments(helps.all, { args: [word] });
  return refuse(word === '' ? 'a command is missing' : `unknown command '${word}'`, helps.all);
}

try {
  const [word = '', ...args] = process.argv.slice(2);
  await commandNamed(word)(args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

// The command line of the clusters: words in, words and exit codes out. What is done is in cluster.ts.
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { SetupError } from '../toolchain/errors.ts';
import { downWith, status, titles, upWith } from './cluster.ts';
import type { Cluster, Status } from './driver.ts';
import { listProgress } from './list-progress.ts';
import { defaultName } from './names.ts';
import { formatSeconds, lineProgress, type Progress, removalTitle } from './progress.ts';
import type { DriverName, Profile } from './state.ts';

interface Named {
  readonly name: string;
}

/** What a shell is told when a cluster does not run as a whole; 1 is for errors. */
const notRunning = 3;

function program(): Command {
  const root = new Command('npm run cluster --');
  const named = (command: Command) =>
    command.addOption(new Option('--name <name>', 'which cluster; several live side by side').default(defaultName));
  root
    .description('Kubernetes clusters with CloudNativePG on this machine, each in a place of its own.')
    .showHelpAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 an error, said in a sentence; 3 from `status`: not running as a whole.',
    );

  named(root.command('up'))
    .description('make the cluster, or what is missing of it; may be interrupted and run again at any time')
    .addOption(
      new Option('--driver <driver>', 'kind in Docker, or processes of this machine; auto takes kind where it works')
        .choices(['auto', 'kind', 'host'])
        .default('auto'),
    )
    .addOption(
      new Option('--profile <profile>', 'a Kubernetes API alone, or a node with CloudNativePG, backups and storage')
        .choices(['control-plane', 'node'])
        .default('node'),
    )
    .action(up);
  named(root.command('down')).description('remove the cluster and all it left').action(down);
  named(root.command('status'))
    .description('what is there of the cluster')
    .addOption(
      new Option('-o, --output <format>', 'for people or for programs').choices(['text', 'json']).default('text'),
    )
    .action(tellStatus);
  named(root.command('env'))
    .description('lines for a shell: eval "$(npm run --silent cluster -- env)"')
    .action(tellEnvironment);
  named(root.command('exec'))
    .description('run a command where the addresses of Services and pods are reached and resolved')
    .argument('<command...>', 'after `--`')
    .action(execute);
  return root;
}

interface UpOptions extends Named {
  readonly driver: DriverName | 'auto';
  readonly profile: Profile;
}

async function up(options: UpOptions): Promise<void> {
  const started = performance.now();
  const shown = await titles(options);
  const cluster = await showing(shown, (progress) => upWith(options, progress));
  console.log(`The cluster ${cluster.name} is up after ${formatSeconds(performance.now() - started)}. To use it:`);
  const name = options.name === defaultName ? '' : ` --name ${options.name}`;
  console.log(`  eval "$(npm run --silent cluster -- env${name})"`);
}

async function down({ name }: Named): Promise<void> {
  const something = await showing([removalTitle], (progress) => downWith(name, progress));
  console.log(something ? `The cluster ${name} is gone.` : `There was no cluster ${name}.`);
}

/** Shows progress as a list on a terminal, as lines elsewhere. */
async function showing<T>(shown: readonly string[], work: (progress: Progress) => Promise<T>): Promise<T> {
  if (!process.stdout.isTTY) return await work(lineProgress(console.log));
  const list = listProgress(shown);
  try {
    return await work(list);
  } finally {
    await list.close();
  }
}

async function tellStatus({ name, output }: Named & { readonly output: 'text' | 'json' }): Promise<void> {
  const found = await status(name);
  console.log(output === 'json' ? JSON.stringify(found, undefined, 2) : describe(found));
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

async function tellEnvironment({ name }: Named): Promise<void> {
  const cluster = await existing(name);
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  console.log(`export KUBECONFIG=${quote(cluster.kubeconfig)}`);
  console.log(`export PATH=${quote(cluster.bin)}:"$PATH"`);
}

async function execute(command: readonly string[], { name }: Named): Promise<void> {
  const cluster = await existing(name);
  const [program = '', ...args] = [...cluster.nsenter, ...command];
  const env = { KUBECONFIG: cluster.kubeconfig, PATH: `${cluster.bin}:${process.env.PATH ?? ''}` };
  const result = await execa(program, args, { stdio: 'inherit', env, reject: false });
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

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

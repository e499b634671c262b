// What `npm run cluster` says about itself, in all and for each of its commands.

const nameOption = '--name <name>  which cluster; several live side by side (default: demo)';
const helpOption = '-h, --help     print this';

export const helps = {
  all: `Usage: npm run cluster -- <command> [options]

Kubernetes clusters with CloudNativePG on this machine, each in a place of its
own.

Commands:
  up [options]                 make the cluster, or what is missing of it; may
                               be interrupted and run again at any time
  down [options]               remove the cluster and all it left
  status [options]             what is there of the cluster
  env [options]                lines for a shell: eval "$(npm run --silent
                               cluster -- env)"
  exec [options] <command...>  run a command where the addresses of Services and
                               pods are reached and resolved
  help [command]               the options of a command, as its --help

Exit codes: 0 done; 1 an error, said in a sentence; 3 from \`status\`: not running as a whole.`,

  up: `Usage: npm run cluster -- up [options]

make the cluster, or what is missing of it; may be interrupted and run again at
any time

Options:
  --name <name>        which cluster; several live side by side (default: demo)
  --driver <driver>    kind in Docker, or processes of this machine; auto takes
                       kind where it works (choices: auto, kind, host;
                       default: auto)
  --profile <profile>  a Kubernetes API alone, or a node with CloudNativePG,
                       backups and storage (choices: control-plane, node;
                       default: node)
  -h, --help           print this`,

  down: `Usage: npm run cluster -- down [options]

remove the cluster and all it left

Options:
  ${nameOption}
  ${helpOption}`,

  status: `Usage: npm run cluster -- status [options]

what is there of the cluster

Options:
  --name <name>          which cluster; several live side by side (default:
                         demo)
  -o, --output <format>  for people or for programs (choices: text, json;
                         default: text)
  -h, --help             print this`,

  env: `Usage: npm run cluster -- env [options]

lines for a shell: eval "$(npm run --silent cluster -- env)"

Options:
  ${nameOption}
  ${helpOption}`,

  exec: `Usage: npm run cluster -- exec [options] -- <command...>

run a command where the addresses of Services and pods are reached and resolved

Options:
  ${nameOption}
  ${helpOption}`,
} as const;

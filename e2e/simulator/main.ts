// Runs the simulator as a separate process until it is stopped: for the benchmark and for manual use.
import { parseArgs } from 'node:util';
import { DatabaseServer } from './database-server.ts';
import { Simulator } from './simulator.ts';

const { values } = parseArgs({
  options: {
    /** Path of a kubeconfig with the permissions of CNPG. */
    kubeconfig: { type: 'string' },
    /** Milliseconds that the old state stands after a change. */
    stale: { type: 'string', default: '400' },
    /** Milliseconds that each state between two rests stands. */
    step: { type: 'string', default: '300' },
    /** Neither volume claims nor following of Secrets, Backups and DatabaseRoles. */
    bare: { type: 'boolean', default: false },
    /** Answers logins too, and writes the address on a line of its own. */
    databases: { type: 'boolean', default: false },
  },
});
if (values.kubeconfig === undefined) throw new Error('--kubeconfig is needed');

const simulator = new Simulator({
  kubeconfig: values.kubeconfig,
  pace: { stale: Number(values.stale), step: Number(values.step) },
  thorough: !values.bare,
});
simulator.start();
const databases = values.databases ? await DatabaseServer.start(values.kubeconfig, simulator) : undefined;
if (databases !== undefined) console.log(databases.address);
const stop = async (): Promise<void> => {
  await Promise.all([simulator.stop(), databases?.close()]);
  for (const error of simulator.errors) console.error(error);
  process.exitCode = simulator.errors.length === 0 ? 0 : 1;
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

// Loaded before the operator: the names of the databases' Services, which only the DNS of a Kubernetes cluster knows, have the address of the
// simulator's database server.
import { promises } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const address = process.env.TEST_DATABASE_ADDRESS;
const { lookup } = promises;
promises.lookup = async (host, ...options) =>
  /-rw\.[^.]+$/.test(host) ? { address, family: 4 } : await lookup(host, ...options);
syncBuiltinESMExports();

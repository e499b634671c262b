// `npm test`: static checks, unit and property tests, then the integration tests on a real API server.
import { checks, runCheck } from '../check/checks.ts';
import { down } from '../cluster/cluster.ts';
import { clusterOf, integrationCluster, integrationWorkers } from './cluster-name.ts';
import { printSummary, runJest, sum, type Tally } from './jest.ts';

let total = sum();
const add = (tally: Tally): void => {
  total = sum(total, tally);
};

const args = process.argv.slice(2);
const workers = [`--maxWorkers=${integrationWorkers}`];
if (args.includes('--help')) {
  console.log('usage: npm test [-- PATH...]\n  PATH  run only the tests below these paths, without the static checks');
  process.exit(0);
}

if (args.length > 0) {
  add(await runJest(args, workers));
} else {
  for (const check of checks) {
    const problem = await runCheck(check);
    console.error(`${problem === undefined ? 'PASS' : 'FAIL'} ${check.title}`);
    if (problem !== undefined) console.error(problem);
    if (problem === undefined) add({ passed: 1, failed: 0, failures: [], files: [] });
    else add({ passed: 0, failed: 1, failures: [`failed: ${check.title}`], files: [] });
  }
  // Jest leaves a core free otherwise, which on two cores is half of them.
  add(await runJest(['src/', 'hack/', 'charts/', 'e2e/bench/'], ['--maxWorkers=100%']));
  add(await runJest(['e2e/integration/', 'e2e/cluster/', 'e2e/harness/', 'e2e/simulator/'], workers));
  // Tests of single paths leave them running, for speed; a whole run leaves the machine as it was.
  for (let worker = 1; worker <= integrationWorkers; worker++)
    await down(clusterOf(integrationCluster, worker), (line) => console.error(line));
}
printSummary(total);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

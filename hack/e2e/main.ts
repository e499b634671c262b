// `npm run e2e`: the operator's own image on a real CloudNativePG, in a cluster that is made for it and taken down after.
import { runJest } from '../test/jest.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log('usage: npm run e2e [-- PATH...]\n  PATH  run only the tests below these paths (default e2e/real)');
  process.exit(0);
}
const { passed, failed } = await runJest(args.length > 0 ? args : ['e2e/real/'], ['--runInBand']);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

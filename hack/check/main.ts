// `npm run check`: runs all static checks; exit code 1 if one fails.
import { checks, runCheck } from './checks.ts';

let failed = 0;
for (const check of checks) {
  const problem = await runCheck(check);
  console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${check.title}`);
  if (problem !== undefined) {
    failed += 1;
    console.log(problem);
  }
}
process.exit(failed === 0 ? 0 : 1);

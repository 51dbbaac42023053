// `npm test`: all tests once, or those that its arguments name, with `N passed, N failed` as the last line.
import { runVitest } from './vitest-run.js';

const { passed, failed, failures } = await runVitest(process.argv.slice(2));
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

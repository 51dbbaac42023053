// All tests once, with `N passed, N failed` as the last line.
import { runVitest } from './vitest-run.js';

const { passed, failed } = await runVitest([]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

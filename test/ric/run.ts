// `npm run test:ric`: the built functions under Lambda's own runtime client on Node 24, against real parts.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHarness } from '../../infra/local/harness.js';
import { messageOf } from '../../lib/model/errors.js';
import { runtimeClient } from './cache.js';
import { type Check, resyncChecks, watchChecks } from './checks.js';
import { startRig } from './rig.js';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
let passed = 0;
let failed = 0;

const check: Check = (name, got, holds) => {
  if (holds) passed += 1;
  else failed += 1;
  console.log(
    `${holds ? 'ok  ' : 'FAIL'} ${name}${holds ? '' : `: ${JSON.stringify(got)?.slice(0, 2_000)}`}`,
  );
};

const harness = await startHarness();
try {
  const client = runtimeClient();
  const rig = await startRig(harness);
  await resyncChecks({ harness, client, rig, bundle: join(dist, 'resync'), check });
  await watchChecks({ harness, client, rig, bundle: join(dist, 'watch'), check });
} catch (error) {
  check(messageOf(error), undefined, false);
} finally {
  await harness.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

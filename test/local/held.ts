// A program that holds a harness with real processes in it, says so, and waits to be ended.
import { startConsul } from '../../infra/local/consul.js';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';

const harness = await startHarness();
const adminPort = await harness.freePort();
await startHAProxy(harness, { config: minimalConfig({ backends: [], adminPort }), adminPort, master: true });
await startConsul(harness, { persistent: true });
// One that hears no SIGTERM, with a child, and one that leaves its process group.
await harness.spawn('stubborn', '/bin/sh', ['-c', "trap '' TERM; sleep 1000 & wait; sleep 1000"]);
await harness.spawn('leaver', '/bin/sh', ['-c', 'setsid sleep 1000 & sleep 1000']);
process.on('SIGTERM', () => void harness.close().then(() => process.exit(0)));
console.log(`holding ${harness.dir}`);
setInterval(() => undefined, 1000);

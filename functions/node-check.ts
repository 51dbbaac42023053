#!/usr/bin/env node
// The check that a Consul agent runs for a node: `node-check.mjs -a http://10.0.0.5:14265`.
import { checkNode } from '../lib/iri/node-check/check.js';
import { HELP, parseArguments } from '../lib/iri/node-check/options.js';

// Node cannot exit while the C library waits for a name server: 10 s and more, and Consul kills the check
// before its finding is read. glibc takes these bounds from here.
process.env.RES_OPTIONS ??= 'timeout:1 attempts:2';

const parsed = parseArguments(process.argv.slice(2));
if (parsed.kind === 'help') {
  process.stdout.write(HELP);
} else if (parsed.kind === 'usage') {
  process.stderr.write(`node-check: ${parsed.message}\n`);
  process.exitCode = 3;
} else {
  const { ok, message } = await checkNode(parsed.options);
  process.stdout.write(`${message}\n`);
  process.exitCode = ok ? 0 : 2;
}

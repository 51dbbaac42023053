#!/usr/bin/env node
// The command line: plan, apply, status, invoke and the rest.
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confirmOnTerminal } from '../lib/cli/confirm.js';
import { outliveReaders, processTerminal } from '../lib/cli/output.js';
import { programFor } from '../lib/cli/program-for.js';

const here = dirname(fileURLToPath(import.meta.url));
const bundles = basename(here) === 'dist' ? here : join(here, '..', 'dist');

outliveReaders(process.stdout, process.stderr);
const program = await programFor(process.argv[2], processTerminal, {
  bundles,
  node: { nodeCheck: join(bundles, 'node-check.mjs'), confirm: confirmOnTerminal() },
  end: (status) => process.exit(status),
});
await program.parseAsync();

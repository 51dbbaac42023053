#!/usr/bin/env node
// The command line: plan, apply, status, invoke and the rest, each registered by its own file.
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { confirmOnTerminal } from '../lib/cli/confirm.js';
import { registerDoctor } from '../lib/cli/doctor.js';
import { registerInvoke } from '../lib/cli/invoke.js';
import { registerNode } from '../lib/cli/node.js';
import { processTerminal } from '../lib/cli/output.js';
import { registerReconcile } from '../lib/cli/reconcile.js';
import { registerRender } from '../lib/cli/render.js';
import { registerStatus } from '../lib/cli/status.js';

const here = dirname(fileURLToPath(import.meta.url));
const bundles = basename(here) === 'dist' ? here : join(here, '..', 'dist');

const program = new Command('iri-lb')
  .description('Keeps HAProxy load balancers equal to what Consul knows, through the Runtime API.')
  .showHelpAfterError();
registerReconcile(program, processTerminal);
registerStatus(program, processTerminal);
registerDoctor(program, processTerminal);
registerInvoke(program, processTerminal, bundles);
registerRender(program, processTerminal);
registerNode(program, processTerminal, {
  nodeCheck: join(bundles, 'node-check.mjs'),
  confirm: confirmOnTerminal(),
});

await program.parseAsync();

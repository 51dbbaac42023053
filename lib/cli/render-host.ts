// `iri-lb render host NAME --out DIR`: all files of one load balancer or Consul agent, as a folder to look at and copy.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/environment.js';
import { plainText } from '../model/text.js';
import type { RenderConfig } from '../render/config.js';
import { type Programs, renderHost } from '../render/host/render.js';
import { haproxyNotes, systemdNotes } from '../render/notes.js';
import { outJson, settingsOf, type Terminal } from './output.js';
import { writeTree } from './render-tree.js';
import { usageError } from './usage.js';

export interface HostFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly forwarder: string;
  readonly json?: boolean;
}

/** `bundles` is the folder with our built programs; undefined: they are nowhere. */
export function renderHostFolder(
  name: string | undefined,
  { out, force, forwarder, json }: HostFlags,
  terminal: Terminal,
  bundles: string | undefined,
): void {
  if (name === undefined) throw usageError('render host: of which host? use render host NAME --out DIR');
  if (out === undefined) throw usageError('render host: name the folder to write to with --out DIR');
  const { config, consul }: Settings<RenderConfig> = settingsOf(terminal);
  const { datacenter, namespace } = consul;
  const tree = renderHost(config, name, { forwarderUrl: forwarder, datacenter, namespace }, builtIn(bundles));
  const written = writeTree(out, tree, force === true);
  const shown = (path: string): string => plainText(join(out, path), 4_096);
  if (json) outJson(terminal, { version: 1, folder: out, ...written });
  else for (const path of written.files) terminal.out(shown(path));
  for (const path of written.removed) terminal.err(`removed ${shown(path)}: it is not configured any more`);
  for (const { path, what } of written.missing) terminal.err(`add ${shown(path)}: ${what}`);
  const isBalancer = config.hosts.some((host) => host.name === name && host.role === 'load-balancer');
  const notes = isBalancer ? new Set([...haproxyNotes(config), ...systemdNotes(config.haproxy)]) : [];
  for (const note of notes) terminal.err(`note: ${note}`);
}

const builtIn =
  (bundles: string | undefined): Programs =>
  (name) => {
    if (bundles === undefined) return undefined;
    try {
      return readFileSync(join(bundles, name), 'utf8');
    } catch {
      return undefined;
    }
  };

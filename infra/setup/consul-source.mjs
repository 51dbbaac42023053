// Where Debian's Consul comes from: an older release, from which apt may take nothing else.
import { existsSync, readFileSync } from 'node:fs';
import { debianMirror } from './debian.mjs';

/** Consul left Debian after bullseye, whose security support has ended. */
const SUITE = 'bullseye';
export const SOURCE_FILE = `/etc/apt/sources.list.d/iri-lb-${SUITE}.list`;
const PIN_FILE = '/etc/apt/preferences.d/iri-lb';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What earlier set-ups wrote: with it apt took all that this machine's own release lacks from there. */
const OLD_PIN = pin('*', 100);

/** apt's preferences: of the older release Consul alone. A package's own entry outweighs that of all. */
export function pinText() {
  return `${pin('*', -1)}\n${pin('consul', 100)}`;
}

function pin(name, priority) {
  return `Package: ${name}\nPin: release n=${SUITE}\nPin-Priority: ${priority}\n`;
}

/** Whether Consul can come from there, with signatures that this machine can verify. */
export function canHaveSource({ id }) {
  return id === 'debian' && existsSync(KEYRING);
}

/** Tells apt of the older release; the pin is there first, so that nobody else's apt takes more meanwhile. */
export function addSource({ codename }, asRoot) {
  asRoot('tee', [PIN_FILE], { input: pinText() });
  const line = `deb [signed-by=${KEYRING}] ${debianMirror(codename)} ${SUITE} main\n`;
  asRoot('tee', [SOURCE_FILE], { input: line });
}

/** Whether an earlier set-up left a pin here that lets more in than Consul. What people wrote is theirs. */
export function hasOldPin(file = PIN_FILE) {
  return existsSync(file) && readFileSync(file, 'utf8') === OLD_PIN;
}

/** Replaces that pin, or says how. */
export function renewPin(asRoot) {
  if (asRoot) asRoot('tee', [PIN_FILE], { input: pinText() });
  else console.error(`setup: ${PIN_FILE} lets more of ${SUITE} in than Consul; run this once as root`);
}

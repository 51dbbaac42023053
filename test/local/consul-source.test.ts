// What apt may take from the older release that Consul comes from: apt's own word on a mirror of our own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasOldPin, pinText } from '../../infra/setup/consul-source.mjs';

/** bookworm has none of these; apt would take them from wherever it may. */
const PACKAGES = ['consul', 'consul-template', 'python2.7', 'libssl1.1'];

const folder = mkdtempSync(join(tmpdir(), 'iri-lb-apt-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is Consul, by the text of the pin', () => {
  const entries = pinText()
    .trim()
    .split('\n\n')
    .map((entry) => Object.fromEntries(entry.split('\n').map((line) => line.split(': ', 2))));
  expect(entries).toEqual([
    { Package: '*', Pin: 'release n=bullseye', 'Pin-Priority': '-1' },
    { Package: 'consul', Pin: 'release n=bullseye', 'Pin-Priority': '100' },
  ]);
});

describe.runIf(existsSync('/usr/bin/apt-cache'))('is, by what apt makes of it,', () => {
  beforeAll(() => {
    const mirror = join(folder, 'mirror');
    for (const path of ['mirror', 'lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    writeFileSync(join(mirror, 'Release'), 'Origin: Debian\nSuite: oldstable\nCodename: bullseye\n');
    const entry = (name: string): string =>
      `Package: ${name}\nVersion: 1.0\nArchitecture: all\nFilename: ./${name}.deb\nSize: 1\n`;
    writeFileSync(join(mirror, 'Packages'), PACKAGES.map(entry).join('\n'));
    writeFileSync(join(folder, 'sources.list'), `deb [trusted=yes] file:${mirror} ./\n`);
    writeFileSync(join(folder, 'status'), '');
    writeFileSync(join(folder, 'pin'), pinText());
    apt('apt-get', ['update']);
  });

  it.each([
    ['all, without the pin', '/dev/null', PACKAGES],
    ['Consul alone, with it', join(folder, 'pin'), ['consul']],
  ])('%s', (_, preferences, taken) => {
    const offered = PACKAGES.filter((name) => {
      const policy = apt('apt-cache', ['policy', name], preferences);
      expect(policy).toContain('1.0');
      return /^ {2}Candidate: 1\.0$/m.test(policy);
    });
    expect(offered).toEqual(taken);
  });
});

describe('an earlier pin', () => {
  const old = 'Package: *\nPin: release n=bullseye\nPin-Priority: 100\n';

  it.each([
    ['replaced where it is as it was written', old, true],
    ['left alone where people changed it', old.replace('100', '200'), false],
    ['gone where it was replaced', pinText(), false],
  ])('is %s', (_, text, replaced) => {
    const file = join(folder, 'earlier');
    writeFileSync(file, text);
    expect(hasOldPin(file)).toBe(replaced);
  });

  it('is not missed where there was none', () => {
    expect(hasOldPin(join(folder, 'nothing'))).toBe(false);
  });
});

/** apt with a state of its own, that nobody's machine shares. */
function apt(command: string, args: readonly string[], preferences = '/dev/null'): string {
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '-',
    'Dir::Etc::Preferences': preferences,
    'Dir::Etc::PreferencesParts': '-',
    'Dir::State': folder,
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': '',
    'Debug::NoLocking': 'true',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const env = { ...process.env, LC_ALL: 'C' };
  return execFileSync(command, [...options, ...args], { encoding: 'utf8', env, stdio: 'pipe' });
}

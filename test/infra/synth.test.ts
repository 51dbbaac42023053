// `npm run synth`: without an account, without a network, and past cdk-nag with every exception explained.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { exceptions } from '../../infra/stack/nag.js';
import { root } from './example.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'iri-lb-synth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs it in a network namespace that has no network, with no trace of an account. */
function synth(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const namespace = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
  const command = [process.execPath, '--import', 'tsx', 'infra/app.ts', ...args];
  return run('unshare', [...namespace, ...command], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: folder },
  });
}

interface NagReport {
  readonly pluginReports: readonly {
    readonly violations: readonly unknown[];
    readonly suppressedViolations: readonly {
      readonly reason: string;
      readonly acknowledgedAt: string;
      readonly acknowledgedId: string;
    }[];
  }[];
}

// It loads all of CDK, and builds where the sources have changed.
describe('npm run synth', { timeout: 120_000 }, () => {
  it('writes template and assets without a network, and names the exceptions from cdk-nag', async () => {
    const example = join(root, 'infra', 'example.settings.json');
    const { stdout } = await synth(example, join(folder, 'out'));

    const template = join(folder, 'out', 'iri-lb.template.json');
    expect(stdout.trim().split('\n').at(-1)).toBe(template);
    expect(JSON.parse(readFileSync(template, 'utf8')).Resources).toHaveProperty('Schedule');
    const report: NagReport = JSON.parse(readFileSync(join(folder, 'out', 'validation-report.json'), 'utf8'));
    expect(report.pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
    const suppressed = report.pluginReports.flatMap(({ suppressedViolations }) => suppressedViolations);
    expect(
      suppressed.map(({ acknowledgedAt, acknowledgedId }) => `${acknowledgedAt} ${acknowledgedId}`).sort(),
    ).toEqual(exceptions.map(({ construct, rule }) => `iri-lb/${construct} ${rule}`).sort());
    for (const { reason } of suppressed) expect(reason).toMatch(/\w+ \w+ .*\.$/);
  });

  it('says in one line what is wrong with the settings, and exits 1', async () => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, JSON.stringify({ name: 'X', account: '1' }));
    const failure = await synth(file, join(folder, 'none')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    const { stderr } = failure as { stderr: string };
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/bad\.json: name: use up to .*; account: use the twelve digits/);
  });
});

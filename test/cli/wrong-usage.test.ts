// What is not understood is answered by one line that names it and the nearest right one.
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { answerInOneLine } from '../../lib/cli/wrong-usage.js';
import { runProgram } from './run-program.js';

describe('wrong usage', () => {
  it.each([
    ['plane', "unknown command 'plane'; did you mean plan?"],
    ['zzzzzz', "unknown command 'zzzzzz'; see iri-lb --help"],
    ['add', "unknown command 'add'; did you mean iri-lb node add?"],
    ['list', "unknown command 'list'; did you mean iri-lb node list?"],
    ['node lst', "unknown command 'lst'; did you mean list?"],
    ['help plane', "unknown command 'plane'; did you mean plan?"],
    ['help node remvoe', "unknown command 'remvoe'; did you mean remove?"],
    ['help node zzzzzz', "unknown command 'zzzzzz'; see iri-lb node --help"],
    ['plan --forse', "unknown option '--forse'; did you mean --force?"],
    ['node add --adress 10.0.0.1', "unknown option '--adress'; did you mean --address?"],
    ['node list --zzzzzzz', "unknown option '--zzzzzzz'; see iri-lb node list --help"],
    ['node add --adress=10.0.0.1', "unknown option '--adress'; did you mean --address?"],
    ['plan --secret=x', "unknown option '--secret'; see iri-lb plan --help"],
    ['--verison', "unknown option '--verison'; did you mean --version?"],
    [
      'doctor web',
      "too many arguments for 'doctor'. Expected 0 arguments but got 1; see iri-lb doctor --help",
    ],
    ['node add --port', "option '--port <port>' argument missing; see iri-lb node add --help"],
    ['render haproxi', 'no configuration by the name "haproxi"; did you mean haproxy?'],
    ['invoke zzzzzz', 'no function by the name "zzzzzz"; use watch, resync'],
    ['invoke wach', 'no function by the name "wach"; did you mean watch?'],
    ['completion', "missing required argument 'shell'; use bash, zsh, fish"],
    ['completion tcsh', 'no shell by the name "tcsh"; use bash, zsh, fish'],
  ])('%s', async (line, answer) => {
    const { status, out, err } = await runProgram(line.split(' '), {});
    expect({ status, out, err }).toEqual({ status: 64, out: '', err: `iri-lb: ${answer}\n` });
  });

  it('of a value that an option does not take names the nearest that it does', () => {
    const said: string[] = [];
    const program = new Command('x').exitOverride().configureOutput({ writeErr: (text) => said.push(text) });
    program.addOption(new Option('--state <state>', 'which').choices(['ready', 'drain'])).action(() => {});
    answerInOneLine(program);
    for (const state of ['redy', 'zzzzzz'])
      expect(() => program.parse(['--state', state], { from: 'user' })).toThrow();
    expect(said).toEqual([
      'iri-lb: --state takes no "redy"; did you mean ready?\n',
      'iri-lb: --state takes no "zzzzzz"; use ready, drain\n',
    ]);
  });

  it('shows nothing of what it was given that a terminal would obey', async () => {
    const hostile = '\u001b[31m\u202ex\nroot:';
    for (const args of [[hostile], ['plan', `--${hostile}`], ['invoke', hostile], ['help', hostile]]) {
      const { status, err } = await runProgram(args, {});
      expect(status).toBe(64);
      expect(err).toMatch(/^iri-lb: [ -~]+\n$/);
    }
  });

  it.each([[[]], [['node']]])('of nothing at all, %j, is answered by the help', async (args) => {
    const { status, err } = await runProgram(args, {});
    expect(status).toBe(64);
    expect(err).toContain('Examples:');
  });
});

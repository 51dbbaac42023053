// The set-up behind `npm start` and `npm test`.
import { afterEach, describe, expect, it } from 'vitest';
import { type Program, runProgram } from './process.js';

const programs: Program[] = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.clear()));
});

function setUp(env: NodeJS.ProcessEnv = {}): Program {
  const program = runProgram(process.execPath, ['infra/setup/setup.mjs'], env);
  programs.push(program);
  return program;
}

describe('the set-up', () => {
  it('finds nothing to do where everything is there', async () => {
    await setUp().ended;
    const second = setUp();
    expect(await second.ended).toBe(0);
    expect(second.stdout()).toBe('');
    expect(second.stderr()).toBe('');
  });

  it('finds HAProxy where the PATH of a user lacks the folder for administration', async () => {
    const program = setUp({ PATH: '/usr/bin:/bin' });
    expect(await program.ended).toBe(0);
  });

  it('says which variable names a binary that is not there, and installs none for it', async () => {
    const program = setUp({ HAPROXY_BIN: '/nowhere/haproxy' });
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toBe(
      'setup: HAPROXY_BIN: there is no /nowhere/haproxy; name a binary, or unset it to have one installed\n',
    );
  });
});

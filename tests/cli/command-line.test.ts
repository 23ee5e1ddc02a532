import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { exitCodes } from '../../src/core/index.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, { out: (text) => out.push(text), error: (text) => error.push(text) });
  return { code, out: out.join('\n'), error: error.join('\n') };
}

/** The same as a process of its own, as a person starts it. */
function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
}

describe('help', () => {
  test('of the program lists every command and the exit codes', async () => {
    for (const name of ['--help', 'help']) {
      const { code, out, error } = await run(name);
      expect(code).toBe(exitCodes.success);
      expect(out).toMatch(/^ {2}probe {2,}\w/m);
      for (const exit of Object.values(exitCodes)) expect(out).toMatch(new RegExp(`\\b${exit}\\s\\w`));
      expect(error).toBe('');
    }
  });

  test('is shown without a command too, as wrong usage', async () => {
    const { code, out } = await run();
    expect(code).toBe(exitCodes.usage);
    expect(out).toContain('usage: groundwork');
  });

  test('of a command explains its options and runs nothing', async () => {
    const { code, out, error } = await run('probe', '--provider', 'nonsense', '--help');
    expect(code).toBe(exitCodes.success);
    for (const option of ['--provider', '--threads', '--json']) expect(out).toContain(option);
    expect(error).toBe('');
  });
});

describe('wrong usage ends with exit code 2 and a hint', () => {
  for (const [title, args, found] of [
    ['an unknown command', ['prove'], '"prove"'],
    ['a name that every object has', ['constructor'], '"constructor"'],
    ['an unknown flag', ['probe', '--fast'], '--fast'],
    ['an unknown provider', ['probe', '--provider', 'cuda'], '"cuda"'],
    ['a flag without its value', ['probe', '--provider'], '--provider'],
    ['an argument that is no flag', ['probe', 'cpu'], 'cpu'],
    ['no threads', ['probe', '--threads', '0'], '"0"'],
    ['half a thread', ['probe', '--threads', '1.5'], '"1.5"'],
    ['threads that are no number', ['probe', '--threads', 'many'], '"many"'],
    ['threads that are nothing', ['probe', '--threads='], '""'],
  ] as const) {
    test(title, async () => {
      const { code, out, error } = await run(...args);
      expect(code).toBe(exitCodes.usage);
      expect(out).toBe('');
      expect(error).toMatch(/^groundwork: /);
      expect(error).toContain(found);
      expect(error).toMatch(/^hint: \S/m);
    });
  }

  test('in a process of its own, without a stack trace', () => {
    const { status, stdout, stderr } = start(['probe', '--provider', 'cuda']);
    expect(status).toBe(exitCodes.usage);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^groundwork: usage: .*"cuda"/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('probe', () => {
  test('--json gives one line of JSON with what was measured', async () => {
    const { code, out, error } = await run('probe', '--provider', 'cpu', '--threads', '1', '--json');
    expect(code).toBe(exitCodes.success);
    expect(error).toBe('');
    const [found, ...others] = JSON.parse(out) as { [name: string]: unknown }[];
    expect(others).toEqual([]);
    expect(found).toMatchObject({ engine: 'onnx/cpu', provider: 'cpu', numThreads: 1 });
    expect(found?.gemmGflops).toBeGreaterThan(0);
  });

  test('as text gives a line for each provider', async () => {
    const { code, out } = await run('probe', '--provider', 'cpu', '--threads', '1');
    expect(code).toBe(exitCodes.success);
    expect(out).toMatch(/^cpu +\d+ GFLOP\/s {2}1 thread {2}\S/);
  });

  const nowhere = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };

  test.runIf(process.platform === 'linux')('lists a provider that cannot run here with reason and hint', () => {
    const { status, stdout } = start(['probe', '--json'], nowhere);
    expect(status).toBe(exitCodes.success);
    expect(JSON.parse(stdout)).toContainEqual({
      provider: 'webgpu',
      reason: expect.stringMatching(/\S/),
      hint: expect.stringContaining('Vulkan'),
    });
  });

  test.runIf(process.platform === 'linux')('ends with an error where a provider that was named cannot run', () => {
    const { status, stdout, stderr } = start(['probe', '--provider', 'webgpu'], nowhere);
    expect(status).toBe(exitCodes.engine);
    expect(stdout).toBe('');
    expect(stderr).toContain('provider-unavailable');
  });
});

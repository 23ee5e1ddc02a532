import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '../../../src/core/index.ts';
import { present } from '../../../src/core/index.ts';
import { jaxPython } from '../../support/jax-python.ts';

/** The folder of the runner. */
export const runnerFolder = fileURLToPath(new URL('../../../python', import.meta.url));
const script = fileURLToPath(new URL('answer.py', import.meta.url));

/** Asks a module of the runner: calls a function of `answer.py`. */
export function askPython(call: string, ...args: readonly JsonValue[]): unknown {
  const python = present(jaxPython(), 'a Python with JAX');
  const answer = execFileSync(python, [script], {
    input: JSON.stringify({ call, arguments: args }),
    env: { ...process.env, PYTHONPATH: runnerFolder, PYTHONDONTWRITEBYTECODE: '1' },
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  return JSON.parse(answer);
}

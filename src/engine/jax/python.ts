import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { GroundworkError } from '../../core/index.ts';

/** The versions of JAX that emitted modules are written for, as pip writes it. */
export const jaxWindow = 'jax>=0.10,<0.13';
const oldestJax: readonly [number, number] = [0, 10];
const firstTooNew: readonly [number, number] = [0, 13];

/** How long a Python may take to say what it has. */
const patienceMs = 20_000;

/** A Python that has JAX. */
export interface JaxPython {
  /** The command or path that starts it. */
  readonly command: string;
  readonly versions: { readonly python: string; readonly jax: string; readonly jaxlib: string };
}

export interface PythonSearch {
  /** Default: the environment of this process. `GROUNDWORK_PYTHON` in it names the Python to take. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Where `setup.sh` makes its environment. Default: `python/.venv` of Groundwork. */
  readonly venv?: string;
}

/** The folder with what runs in Python: `session.py`, `runner.py`, `setup.sh`, `requirements.txt`. */
export const pythonFolder = fileURLToPath(new URL('../../../python/', import.meta.url));

const isWindows = process.platform === 'win32';

/**
 * Finds a Python with JAX: the one that `GROUNDWORK_PYTHON` names, and no other, where that is set; else the first that has a
 * JAX of `jaxWindow` among `python/.venv`, `python3` and `python`.
 *
 * @throws GroundworkError `provider-unavailable` with what was looked at and what was found there
 */
export function findJaxPython(search: PythonSearch = {}): JaxPython {
  const { environment = process.env, venv = `${pythonFolder}.venv` } = search;
  const named = environment.GROUNDWORK_PYTHON;
  const own = `${venv}${isWindows ? '/Scripts/python.exe' : '/bin/python'}`;
  const findings: string[] = [];
  for (const command of named ? [named] : [own, 'python3', 'python']) {
    const finding = command === own && !existsSync(own) ? `${own} is not there` : askPython(command, environment);
    if (typeof finding !== 'string') return finding;
    findings.push(command === named ? `GROUNDWORK_PYTHON: ${finding}` : finding);
  }
  throw new GroundworkError(
    'provider-unavailable',
    `found no Python with ${jaxWindow}: ${[...new Set(findings)].join('; ')}`,
    {
      hint: `Install it by \`sh ${pythonFolder}setup.sh\`, or set GROUNDWORK_PYTHON to a Python that has it.`,
    },
  );
}

const question = `
import json, platform
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({"python": platform.python_version(), "jax": of("jax"), "jaxlib": of("jaxlib")}))
`;
const answerSchema = z.strictObject({
  python: z.string(),
  jax: z.string().nullable(),
  jaxlib: z.string().nullable(),
});

/** What a Python has, or in words why it will not do. Packages are only looked up: importing JAX takes seconds. */
function askPython(command: string, environment: NodeJS.ProcessEnv): JaxPython | string {
  const { status, stdout, error } = spawnSync(command, ['-c', question], {
    encoding: 'utf8',
    env: environment,
    timeout: patienceMs,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  if (error !== undefined) return `${command} is not to be had`;
  const answer = status === 0 ? parsedAnswer(stdout) : undefined;
  if (answer === undefined) return `${command} does not run as Python 3.8 or newer`;
  const { python, jax, jaxlib } = answer;
  const what = `${command} (Python ${python})`;
  if (jax === null) return `${what} has no JAX`;
  if (!isSupportedJax(jax)) return `${what} has JAX ${jax}`;
  if (jaxlib === null) return `${what} has JAX ${jax} without jaxlib`;
  return { command, versions: { python, jax, jaxlib } };
}

function parsedAnswer(text: string): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch {
    // Another program under this name: as good as none.
    return undefined;
  }
}

/** Whether a version such as `0.10.2` lies in `jaxWindow`. */
export function isSupportedJax(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const number = (pair: readonly [number, number]) => 1000 * pair[0] + pair[1];
  return number([major, minor]) >= number(oldestJax) && number([major, minor]) < number(firstTooNew);
}

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../../src/core/index.ts';
import { findJaxPython, isSupportedJax, jaxEngine } from '../../../src/engine/node.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pythons-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** A command that answers as a Python with these packages would. */
function fakePython(folder: string, name: string, answer: object): string {
  const path = join(root, folder, name);
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
  chmodSync(path, 0o755);
  return path;
}

const search = (folder: string, environment: NodeJS.ProcessEnv = {}) => ({
  environment: { PATH: [join(root, folder), '/usr/bin', '/bin'].join(delimiter), ...environment },
  venv: join(root, 'no-venv'),
});
const withJax = { python: '3.12.1', jax: '0.10.2', jaxlib: '0.10.2' };

function refusal(find: () => unknown): GroundworkError {
  try {
    find();
  } catch (error) {
    if (error instanceof GroundworkError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe.skipIf(process.platform === 'win32')('a Python with JAX', () => {
  test('is python/.venv where it is there, before those on the path', () => {
    const own = fakePython('venv/bin', 'python', withJax);
    fakePython('path', 'python3', withJax);
    const found = findJaxPython({ ...search('path'), venv: join(root, 'venv') });
    expect(found).toEqual({ command: own, versions: withJax });
  });

  test('is else the first on the path that has a JAX of the window', () => {
    fakePython('two', 'python3', { ...withJax, jax: '0.9.2' });
    fakePython('two', 'python', withJax);
    expect(findJaxPython(search('two')).command).toBe('python');
  });

  test('is the one that GROUNDWORK_PYTHON names, and no other', () => {
    const named = fakePython('named', 'chosen', withJax);
    fakePython('other', 'python3', withJax);
    expect(findJaxPython(search('other', { GROUNDWORK_PYTHON: named })).command).toBe(named);
    const bare = fakePython('named', 'bare', { python: '3.11.2', jax: null, jaxlib: null });
    const { code, message } = refusal(() => findJaxPython(search('other', { GROUNDWORK_PYTHON: bare })));
    expect(code).toBe('provider-unavailable');
    expect(message).toContain(`GROUNDWORK_PYTHON: ${bare} (Python 3.11.2) has no JAX`);
  });

  test('that is not to be had is refused in one sentence that says what was found, and how to get one', () => {
    fakePython('old', 'python3', { ...withJax, jax: '0.4.30' });
    fakePython('old', 'python', { python: '3.11.2', jax: '0.11.0', jaxlib: null });
    const { code, message, hint } = refusal(() => findJaxPython(search('old')));
    expect(code).toBe('provider-unavailable');
    expect(message).toContain('jax>=0.10,<0.13');
    expect(message).toContain('no-venv/bin/python is not there');
    expect(message).toContain('python3 (Python 3.12.1) has JAX 0.4.30');
    expect(message).toContain('python (Python 3.11.2) has JAX 0.11.0 without jaxlib');
    expect(message).not.toContain('\n');
    expect(hint).toContain('setup.sh');
    expect(hint).toContain('GROUNDWORK_PYTHON');
  });

  test('is not a command that answers something else, or none at all', () => {
    const path = join(root, 'odd', 'python3');
    mkdirSync(join(root, 'odd'), { recursive: true });
    writeFileSync(path, '#!/bin/sh\necho hello\n');
    chmodSync(path, 0o755);
    const { message } = refusal(() => findJaxPython(search('odd', { GROUNDWORK_PYTHON: path })));
    expect(message).toContain(`${path} does not run as Python 3.8 or newer`);
    const missing = join(root, 'nowhere');
    expect(refusal(() => findJaxPython(search('odd', { GROUNDWORK_PYTHON: missing }))).message).toContain(
      `${missing} is not to be had`,
    );
  });

  test('that does not start after all is refused with what it said', async () => {
    const broken = fakePython('broken', 'python3', withJax);
    const python = { command: broken, versions: withJax };
    const error = await jaxEngine({ python }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GroundworkError);
    expect(error).toMatchObject({ code: 'provider-unavailable' });
  });
});

test('the window of versions begins at 0.10 and ends before 0.13', () => {
  for (const version of ['0.10.0', '0.10.2', '0.11.2', '0.12.9', '0.12.0.dev20260101']) {
    expect(isSupportedJax(version), version).toBe(true);
  }
  for (const version of ['0.9.2', '0.4.38', '0.13.0', '1.0.0', '0'])
    expect(isSupportedJax(version), version).toBe(false);
});

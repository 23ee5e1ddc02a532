import { assert, type FileSystem, GroundworkError } from '../core/index.ts';
import { pythonFolder } from '../engine/node.ts';
import type { Accelerator } from '../theory/index.ts';
import type { BundleFolder } from './bundle-folder.ts';
import { makerOf } from './launch/launch.ts';

/** The extras with which pip installs JAX for the devices of a maker. */
const extras = { nvidia: '[cuda12]', amd: '[rocm7-local]', google: '[tpu]', none: '' } as const;

/**
 * Copies the runner, with all that it says it consists of, and writes `requirements.txt`.
 *
 * @param folder where the Python of Groundwork lies
 */
export function writeRunner(
  bundle: BundleFolder,
  device: Accelerator | undefined,
  folder: string = pythonFolder,
): void {
  const { fs } = bundle;
  const runner = textOf(fs, `${folder}runner.py`);
  const [, names] = /^RUNNER_FILES: ([\w.\s]+)"""$/m.exec(runner) ?? [];
  assert(names !== undefined, 'runner.py does not say what it consists of');
  for (const name of names.trim().split(/\s+/)) bundle.copy(name, `${folder}${name}`);
  bundle.writeChangeable('requirements.txt', requirementsText(textOf(fs, `${folder}requirements.txt`), device));
}

/** What pip is to install, for the devices that the bundle is made for. */
export function requirementsText(requirements: string, device: Accelerator | undefined): string {
  const packages = requirements.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const forDevice = packages.map((line) => line.replace(/^jax(?==)/, `jax${extras[makerOf(device)]}`));
  assert(
    forDevice.some((line) => line.startsWith('jax')),
    'the requirements do not name JAX',
  );
  const on = device === undefined ? 'processors' : device.title;
  return `# For ${on}. Other devices take another extra: jax[cuda12] and jax[cuda13] NVIDIA, jax[tpu] TPU, none processors.\n${forDevice.join('\n')}\n`;
}

function textOf(fs: FileSystem, path: string): string {
  if (!fs.exists(path)) {
    throw new GroundworkError('file-not-found', `there is no ${path}, which a bundle needs`, {
      hint: 'Install Groundwork again: it brings the folder python/.',
    });
  }
  return new TextDecoder().decode(fs.readFile(path));
}

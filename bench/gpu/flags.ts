import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';
import { modelNames, type Scale, scales } from './models.ts';
import { rowSpecs } from './rows.ts';

export const gpuUsage = `npm run bench -- gpu [flags]

Times a training step of the 124 M GPT-2 and of nanochat-2025 at depth 12, in bfloat16 with 64 Ki tokens, in Groundwork on JAX, in
PyTorch and in JAX written by hand, in turns on one NVIDIA GPU; then a small model on the WebGPU provider of ONNX Runtime.

  --python PATH       a Python with JAX (default: GROUNDWORK_PYTHON, python/.venv, python3)
  --torch-python PATH a Python with PyTorch (default: that of --python, else bench/peers/pytorch/.venv)
  --models LIST       ${modelNames.join(',')} (default: all)
  --rows PATTERN      only rows whose name matches this regular expression
  --rounds N          turns of each row (default: 3)
  --micro LIST        micro-batch sizes in rows to try, in this order (default: the largest that fits)
  --minutes M         begin no turn after so many minutes (default: 60)
  --device gpu|cpu    cpu: to rehearse (default: gpu)
  --size full|tiny    tiny: small models, to rehearse (default: full on a gpu, tiny on a cpu)
  --eager             PyTorch without torch.compile
  --json FILE         where to write the record (default: .bench/gpu/gpu.json)
  --bundle FOLDER     only write a folder that measures all this with Python alone: python FOLDER/run.py
  --read FILE         only print the tables of a record that was written before
  --help              this text

Rows: ${rowSpecs.map(({ id }) => id).join(', ')}`;

export interface GpuFlags {
  readonly python: string | undefined;
  readonly torchPython: string | undefined;
  readonly models: readonly string[];
  readonly rows: string;
  readonly rounds: number;
  readonly micro: string | undefined;
  readonly minutes: number;
  readonly device: 'gpu' | 'cpu';
  readonly scale: Scale;
  readonly eager: boolean;
  readonly json: string | undefined;
  readonly bundle: string | undefined;
  readonly read: string | undefined;
  readonly help: boolean;
}

const options = {
  python: { type: 'string' },
  'torch-python': { type: 'string' },
  models: { type: 'string' },
  rows: { type: 'string', default: '' },
  rounds: { type: 'string', default: '3' },
  micro: { type: 'string' },
  minutes: { type: 'string', default: '60' },
  device: { type: 'string', default: 'gpu' },
  size: { type: 'string' },
  eager: { type: 'boolean', default: false },
  json: { type: 'string' },
  bundle: { type: 'string' },
  read: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/**
 * Reads the flags of `bench gpu`.
 *
 * @throws GroundworkError `usage`
 */
export function parseGpuFlags(args: readonly string[]): GpuFlags {
  const values = parse(args);
  const device = oneOf('device', values.device, ['gpu', 'cpu']);
  const scale = values.size === undefined ? (device === 'gpu' ? 'full' : 'tiny') : oneOf('size', values.size, scales);
  const names = values.models?.split(',').map((name) => name.trim()) ?? modelNames;
  const unknown = names.find((name) => !modelNames.includes(name));
  if (unknown !== undefined) {
    throw refusal(`--models names the model "${unknown}", expected some of ${modelNames.join(',')}`);
  }
  return {
    python: values.python,
    torchPython: values['torch-python'],
    models: names,
    rows: checkedRows(values.rows),
    rounds: checkedNumber('rounds', values.rounds, /^[1-9]\d*$/, 'a whole number of at least 1'),
    micro: checkedSizes(values.micro),
    minutes: checkedNumber('minutes', values.minutes, /^\d+(\.\d+)?$/, 'a number of minutes'),
    device,
    scale,
    eager: values.eager,
    json: values.json,
    bundle: values.bundle,
    read: values.read,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw refusal((cause as Error).message, cause);
  }
}

function refusal(message: string, cause?: unknown): GroundworkError {
  return new GroundworkError('usage', message, { hint: 'See npm run bench -- gpu --help.', cause });
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw refusal(`--${name} is "${text}", expected ${known.join(' or ')}`);
  return found;
}

function checkedNumber(name: string, text: string, form: RegExp, expected: string): number {
  if (!form.test(text)) throw refusal(`--${name} is "${text}", expected ${expected}`);
  return Number(text);
}

function checkedSizes(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[1-9]\d*(,[1-9]\d*)*$/.test(text)) {
    throw refusal(`--micro is "${text}", expected numbers of rows such as 32,16`);
  }
  return text;
}

function checkedRows(text: string): string {
  try {
    const pattern = new RegExp(text);
    if (rowSpecs.some(({ id }) => pattern.test(id))) return text;
  } catch (cause) {
    throw refusal(`--rows is "${text}", which is no regular expression`, cause);
  }
  throw refusal(`--rows "${text}" matches none of ${rowSpecs.map(({ id }) => id).join(', ')}`);
}

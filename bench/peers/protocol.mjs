// The protocol that a JavaScript peer of the step benchmark speaks; README.md beside this file describes it.
//
// Everything but the training step itself is here, so that every JavaScript peer is timed by the same lines.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** A fault of the caller's (a flag, a file); its message is the one sentence that is printed. */
export class PeerError extends Error {}

/**
 * @typedef {{ vocabularySize: number, width: number, numLayers: number, numHeads: number, contextLength: number,
 *   batchSize: number, hiddenWidth: number }} Model
 * @typedef {{ learningRate: number, beta1: number, beta2: number, epsilon: number, weightDecay: number }} Optimizer
 * @typedef {{ shape: number[], values: Float32Array }} Parameter
 * @typedef {{ model: Model, optimizer: Optimizer, parameters: Record<string, Parameter>,
 *   batches: { inputs: Int32Array, targets: Int32Array }[] }} Task inputs and targets are [B, T]
 * @typedef {{ versions: Record<string, string>, step: (k: number) => Promise<number>, threads?: number,
 *   details?: Record<string, unknown>, takeDetails?: () => Record<string, unknown> }} Peer
 *   `step(k)` runs step k (from 0) and returns its loss, measured before the update; `threads` is there only where
 *   the number that was asked for cannot be had; `details` are further fields of the first answer, and `takeDetails`
 *   gives further fields of each answer to "steps"
 */

function readBytes(path, what) {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PeerError(`Cannot read the ${what} file ${path}: ${error.code ?? error.message}.`);
  }
}

function readValues(path, what, numValues, ArrayType) {
  const bytes = readBytes(path, what);
  const found = Math.floor(bytes.byteLength / 4);
  if (found < numValues) {
    throw new PeerError(`The ${what} file ${path} holds ${found} values, expected at least ${numValues}.`);
  }
  return new ArrayType(bytes.buffer, bytes.byteOffset, found);
}

const product = (shape) => shape.reduce((total, size) => total * size, 1);

/** Every number that the spec must hold, so that a missing one is an error and not a NaN loss. */
function requireNumbers(group, name, keys) {
  for (const key of keys) {
    if (typeof group?.[key] !== 'number') throw new TypeError(`${name}.${key} is ${group?.[key]}, expected a number`);
  }
}

/** Reads the spec at `path` and the two binary files it names. @returns {Task} */
export function readTask(path) {
  const text = readBytes(path, 'spec').toString('utf8');
  let spec;
  try {
    spec = JSON.parse(text);
  } catch (error) {
    throw new PeerError(`The spec file ${path} is not JSON: ${error.message}.`);
  }
  try {
    const { model, optimizer } = spec;
    requireNumbers(model, 'model', [
      'vocabularySize',
      'width',
      'numLayers',
      'numHeads',
      'contextLength',
      'batchSize',
      'hiddenWidth',
    ]);
    requireNumbers(optimizer, 'optimizer', ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay']);
    const entries = spec.parameters.entries;
    const numFloats = Math.max(...entries.map((entry) => entry.offset + product(entry.shape)));
    const values = readValues(spec.parameters.path, 'parameter', numFloats, Float32Array);
    const parameters = Object.fromEntries(
      entries.map(({ name, shape, offset }) => [
        name,
        { shape, values: values.slice(offset, offset + product(shape)) },
      ]),
    );
    const { batchSize, contextLength } = model;
    const rowLength = contextLength + 1;
    const numTokens = spec.tokens.numBatches * batchSize * rowLength;
    const tokens = readValues(spec.tokens.path, 'token', numTokens, Int32Array);
    const batches = Array.from({ length: spec.tokens.numBatches }, (_, batch) => {
      const inputs = new Int32Array(batchSize * contextLength);
      const targets = new Int32Array(batchSize * contextLength);
      for (let row = 0; row < batchSize; row++) {
        const start = (batch * batchSize + row) * rowLength;
        inputs.set(tokens.subarray(start, start + contextLength), row * contextLength);
        targets.set(tokens.subarray(start + 1, start + rowLength), row * contextLength);
      }
      return { inputs, targets };
    });
    return { model, optimizer, parameters, batches };
  } catch (error) {
    if (error instanceof PeerError) throw error;
    throw new PeerError(`The spec file ${path} is incomplete or of the wrong form: ${error.message}.`);
  }
}

function parseFlags(options) {
  const names = ['spec', 'threads', ...Object.keys(options)];
  let values;
  try {
    ({ values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) }));
  } catch (error) {
    throw new PeerError(`Bad arguments: ${error.message}.`);
  }
  if (values.spec === undefined) throw new PeerError('Bad arguments: --spec is missing.');
  const threads = Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new PeerError(`Bad arguments: --threads is ${values.threads}, expected a whole number of at least 1.`);
  }
  const choices = {};
  for (const [name, legal] of Object.entries(options)) {
    choices[name] = values[name] ?? legal[0];
    if (legal.includes(choices[name])) continue;
    throw new PeerError(`Bad arguments: --${name} is ${choices[name]}, expected one of ${legal.join(', ')}.`);
  }
  return { spec: values.spec, threads, choices };
}

/** User and system time of this process with all its threads. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function peakBytes() {
  try {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (line !== null) return Number(line[1]) * 1024;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return process.resourceUsage().maxRSS * 1024;
}

function parseCommand(line) {
  let command;
  try {
    command = JSON.parse(line);
  } catch (error) {
    throw new PeerError(`Cannot understand the command ${line}: ${error.message}.`);
  }
  if (command?.command !== 'steps' && command?.command !== 'exit') {
    throw new PeerError(`Unknown command "${command?.command}", expected "steps" or "exit".`);
  }
  return command;
}

async function answerCommands(peer, answer) {
  let nextStep = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    const { command, count = 1 } = parseCommand(line);
    if (command === 'exit') return;
    const losses = [];
    const stepMs = [];
    const cpuStart = cpuSeconds();
    for (let i = 0; i < count; i++) {
      const stepStart = performance.now();
      losses.push(await peer.step(nextStep));
      stepMs.push(performance.now() - stepStart);
      nextStep++;
    }
    const usage = { cpuSeconds: cpuSeconds() - cpuStart, peakBytes: peakBytes() };
    answer({ losses, stepMs, ...usage, ...peer.takeDetails?.() });
  }
}

/**
 * Runs a peer: parses the flags, calls `load`, then answers commands until "exit" or the end of stdin.
 *
 * @param {(task: Task, threads: number, choices: Record<string, string>) => Promise<Peer>} load imports the framework
 *   itself, so that loadMs counts the import
 * @param {Record<string, readonly string[]>} options maps a flag of the peer's own to its legal values, the first being
 *   the default
 */
export async function serve(load, options = {}) {
  // Libraries log as they please: stdout is the protocol's alone.
  const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  console.log = console.info = console.debug = console.error;
  try {
    const start = performance.now();
    const { spec, threads, choices } = parseFlags(options);
    const peer = await load(readTask(spec), threads, choices);
    const versions = { ...peer.versions, node: process.versions.node };
    const loadMs = performance.now() - start;
    answer({ ready: true, versions, loadMs, threads: peer.threads ?? threads, ...peer.details });
    await answerCommands(peer, answer);
    // Worker threads of a framework would keep the process alive.
    process.exit(0);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { type EngineProbe, onnxEngine, probe, providers } from '../engine/index.ts';
import { findJaxPython, type JaxPython, jaxEngine } from '../engine/node.ts';
import { printableJson } from '../tokenizer/index.ts';
import { memoryLimit } from '../training/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { deviceText } from './run-engine.ts';
import { paintFor } from './styled-text.ts';
import { byteText } from './text-table.ts';
import { groundworkVersion } from './version.ts';

/** A product into an MLP, measured for so long: enough to tell engines apart. */
const measurement = { durationMs: 100, shapes: [{ M: 1024, K: 256, N: 1024 }] } as const;
/** Less free disk than this is worth a word: a few checkpoints of a small model. */
const littleDiskBytes = 1e9;
const littleMemoryBytes = 1e9;

/** What was found of one thing. `ok`: as it should be; `note`: it works, with less; `absent`: not here, and nobody needs it. */
interface Finding {
  readonly topic: string;
  readonly state: 'ok' | 'note' | 'absent' | 'fault';
  readonly text: string;
  /** What to do, where there is something. */
  readonly hint?: string;
}

/** `groundwork doctor`: what this machine has to train with, and what is missing. */
export const doctorCommand: Command = {
  help: `usage: groundwork doctor [--json]

Looks at what there is to train with: Node, processor, memory, disk, each engine with its device, its threads and its measured speed,
and Python with JAX, which is optional: it trains on accelerators. Says what is missing and how to get it. It changes nothing and fetches
nothing.

  --json   print what was found as JSON

Exit codes: 0 something can train, 2 wrong usage, 4 no engine works here.`,
  run: async (args, terminal) => {
    const flags = parseFlags('doctor', args, { json: { type: 'boolean' } }, { least: 0, most: 0 });
    const findings: Finding[] = [];
    const isJson = flags.isSet('json');
    const add = (finding: Finding) => {
      findings.push(finding);
      if (!isJson) terminal.out(lineOf(finding, terminal));
    };
    for (const finding of machineFindings()) add(finding);
    const engines: EngineProbe[] = [];
    for (const provider of providers) {
      terminal.live?.(`measuring ${provider}`);
      add(await engineFinding(provider, engines));
    }
    terminal.live?.('looking for Python and JAX');
    for (const finding of await jaxFindings(engines)) add(finding);
    terminal.live?.('');
    const fastest = engines.sort((a, b) => b.gemmGflops - a.gemmGflops)[0];
    if (isJson) terminal.out(printableJson({ canTrain: fastest !== undefined, findings, engines }));
    if (fastest === undefined) {
      throw new GroundworkError('provider-unavailable', 'no engine works on this machine, so nothing can train here', {
        hint: 'Install the packages again with npm ci; the hints above say what each engine lacks.',
      });
    }
    if (isJson) return;
    const others = fastest.provider === 'cpu' ? '' : ` --engine ${fastest.provider}`;
    terminal.out(`\nReady to train. The fastest engine is ${fastest.provider}: groundwork pretrain${others}`);
  },
};

function lineOf({ topic, state, text, hint }: Finding, terminal: Terminal): string {
  const paint = paintFor(terminal.hasColor === true);
  const sign = {
    ok: paint('good', 'ok    '),
    note: paint('warning', 'note  '),
    absent: 'absent',
    fault: paint('warning', 'FAULT '),
  };
  const line = `${sign[state]}  ${topic.padEnd(10)} ${text}`;
  return hint === undefined ? line : `${line}\n        ${' '.repeat(10)} ${paint('quiet', hint)}`;
}

function machineFindings(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNodeNew = major > 20 || (major === 20 && minor >= 19);
  const { availableBytes, limit } = memoryLimit(nodeFileSystem);
  const { bavail, bsize } = statfsSync('.');
  const freeBytes = bavail * bsize;
  const threads = availableParallelism();
  return [
    { topic: 'Groundwork', state: 'ok', text: groundworkVersion() },
    {
      topic: 'Node',
      state: isNodeNew ? 'ok' : 'fault',
      text: `${process.versions.node} on ${process.platform} ${process.arch}`,
      ...(!isNodeNew && { hint: 'Groundwork needs Node 20.19 or newer: https://nodejs.org' }),
    },
    {
      topic: 'processor',
      state: 'ok',
      text: `${cpus()[0]?.model.trim() || process.arch}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    },
    {
      topic: 'memory',
      state: availableBytes < littleMemoryBytes ? 'note' : 'ok',
      text: `${byteText(availableBytes)} to be had of ${byteText(totalmem())} (${limit})`,
      ...(availableBytes < littleMemoryBytes && {
        hint: 'Enough for small models only; end other programs for larger ones.',
      }),
    },
    {
      topic: 'disk',
      state: freeBytes < littleDiskBytes ? 'note' : 'ok',
      text: `${byteText(freeBytes)} free here`,
      ...(freeBytes < littleDiskBytes && { hint: 'Each checkpoint takes about 12 bytes a parameter: make room.' }),
    },
  ];
}

async function engineFinding(provider: (typeof providers)[number], found: EngineProbe[]): Promise<Finding> {
  try {
    const result = await probe(await onnxEngine(provider), measurement);
    found.push(result);
    return { topic: provider, state: 'ok', text: `${speedText(result)}, ${result.device}` };
  } catch (fault) {
    return absence(provider, fault);
  }
}

/** Python and JAX: needed on accelerators only. */
async function jaxFindings(found: EngineProbe[]): Promise<Finding[]> {
  let python: JaxPython;
  try {
    python = findJaxPython();
  } catch (fault) {
    return [absence('jax', fault)];
  }
  const { command, versions } = python;
  const about = {
    topic: 'Python',
    state: 'ok',
    text: `${versions.python} with JAX ${versions.jax}: ${command}`,
  } as const;
  try {
    const engine = await jaxEngine({ python });
    try {
      const { runtime } = engine;
      const result = await probe(engine, measurement);
      // On a processor the engine `cpu` does the same without a second process.
      if (runtime.platform !== 'cpu') found.push(result);
      const memory = runtime.platform === 'cpu' ? '' : memoryText(runtime.memoryBytes);
      return [about, { topic: 'jax', state: 'ok', text: `${speedText(result)}, ${deviceText(runtime)}${memory}` }];
    } finally {
      engine.close();
    }
  } catch (fault) {
    return [about, absence('jax', fault)];
  }
}

const memoryText = (bytes: number | undefined): string => (bytes === undefined ? '' : `, ${byteText(bytes)} each`);

function speedText({ gemmGflops, numThreads }: EngineProbe): string {
  return `${gemmGflops.toFixed(0)} GFLOP/s, ${numThreads} ${numThreads === 1 ? 'thread' : 'threads'}`;
}

/** An engine that is not to be had here, as it says itself. */
function absence(topic: string, fault: unknown): Finding {
  if (!(fault instanceof GroundworkError)) throw fault;
  return { topic, state: 'absent', text: fault.message, hint: fault.hint };
}

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GroundworkError, randomStream } from '../../src/core/index.ts';
import { nodeFileSystem, writeDurably } from '../../src/core/node.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { openGenerator } from '../../src/evaluation/index.ts';
import { gptModel, gptSettings, type Model } from '../../src/model/index.ts';
import { asTensorBytes, safetensors } from '../../src/training/run/safetensors.ts';
import { describeMachine } from '../step/machine.ts';
import { median } from '../step/statistics.ts';
import { decoderConfig, dynamicDecoder } from './dynamic-decoder.ts';
import { type GenerationContestant, startPeer } from './generation-peer.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const peers = join(checkout, 'bench', 'peers');

const usage = `npm run bench -- generation [flags]

Generates text, greedily and with a cache of keys and values, with the same model in Groundwork, PyTorch and transformers.js, in
turns.

  --rounds N     texts of each, in turns (default: 9)
  --tokens N     tokens of a text (default: 128)
  --prompt N     tokens of the prompt (default: 32)
  --context N    the context length of the model (default: 512)
  --threads N,M  numbers of threads, one table each (default: 1,2)
  --json FILE    also write the result to FILE
  --help         this text`;

interface GenerationFlags {
  readonly rounds: number;
  readonly numTokens: number;
  readonly promptLength: number;
  readonly contextLength: number;
  readonly threads: readonly number[];
  readonly jsonPath: string | undefined;
}

/** `bench generation`: prints a table for each number of threads, and last one line of JSON. */
export async function runGenerationBenchmark(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args);
  if (flags === 'help') {
    print(usage);
    return;
  }
  const settings = gptSettings({
    vocabularySize: 8192,
    contextLength: flags.contextLength,
    numLayers: 6,
    width: 256,
    isHeadTied: true,
  });
  const model = gptModel(settings);
  const parameters = randomWeights(model);
  const random = randomStream(1, 'prompt');
  const prompt = Array.from({ length: flags.promptLength }, () => random.nextInteger(8192));
  const folder = join(checkout, '.bench', 'generation');
  const specPath = writeTask(folder, { settings, prompt }, model, parameters);
  writeFileSync(join(folder, 'decoder', 'onnx', 'model.onnx'), dynamicDecoder(settings, parameters));

  const machine = describeMachine();
  const results: object[] = [];
  for (const numThreads of flags.threads) {
    const contestants = [
      await ours(model, parameters, prompt, numThreads),
      ...(await startPeers(specPath, numThreads)),
    ];
    try {
      const { rows, tokens } = await compare(contestants, flags);
      print(
        `\n## ${numThreads} thread${numThreads === 1 ? '' : 's'}, ${flags.numTokens} tokens after ${prompt.length}\n`,
      );
      print(tableOf(rows));
      results.push({ numThreads, rows, tokens });
    } finally {
      for (const contestant of contestants) await contestant.close();
    }
  }
  const record = { benchmark: 'generation', machine, settings, flags, results };
  print(
    `\n${machine.processor}, ${machine.platform}, Node ${machine.node}, load average ${machine.loadAverage.toFixed(2)}\n`,
  );
  if (flags.jsonPath !== undefined) writeFileSync(flags.jsonPath, `${JSON.stringify(record, undefined, 2)}\n`);
  print(JSON.stringify(record));
}

interface Row {
  readonly name: string;
  /** Medians over the rounds. */
  readonly tokensPerSecond: number;
  readonly msPerToken: number;
  /** The median over the rounds of our time divided by its time in the same round: above 1 it is faster than we are. */
  readonly speedRatio: number;
  /** How many of the first tokens are those of Groundwork. */
  readonly numEqualTokens: number;
  readonly versions: { readonly [name: string]: string };
}

async function compare(
  contestants: readonly GenerationContestant[],
  { rounds, numTokens }: GenerationFlags,
): Promise<{ readonly rows: Row[]; readonly tokens: readonly number[] }> {
  const texts: number[][] = [];
  // Once without the clock: sessions are made and memory is touched.
  for (const contestant of contestants) texts.push((await contestant.generate(numTokens)).tokens);
  const durations = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      // Everyone begins once, so that nobody always follows the same other.
      const i = (round + turn) % contestants.length;
      const { durationMs } = await (contestants[i] as GenerationContestant).generate(numTokens);
      durations[i]?.push(durationMs);
    }
  }
  const [tokens = []] = texts;
  const own = durations[0] ?? [];
  const rows = contestants.map(({ name, versions }, i) => {
    const times = durations[i] ?? [];
    const firstOther = tokens.findIndex((token, at) => texts[i]?.[at] !== token);
    return {
      name,
      tokensPerSecond: (1000 * numTokens) / median(times),
      msPerToken: median(times) / numTokens,
      speedRatio: median(times.map((time, round) => (own[round] as number) / time)),
      numEqualTokens: firstOther < 0 ? tokens.length : firstOther,
      versions,
    };
  });
  return { rows, tokens };
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ name, tokensPerSecond, msPerToken, speedRatio, numEqualTokens }) => [
    name,
    tokensPerSecond.toFixed(1),
    msPerToken.toFixed(2),
    `${speedRatio.toFixed(2)} ×`,
    String(numEqualTokens),
  ]);
  const titles = ['', 'tokens/s', 'ms/token', 'of our speed', 'equal tokens'];
  const lines = [titles, titles.map(() => '---'), ...cells];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

async function ours(
  model: Model,
  parameters: ReadonlyMap<string, Float32Array>,
  prompt: readonly number[],
  numThreads: number,
): Promise<GenerationContestant> {
  const generator = await openGenerator(await onnxEngine('cpu', { numThreads }), model);
  await generator.load(parameters);
  return {
    name: 'Groundwork',
    versions: { node: process.versions.node },
    generate: async (numTokens) => {
      const start = performance.now();
      const tokens = await generator.generate(prompt, { temperature: 0, maxTokens: numTokens });
      return { tokens, durationMs: performance.now() - start };
    },
    close: () => generator.close(),
  };
}

async function startPeers(specPath: string, numThreads: number): Promise<GenerationContestant[]> {
  const flags = ['--spec', specPath, '--threads', String(numThreads)];
  const [pytorch, transformers] = [join(peers, 'pytorch'), join(peers, 'transformers-js')];
  const rows = [
    { name: 'PyTorch', needs: join(pytorch, '.venv', 'bin', 'python'), program: join(pytorch, 'generate.py') },
    { name: 'transformers.js', needs: join(transformers, 'node_modules'), program: join(transformers, 'generate.mjs') },
  ];
  const started: GenerationContestant[] = [];
  for (const { name, needs, program } of rows) {
    if (!existsSync(needs)) {
      process.stderr.write(`${name} is left out: run ${join(program, '..', 'setup.sh')}\n`);
      continue;
    }
    const command = program.endsWith('.py') ? needs : process.execPath;
    started.push(await startPeer(name, command, [program, ...flags], 120_000));
  }
  return started;
}

/** Writes what the peers read: the task, the weights, and a folder as transformers.js wants it. */
function writeTask(
  folder: string,
  task: { readonly settings: ReturnType<typeof gptSettings>; readonly prompt: readonly number[] },
  model: Model,
  parameters: ReadonlyMap<string, Float32Array>,
): string {
  mkdirSync(join(folder, 'decoder', 'onnx'), { recursive: true });
  const arrays = new Map(
    [...parameters].map(([name, data]) => [name, { shape: model.parameters[name]?.shape ?? [], data }]),
  );
  writeDurably(nodeFileSystem, join(folder, 'model.safetensors'), safetensors(asTensorBytes(arrays)).chunks());
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  json(join('decoder', 'config.json'), decoderConfig(task.settings));
  json(join('decoder', 'generation_config.json'), {});
  json('task.json', { ...task, folder });
  return join(folder, 'task.json');
}

/** Weights with which the likeliest tokens stand out, so that rounding does not decide between them. */
function randomWeights({ parameters }: Model): Map<string, Float32Array> {
  return new Map(
    Object.entries(parameters).map(([name, { shape, role }]) => {
      const random = randomStream(1, name);
      const deviation = role === 'matrix' ? 1 / Math.sqrt(shape[1] ?? 1) : role === 'gain' ? 0.1 : 0.5;
      const center = role === 'gain' ? 1 : 0;
      const size = shape.reduce((product, extent) => product * extent, 1);
      return [name, Float32Array.from({ length: size }, () => center + deviation * random.nextNormal())];
    }),
  );
}

function parseFlags(args: readonly string[]): GenerationFlags | 'help' {
  const string = { type: 'string' } as const;
  const options = { rounds: string, tokens: string, prompt: string, context: string, threads: string, json: string };
  let values: { readonly [name in keyof typeof options]?: string } & { readonly help?: boolean };
  try {
    values = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } }, strict: true }).values;
  } catch (cause) {
    throw refusal((cause as Error).message, cause);
  }
  if (values.help) return 'help';
  const count = (name: string, text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= 1) return value;
    throw refusal(`--${name} is "${text}", expected a whole number of at least 1`);
  };
  const flags = {
    rounds: count('rounds', values.rounds ?? '9'),
    numTokens: count('tokens', values.tokens ?? '128'),
    promptLength: count('prompt', values.prompt ?? '32'),
    contextLength: count('context', values.context ?? '512'),
    threads: (values.threads ?? '1,2').split(',').map((text) => count('threads', text)),
    jsonPath: values.json,
  };
  if (flags.promptLength + flags.numTokens <= flags.contextLength) return flags;
  throw refusal('prompt and text together are longer than the context, beyond which the contestants differ');
}

function refusal(message: string, cause?: unknown): GroundworkError {
  return new GroundworkError('usage', message, { hint: 'See npm run bench -- generation --help.', cause });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

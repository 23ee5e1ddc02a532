// Generates with transformers.js, as bench/generation/README.md describes.
//
//   node generate.mjs --spec PATH.json --threads N

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

// Libraries log as they please: stdout is the protocol's alone.
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
console.log = console.info = console.debug = console.error;

const { values } = parseArgs({ options: { spec: { type: 'string' }, threads: { type: 'string' } } });
const spec = JSON.parse(readFileSync(values.spec, 'utf8'));
const { AutoModelForCausalLM, env, Tensor } = await import('@huggingface/transformers');
env.allowRemoteModels = false;
env.localModelPath = spec.folder;

const model = await AutoModelForCausalLM.from_pretrained('decoder', {
  dtype: 'fp32',
  device: 'cpu',
  session_options: { intraOpNumThreads: Number(values.threads), interOpNumThreads: 1, executionMode: 'sequential' },
});
const ids = new Tensor('int64', BigInt64Array.from(spec.prompt, BigInt), [1, spec.prompt.length]);
const mask = new Tensor(
  'int64',
  BigInt64Array.from(spec.prompt, () => 1n),
  [1, spec.prompt.length],
);
answer({ ready: true, versions: { 'transformers.js': env.version, node: process.versions.node } });

for await (const line of createInterface({ input: process.stdin })) {
  const { command, numTokens } = JSON.parse(line);
  if (command === 'exit') break;
  const start = performance.now();
  const output = await model.generate({
    inputs: ids,
    attention_mask: mask,
    max_new_tokens: numTokens,
    min_new_tokens: numTokens,
    do_sample: false,
  });
  const durationMs = performance.now() - start;
  answer({ tokens: Array.from(output.data, Number).slice(spec.prompt.length), durationMs });
}
process.exit(0);

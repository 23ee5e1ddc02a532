import { precisions } from '../recipe/index.ts';
import { type Budget, type PlanRequest, parseDuration, parseQuantity } from '../training/index.ts';
import { type FlagKinds, type Flags, usageFault } from './flags.ts';

/** The flags that decide what a run costs and what is trained. */
export const planFlags = {
  budget: { type: 'string' },
  flops: { type: 'string' },
  tokens: { type: 'string' },
  steps: { type: 'string' },
  size: { type: 'string' },
  context: { type: 'string' },
  batch: { type: 'string' },
  'micro-batch': { type: 'string' },
  recompute: { type: 'boolean' },
  precision: { type: 'string' },
  recipe: { type: 'string' },
  data: { type: 'string', multiple: true },
  vocabulary: { type: 'string' },
  packing: { type: 'string' },
} satisfies FlagKinds;

export const planFlagHelp = `How much (one of these; default: --budget 5m)
  --budget TIME          such as 90s, 5m or 2h: all in all, measuring and evaluation included
  --flops N              such as 3e15 or 2P
  --tokens N             such as 20M
  --steps N              so many steps

What
  --size DEPTHxWIDTH     layers and width, such as 6x256 (default: what suits the budget)
  --context N            tokens that the model sees at once
  --batch N              rows of tokens in a step
  --micro-batch N        rows that are computed at once; the others follow (it divides --batch)
  --recompute            keep less in memory, and compute it twice
  --precision TYPE       float32 (default), or bfloat16 on engines that have it: the model computes in it, what is learned stays float32
  --recipe NAME|FILE     a shipped recipe or a file of your own, such as ./my-recipe.ts (default: baseline)
  --data FOLDER:WEIGHT   train on a mixture; give it once for each part. The first one is measured on
  --vocabulary N         size of the vocabulary of a dataset that is built, 257 or more
  --packing MODE         stream (default): documents one after the other; documents: as few cuts as possible`;

/**
 * What a person wants of a run, from the flags.
 *
 * @param command for messages
 * @throws `usage` for values that are none, and for two budgets
 */
export function planRequest(command: string, flags: Flags): PlanRequest {
  const optional = <Key extends keyof PlanRequest>(key: Key, value: PlanRequest[Key] | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    budget: budgetOf(command, flags),
    ...sizeOf(command, flags),
    ...optional('contextLength', flags.wholeNumber('context', 1)),
    ...optional('batchSize', flags.wholeNumber('batch', 1)),
    ...optional('microBatchSize', flags.wholeNumber('micro-batch', 1)),
    ...optional('recompute', flags.isSet('recompute') || undefined),
    ...optional('precision', flags.oneOf('precision', precisions)),
    ...optional('packing', flags.oneOf('packing', ['stream', 'documents'])),
    ...optional('evaluationEverySteps', flags.wholeNumber('eval-every', 0)),
    ...optional('numEvaluationDocuments', flags.wholeNumber('eval-documents', 1)),
    ...optional('sampleEverySteps', flags.wholeNumber('sample-every', 0)),
    ...(flags.texts('prompt').length > 0 && { prompts: flags.texts('prompt') }),
    ...checkpointsOf(flags),
    ...optional('keep', flags.wholeNumber('keep', 2)),
    ...optional('skipProbe', flags.isSet('no-probe') || undefined),
  };
}

const budgetFlags = ['budget', 'flops', 'tokens', 'steps'] as const;
const defaultBudget = '5m';

function budgetOf(command: string, flags: Flags): Budget {
  const given = budgetFlags.filter((flag) => flags.text(flag) !== undefined);
  if (given.length > 1) {
    throw usageFault(command, `${given.map((flag) => `--${flag}`).join(' and ')} are two budgets, expected one`);
  }
  const text = flags.text(given[0] ?? 'budget') ?? defaultBudget;
  switch (given[0]) {
    case 'flops':
      return { kind: 'flops', flops: parseQuantity(text, 'FLOPs') };
    case 'tokens':
      return { kind: 'tokens', numTokens: Math.round(parseQuantity(text, 'tokens')) };
    case 'steps':
      return { kind: 'steps', numSteps: flags.wholeNumber('steps', 1) ?? 1 };
    default:
      return { kind: 'time', durationMs: parseDuration(text) };
  }
}

function sizeOf(command: string, flags: Flags): Pick<PlanRequest, 'size'> {
  const given = flags.text('size');
  if (given === undefined) return {};
  const [, numLayers, width] = /^(\d{1,4})x(\d{1,6})$/.exec(given) ?? [];
  if (!(Number(numLayers) > 0 && Number(width) > 0)) {
    throw usageFault(command, `--size is "${given}", expected layers and width such as 6x256`);
  }
  return { size: { numLayers: Number(numLayers), width: Number(width) } };
}

/** A whole number is a number of steps, anything else a length of time. */
function checkpointsOf(flags: Flags): Pick<PlanRequest, 'checkpointEverySteps' | 'checkpointEveryMs'> {
  const given = flags.text('checkpoint-every');
  if (given === undefined) return {};
  if (!/^\d+$/.test(given)) return { checkpointEveryMs: parseDuration(given, 'time between checkpoints') };
  return { checkpointEverySteps: flags.wholeNumber('checkpoint-every', 1) ?? 1 };
}

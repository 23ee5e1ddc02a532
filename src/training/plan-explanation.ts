import { numDecaySteps } from '../optimizer/index.ts';
import { formatCompact, formatCount, formatShare } from '../page/index.ts';
import { mostEpochs } from '../theory/index.ts';
import type { MemoryFit } from './memory-fit.ts';
import type { Plan } from './plan.ts';
import type { PlanRequest } from './plan-request.ts';
import type { TextExtent } from './text-extent.ts';

export interface ExplanationFacts {
  readonly request: PlanRequest;
  readonly text: TextExtent;
  readonly fit: MemoryFit;
  /** Where the time of a step is known from. */
  readonly basis: 'measured' | 'estimated' | 'guessed';
  readonly isLimitedByText: boolean;
}

type Planned = Omit<Plan, 'reasons' | 'warnings'>;

/** Says why a plan is as it is, and what a person should know before it starts. */
export function explain(
  plan: Planned,
  { request, text, fit, basis, isLimitedByText }: ExplanationFacts,
): Pick<Plan, 'reasons' | 'warnings'> {
  const { size, batch, numSteps, numTokens, epochs, schedule, evaluation, expected, numParameters } = plan;
  const reasons: string[] = [];
  const warnings: string[] = [];
  const batchTokens = batch.batchSize * batch.contextLength;
  const shape = `${size.numLayers} layers of width ${size.width}, ${count(numParameters)} parameters`;
  const whyThisSize =
    request.budget?.kind === 'time' || request.budget?.kind === 'flops'
      ? 'of the sizes that can be trained with this budget, it promises the lowest loss'
      : 'the size that so many tokens suit best';
  reasons.push(
    request.size !== undefined
      ? `The model has the size that was asked for: ${shape}.`
      : `The model has ${shape}: ${whyThisSize}.`,
  );
  const step = `A step of ${count(batchTokens)} tokens (${plural(batch.batchSize, 'row')} of ${batch.contextLength}) takes`;
  reasons.push(`${step} ${bases[basis](duration(expected.msPerStep))}.`);
  reasons.push(
    `${plural(numSteps, 'step')} ${numSteps === 1 ? 'reads' : 'read'} ${count(numTokens)} tokens, ${timesText(epochs)}.`,
    scheduleReason(plan),
  );
  if (batch.precision !== undefined && batch.precision !== 'float32') {
    reasons.push(`The model computes in ${batch.precision}; parameters, optimizer and loss are float32.`);
  }
  if (evaluation.numFinalDocuments > 0) {
    const isAll = evaluation.numFinalDocuments === text.numValidationDocuments;
    reasons.push(
      `Bits per byte are measured on ${isAll ? 'all' : 'an even part,'} ${count(evaluation.numFinalDocuments)} ` +
        `${isAll ? '' : `of ${count(text.numValidationDocuments)} `}held-out documents at the end` +
        (evaluation.everySteps > 0
          ? `, and on ${count(evaluation.numDocuments)} of them every ${count(evaluation.everySteps)} steps.`
          : '.'),
    );
  }
  reasons.push(...fit.reasons);

  if (evaluation.numFinalDocuments === 0) {
    warnings.push('The dataset has no validation documents, so bits per byte cannot be measured.');
  }
  if (isLimitedByText) {
    warnings.push(
      `The text is small: ${count(text.uniqueTokens)} training tokens. The run ends before its budget does, since reading a text ` +
        `more than ${mostEpochs} times teaches almost nothing more.`,
    );
  }
  if (epochs > mostEpochs) {
    warnings.push(
      `The training text is read ${Math.round(epochs).toLocaleString('en-US')} times: the model will know it by heart rather than learn from it.`,
    );
  }
  if (numSteps < 50) {
    warnings.push(
      `${plural(numSteps, 'step')} ${numSteps === 1 ? 'is' : 'are'} few: expect a model that has learned little. A larger budget helps.`,
    );
  }
  if (schedule.warmupSteps >= numSteps) warnings.push('The learning rate rises until the end of the run.');
  return { reasons, warnings };
}

function scheduleReason({ schedule, numSteps, budget }: Planned): string {
  const { kind, warmupSteps } = schedule;
  const warmup =
    warmupSteps === 0 ? 'The learning rate' : `The learning rate rises over ${plural(warmupSteps, 'step')},`;
  switch (kind) {
    case 'constant':
      return `${warmup} ${warmupSteps === 0 ? 'stays the same.' : 'then stays the same.'}`;
    case 'cosine':
    case 'linear': {
      const how = kind === 'cosine' ? 'along half a cosine' : 'in a line';
      if (budget.kind !== 'time') return `${warmup} ${warmupSteps === 0 ? 'falls' : 'then falls'} ${how} to the end.`;
      return `${warmup} stays for a tenth of the run, and falls ${how} to an end that is fixed then, by how fast the machine turned out to be.`;
    }
    default: {
      const decay = count(numDecaySteps(schedule, numSteps));
      const fixing =
        budget.kind === 'time'
          ? ' How many they are is fixed when they begin, by how fast the machine turned out to be.'
          : '';
      return `${warmup} stays, and falls over the last ${decay} steps.${fixing}`;
    }
  }
}

const bases: { readonly [basis in ExplanationFacts['basis']]: (time: string) => string } = {
  measured: (time) => `${time} on this machine, as measured`,
  estimated: (time) => `about ${time}, as estimated from another size`,
  guessed: (time) => `perhaps ${time}: a guess, since nothing was measured`,
};

const count = (value: number): string => (value >= 1e6 ? formatCompact(value) : formatCount(value));

const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

function timesText(epochs: number): string {
  if (epochs < 0.95)
    return `${epochs < 0.01 ? formatShare(epochs) : `${Math.round(100 * epochs)} %`} of the training text`;
  if (epochs < 1.05) return 'the training text once';
  return `the training text ${epochs < 10 ? epochs.toFixed(1) : formatCount(epochs)} times`;
}

function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

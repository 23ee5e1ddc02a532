import { numDecaySteps } from '../optimizer/index.ts';
import type { MemoryFit } from './memory-fit.ts';
import type { Plan } from './plan.ts';
import type { PlanRequest } from './plan-request.ts';
import { mostEpochs } from './sizing.ts';
import type { TextExtent } from './text-extent.ts';

export interface ExplanationFacts {
  readonly request: PlanRequest;
  readonly text: TextExtent;
  readonly fit: MemoryFit;
  readonly isMeasured: boolean;
  readonly isLimitedByText: boolean;
}

type Planned = Omit<Plan, 'reasons' | 'warnings'>;

/** Says why a plan is as it is, and what a person should know before it starts. */
export function explain(
  plan: Planned,
  { request, text, fit, isMeasured, isLimitedByText }: ExplanationFacts,
): Pick<Plan, 'reasons' | 'warnings'> {
  const { size, batch, numSteps, numTokens, epochs, schedule, evaluation, expected, numParameters } = plan;
  const reasons: string[] = [];
  const warnings: string[] = [];
  const batchTokens = batch.batchSize * batch.contextLength;
  const shape = `${size.numLayers} layers of width ${size.width}, ${count(numParameters)} parameters`;
  reasons.push(
    request.size !== undefined
      ? `The model has the size that was asked for: ${shape}.`
      : `The model has ${shape}: of the sizes that can be trained with this budget, it promises the lowest loss.`,
  );
  reasons.push(
    isMeasured
      ? `A step of ${count(batchTokens)} tokens (${batch.batchSize} rows of ${batch.contextLength}) takes ` +
          `${duration(expected.msPerStep)} on this machine, as measured.`
      : `A step of ${count(batchTokens)} tokens (${batch.batchSize} rows of ${batch.contextLength}) takes about ` +
          `${duration(expected.msPerStep)}, as estimated from another size.`,
  );
  reasons.push(
    `${count(numSteps)} steps read ${count(numTokens)} tokens, the training text ${times(epochs)}.`,
    scheduleReason(plan),
  );
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
        `more than ${request.mostEpochs ?? mostEpochs} times teaches almost nothing more.`,
    );
  }
  if (epochs > mostEpochs) {
    warnings.push(
      `The training text is read ${times(epochs)}: the model will know it by heart rather than learn from it.`,
    );
  }
  if (numSteps < 50) {
    warnings.push(`${count(numSteps)} steps are few: expect a model that has learned little. A larger budget helps.`);
  }
  if (schedule.warmupSteps >= numSteps) warnings.push('The learning rate rises until the end of the run.');
  return { reasons, warnings };
}

function scheduleReason({ schedule, numSteps, budget }: Planned): string {
  const { kind, warmupSteps } = schedule;
  const warmup = warmupSteps === 0 ? 'The learning rate' : `The learning rate rises over ${count(warmupSteps)} steps,`;
  switch (kind) {
    case 'constant':
      return `${warmup} ${warmupSteps === 0 ? 'stays the same.' : 'then stays the same.'}`;
    case 'cosine':
      return `${warmup} ${warmupSteps === 0 ? 'falls' : 'then falls'} along half a cosine to the end.`;
    case 'linear':
      return `${warmup} ${warmupSteps === 0 ? 'falls' : 'then falls'} in a line to the end.`;
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

const count = (value: number): string =>
  value >= 1e6 ? `${(value / 1e6).toPrecision(3)} M` : Math.round(value).toLocaleString('en-US');

const times = (epochs: number): string => {
  if (epochs < 0.95) return `to ${epochs < 0.1 ? (100 * epochs).toPrecision(1) : Math.round(100 * epochs)} %`;
  const rounded = epochs < 10 ? epochs.toFixed(1) : Math.round(epochs).toLocaleString('en-US');
  return epochs < 1.05 ? 'once' : `${rounded} times`;
};

function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

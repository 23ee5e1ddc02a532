import { type Clock, GroundworkError, present } from '../../core/index.ts';
import { batches, type Dataset, emptyBatch } from '../../data/index.ts';
import type { Engine, NumericData, Session } from '../../engine/index.ts';
import { type BitsPerByte, type Evaluator, openEvaluator } from '../../evaluation/index.ts';
import { scheduleFactor } from '../../optimizer/index.ts';
import { initialize, type Recipe } from '../../recipe/index.ts';
import { parameterCounts } from '../../theory/index.ts';
import { afterSkippedStep, afterStep, causeToStop, emptyLossHistory, type LossHistory } from '../divergence.ts';
import { fitMemory } from '../memory-fit.ts';
import type { MemoryLimit } from '../memory-limit.ts';
import { prepareStep, type StepInputs, stepInputs } from '../prepared-step.ts';
import type { FailedPoint, TrainedPoint } from './ladder-file.ts';
import { forkStep, rungName, type Trunk } from './ladder-plan.ts';

/** What a trunk is trained with. */
export interface TrunkParts {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly clock: Clock;
  readonly memory: MemoryLimit;
  readonly signal: AbortSignal | undefined;
  /** Told after each step, of the trunk or of a cool-down, and after each batch of documents. */
  onWork(kind: 'step' | 'evaluation'): void;
}

/** Documents on which the curve is measured, spread evenly over all. */
const numCurveDocuments = 64;
/** Where on the way to the first fork, and on the way down, it is measured; from one fork to the next only halfway. */
const curveShares = [1 / 4, 1 / 2, 3 / 4] as const;
const shortCurveShares = [1 / 2] as const;

/** What training keeps from step to step, so that it can be set back. */
interface Moment {
  readonly step: number;
  readonly losses: LossHistory;
  /** Σ of the schedule's factors over the steps so far. */
  readonly sumOfFactors: number;
  readonly curve: TrainedPoint['curve'];
  readonly state: ReadonlyMap<string, NumericData>;
}

/**
 * Trains a trunk at its stable rate and, off it, a cool-down to each of its lengths: at the step at which the decay of a length begins the
 * session's state is kept, the decay is trained and measured on all validation documents, and the state is set back. Batches, warm-up
 * and schedule follow from seed and step, so each point is what a run of its own of that length would give, to the bit.
 *
 * @param isWanted whether a length is still to be trained
 * @returns the points as they are measured; what could not be trained to its end with the reason
 * @throws `interrupted` when the signal aborts, after the step at work; what verification and engine throw
 */
export async function* trainTrunk(
  trunk: Trunk,
  parts: TrunkParts,
  isWanted: (numSteps: number) => boolean,
): AsyncGenerator<TrainedPoint | FailedPoint> {
  const { schedule, lengths } = trunk;
  const lastWanted = lengths.findLast(isWanted);
  if (lastWanted === undefined) return;
  stopWhereAsked(parts);
  const training = await TrunkTraining.open(trunk, parts);
  try {
    for (const numSteps of lengths.filter((length) => length <= lastWanted)) {
      const beganMs = parts.clock.monotonicMs();
      const fault = await training.trainTo(forkStep(schedule, numSteps), numSteps);
      if (fault !== undefined) {
        // What the lengths have in common has failed.
        for (const length of lengths) if (length >= numSteps && isWanted(length)) yield failure(trunk, length, fault);
        return;
      }
      // Also where the cool-down is there already: it is part of the curves of the lengths that follow.
      if (forkStep(schedule, numSteps) < numSteps) await training.measureCurve();
      if (!isWanted(numSteps)) continue;
      const fork = numSteps === lastWanted ? undefined : await training.keep();
      const point = await training.coolDown(numSteps);
      yield 'reason' in point ? point : { ...point, durationMs: parts.clock.monotonicMs() - beganMs };
      if (fork !== undefined) await training.setBack(fork);
    }
  } finally {
    await training.close();
  }
}

const failure = (trunk: Trunk, numSteps: number, reason: string): FailedPoint => ({
  rung: rungName(trunk, numSteps),
  seed: trunk.seed,
  numSteps,
  reason,
});

function stopWhereAsked({ signal }: TrunkParts): void {
  if (signal?.aborted !== true) return;
  throw new GroundworkError('interrupted', 'the ladder was stopped', { hint: 'The same command goes on.' });
}

/** A trunk on an engine, with what measures it. */
class TrunkTraining {
  private readonly trunk: Trunk;
  private readonly parts: TrunkParts;
  private readonly prepared: Awaited<ReturnType<typeof prepareStep>>;
  private readonly session: Session;
  private readonly evaluator: Evaluator;
  private readonly all: ReturnType<typeof batches>;
  private readonly batch: ReturnType<typeof emptyBatch>;
  private readonly inputs: StepInputs;
  private step = 0;
  private losses = emptyLossHistory;
  private sumOfFactors = 0;
  private curve: TrainedPoint['curve'] = [];
  private curveDocuments: ReadonlySet<number> | undefined;

  private constructor(
    trunk: Trunk,
    parts: TrunkParts,
    prepared: Awaited<ReturnType<typeof prepareStep>>,
    opened: { readonly session: Session; readonly evaluator: Evaluator },
  ) {
    const { batchSize, contextLength, seed } = trunk;
    this.trunk = trunk;
    this.parts = parts;
    this.prepared = prepared;
    this.session = opened.session;
    this.evaluator = opened.evaluator;
    const sources = [{ dataset: parts.dataset, weight: 1 }];
    this.all = batches({ sources, batchSize, contextLength, seed, packing: 'stream' });
    this.batch = emptyBatch(batchSize, contextLength);
    this.inputs = stepInputs(this.batch, false);
  }

  static async open(trunk: Trunk, parts: TrunkParts): Promise<TrunkTraining> {
    const { engine, recipe, dataset, memory } = parts;
    const { batchSize, contextLength, numLayers, width, lengths, seed } = trunk;
    const extent = {
      size: { vocabularySize: dataset.manifest.vocabularySize, contextLength, numLayers, width },
      batch: { batchSize, microBatchSize: batchSize, documentMask: false, recompute: false },
      numSteps: present(lengths.at(-1), 'a length'),
    };
    const { microBatchSize, recompute, evaluationBatchSize } = fitMemory(engine, recipe, {
      extent,
      limit: memory,
      isFixed: false,
    });
    const prepared = await prepareStep(recipe, { ...extent, batch: { ...extent.batch, microBatchSize, recompute } });
    const session = await engine.load(prepared.program, prepared.parts);
    try {
      for (const [name, values] of initialize(prepared.model, seed)) await session.set(name, values);
      const evaluator = await openEvaluator(engine, prepared.model, {
        dataset,
        batchSize: evaluationBatchSize,
        contextLength,
      });
      return new TrunkTraining(trunk, parts, prepared, { session, evaluator });
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Trains until so many steps are done, by the schedule of a length.
   *
   * @returns why it cannot go on; undefined where it can
   */
  async trainTo(numDone: number, length: number): Promise<string | undefined> {
    const begin = this.step;
    const shares = begin === 0 || numDone === length ? curveShares : shortCurveShares;
    const measuredAt = new Set(shares.map((share) => begin + Math.round(share * (numDone - begin))));
    while (this.step < numDone) {
      const fault = await this.trainStep(length);
      if (fault !== undefined) return fault;
      if (measuredAt.has(this.step) && this.step < numDone) await this.measureCurve();
    }
    return undefined;
  }

  /** One step of a run of so many. */
  private async trainStep(length: number): Promise<string | undefined> {
    stopWhereAsked(this.parts);
    const { batch, inputs } = this;
    this.all.batch(this.step, batch);
    const factor = scheduleFactor(this.trunk.schedule, this.step, length);
    inputs.scheduleFactor[0] = factor;
    const { loss, isApplied } = await this.session.run(inputs);
    this.step += 1;
    this.sumOfFactors += factor;
    this.losses =
      isApplied?.[0] === 0
        ? afterSkippedStep(this.losses)
        : afterStep(this.losses, present(loss?.[0], 'the loss') as number);
    this.parts.onWork('step');
    return causeToStop(this.losses, length);
  }

  /** Trains the decay of a length and measures what came of it. */
  async coolDown(numSteps: number): Promise<Omit<TrainedPoint, 'durationMs'> | FailedPoint> {
    const { trunk, prepared, evaluator } = this;
    const fault = await this.trainTo(numSteps, numSteps);
    if (fault !== undefined) return failure(trunk, numSteps, fault);
    const measured = await this.measure(evaluator.numDocuments);
    if (!Number.isFinite(measured.bitsPerByte)) {
      return failure(trunk, numSteps, `${measured.numNonFinite} losses on the validation text are not finite`);
    }
    const { numLayers, width, contextLength, batchSize, seed } = trunk;
    const batchTokens = batchSize * contextLength;
    return {
      rung: rungName(trunk, numSteps),
      seed,
      numLayers,
      width,
      contextLength,
      batchTokens,
      numSteps,
      numTokens: numSteps * batchTokens,
      parameters: parameterCounts(prepared.model),
      flops: prepared.flopsPerStep * numSteps,
      bitsPerByte: measured.bitsPerByte,
      loss: measured.nats / measured.numTokens,
      numDocuments: measured.numDocuments,
      curve: this.finishedCurve(measured),
    };
  }

  /** The curve with its end, scaled from some documents to all. */
  private finishedCurve({ bitsPerByte, documents }: BitsPerByte): TrainedPoint['curve'] {
    const end = [this.step, this.sumOfFactors, bitsPerByte] as const;
    const some = documents.filter(({ document }) => this.curveDocuments?.has(document));
    const nats = some.reduce((sum, one) => sum + one.nats, 0);
    const numBytes = some.reduce((sum, one) => sum + one.numBytes, 0);
    if (numBytes === 0) return [[...end]];
    const scale = bitsPerByte / (nats / (Math.LN2 * numBytes));
    return [...this.curve.map(([step, sum, value]): [number, number, number] => [step, sum, value * scale]), [...end]];
  }

  /** Measures how far training is, on some documents. */
  async measureCurve(): Promise<void> {
    const measured = await this.measure(Math.min(numCurveDocuments, this.evaluator.numDocuments));
    this.curveDocuments ??= new Set(measured.documents.map(({ document }) => document));
    if (!Number.isFinite(measured.bitsPerByte)) return;
    this.curve = [...this.curve, [this.step, this.sumOfFactors, measured.bitsPerByte]];
  }

  private async measure(numDocuments: number): Promise<BitsPerByte> {
    const { evaluator, session, prepared, parts } = this;
    const parameters = new Map<string, Float32Array>();
    for (const name of Object.keys(prepared.model.parameters)) {
      parameters.set(name, (await session.get(name)) as Float32Array);
    }
    await evaluator.load(parameters);
    return evaluator.bitsPerByte({
      numDocuments,
      ...(parts.signal && { signal: parts.signal }),
      onBatch: () => parts.onWork('evaluation'),
    });
  }

  /** All that a later step depends on, copied. */
  async keep(): Promise<Moment> {
    const state = new Map<string, NumericData>();
    for (const name of Object.keys(this.session.program.state)) state.set(name, await this.session.get(name));
    const { step, losses, sumOfFactors, curve } = this;
    return { step, losses, sumOfFactors, curve, state };
  }

  async setBack({ step, losses, sumOfFactors, curve, state }: Moment): Promise<void> {
    for (const [name, values] of state) await this.session.set(name, values);
    this.step = step;
    this.losses = losses;
    this.sumOfFactors = sumOfFactors;
    this.curve = curve;
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.evaluator.close();
  }
}

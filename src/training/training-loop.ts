import { type Clock, GroundworkError, present, systemClock } from '../core/index.ts';
import { type Batches, emptyBatch } from '../data/index.ts';
import type { Session } from '../engine/index.ts';
import type { Model } from '../model/index.ts';
import { nodeAt } from '../tensor/index.ts';
import { writeDiagnosis } from './diagnostics.ts';
import { afterSkippedStep, afterStep, averageLoss, causeToStop } from './divergence.ts';
import type { Plan } from './plan.ts';
import { stepInputs } from './prepared-step.ts';
import { publishCheckpoint, retainCheckpoints } from './run/checkpoint-publication.ts';
import type { EventLog } from './run/event-log.ts';
import type { RunEvent } from './run/events.ts';
import { fingerprintsOf } from './run/run-fingerprints.ts';
import type { RunManifest } from './run/run-manifest.ts';
import type { TensorArray } from './run/safetensors.ts';
import { endFixedAt, factorOfStep, type RunMoment, reasonOfEnd, remainingMs, stepsOfRun } from './run-length.ts';
import type { Activity, RunSurroundings } from './run-options.ts';
import type { Evaluation, RunPauses } from './run-pauses.ts';
import type { TrainingState } from './training-state.ts';

/** What the loop works with; whoever opened it closes it. */
export interface LoopParts {
  readonly folder: string;
  readonly manifest: RunManifest;
  readonly plan: Plan;
  readonly model: Model;
  readonly session: Session;
  readonly batches: Batches;
  readonly log: EventLog;
  readonly pauses: RunPauses;
  readonly surroundings: RunSurroundings;
}

/** Where the loop begins. */
export interface LoopStart {
  /** Steps that are done. */
  readonly step: number;
  readonly training: TrainingState;
  /** What is in the log already at this step, besides the step itself. */
  readonly isDone: { readonly evaluation: boolean; readonly numSamples: number; readonly finalEvaluation?: Evaluation };
  /** When the process began with this run, so that loading counts as time. */
  readonly startMs: number;
}

export interface LoopResult {
  readonly step: number;
  readonly training: TrainingState;
  /** The last one; undefined where there is nothing to measure on. */
  readonly evaluation: Evaluation | undefined;
  /** Averaged over the last steps, in nats per token. */
  readonly loss: number;
}

/** Time that may be missing from the books of a run that was stopped: less is not worth a checkpoint. */
const negligibleMs = 1000;
/** How many of the last steps a diagnosis tells of. */
const numRemembered = 5;

/**
 * Trains: batch, step, event; now and then an evaluation, samples and a checkpoint. What is trained is a pure function of the plan,
 * the seed and the step: pauses, clocks and resumes change nothing in it, except that a budget of time fixes the beginning of the
 * last decay once, which is then part of every checkpoint.
 */
export class TrainingLoop {
  private readonly parts: LoopParts;
  private readonly clock: Clock;
  private step: number;
  private training: TrainingState;
  private readonly isDone: LoopStart['isDone'];
  private readonly firstStep: number;
  /** Clock and elapsed time at one moment, to tell the time from. */
  private readonly originMs: number;
  private savedStep: number | undefined;
  private savedMs: number;
  /** Time of the run when the last steps were done; undefined before. */
  private trainedMs: number | undefined;
  private lastSteps: { step: number; loss: number; gradientNorm: number }[] = [];
  private parameters: Map<string, Float32Array> | undefined;

  constructor(parts: LoopParts, { step, training, isDone, startMs }: LoopStart) {
    this.parts = parts;
    this.clock = parts.surroundings.clock ?? systemClock;
    this.step = step;
    this.firstStep = step;
    this.training = training;
    this.isDone = isDone;
    this.originMs = startMs - training.pace.elapsedMs;
    this.savedStep = step === 0 ? undefined : step;
    this.savedMs = this.clock.monotonicMs();
  }

  /** Steps that are done, for whoever reports a failure. */
  get numStepsDone(): number {
    return this.step;
  }

  /**
   * Trains to the end.
   *
   * @throws `interrupted` when the signal aborts, after a checkpoint; `diverged`, after a diagnosis; what engine and file system throw
   */
  async run(): Promise<LoopResult> {
    const { plan, batches, session } = this.parts;
    const batch = emptyBatch(batches.batchSize, batches.contextLength);
    const inputs = stepInputs(batch, plan.batch.documentMask);
    if (this.step > 0) await this.pause(this.isDone);
    for (;;) {
      await this.stopWhereAsked();
      await this.fixEnd();
      if (this.step >= this.numSteps()) break;
      this.progress('training');
      batches.batch(this.step, batch);
      const factor = factorOfStep(plan, this.training.rescheduling, this.step);
      inputs.scheduleFactor[0] = factor;
      const before = this.clock.monotonicMs();
      const outputs = await session.run(inputs);
      const durationMs = this.clock.monotonicMs() - before;
      const [loss, gradientNorm, isApplied] = [outputs.loss, outputs.gradientNorm, outputs.isApplied].map(
        (output) => present(output?.[0], 'an output of the training step') as number,
      ) as [number, number, number];
      let numTokens = 0;
      for (let i = 0; i < batch.weights.length; i++) numTokens += batch.weights[i] as number;
      await this.account({ loss, gradientNorm, isApplied: isApplied !== 0, durationMs, numTokens, factor });
      await this.pause();
    }
    return this.finish();
  }

  /** Enters a step that was carried out into the books, and stops where it must not go on. */
  private async account(outcome: {
    readonly loss: number;
    readonly gradientNorm: number;
    readonly isApplied: boolean;
    readonly durationMs: number;
    readonly numTokens: number;
    readonly factor: number;
  }): Promise<void> {
    const { loss, gradientNorm, isApplied, durationMs, numTokens, factor } = outcome;
    const { training } = this;
    const isFirst = this.step === this.firstStep;
    this.step += 1;
    this.parameters = undefined;
    const elapsedMs = this.elapsedMs();
    this.training = {
      ...training,
      tokens: training.tokens + numTokens,
      losses: isApplied ? afterStep(training.losses, loss) : afterSkippedStep(training.losses),
      pace: {
        ...training.pace,
        elapsedMs,
        stepsMs: training.pace.stepsMs + (isFirst ? 0 : durationMs),
        numTimedSteps: training.pace.numTimedSteps + (isFirst ? 0 : 1),
      },
    };
    this.lastSteps = [...this.lastSteps.slice(1 - numRemembered), { step: this.step, loss, gradientNorm }];
    this.tell({
      type: 'step',
      step: this.step,
      loss,
      gradientNorm,
      isApplied,
      scheduleFactor: factor,
      tokens: this.training.tokens,
      durationMs,
      elapsedMs,
    });
    if (!isApplied) {
      const what = Number.isFinite(loss) ? `the norm of its gradient is ${gradientNorm}` : `its loss is ${loss}`;
      this.warn(`step ${this.step} was skipped: ${what}`);
    }
    const cause = causeToStop(this.training.losses, this.parts.plan.numSteps);
    if (cause !== undefined) await this.giveUp(cause);
  }

  private async giveUp(reason: string): Promise<never> {
    const { surroundings, folder, session, batches, manifest } = this.parts;
    const last =
      this.savedStep === undefined ? 'no checkpoint was saved yet' : `the last checkpoint is of step ${this.savedStep}`;
    let message = `the run stopped after step ${this.step}: ${reason}; ${last}`;
    let hint = 'Begin a new run with a lower learning rate.';
    try {
      const path = await writeDiagnosis(surroundings.fs, folder, session, batches, {
        step: this.step,
        reason,
        seed: manifest.seed,
        lastSteps: this.lastSteps,
        lastCheckpoint: this.savedStep,
      });
      hint += ` ${folder}/${path} tells what the last steps read and what they gave.`;
    } catch (second) {
      // Why the run stopped is what a person needs to know first.
      message += `; no diagnosis could be written: ${second instanceof Error ? second.message : String(second)}`;
    }
    throw new GroundworkError('diverged', message, { hint });
  }

  /** What happens between two steps, where it is time for it. */
  private async pause(isDone: Partial<LoopStart['isDone']> = {}): Promise<void> {
    const { plan, surroundings } = this.parts;
    const { step } = this;
    if (step >= this.numSteps()) return;
    const beforeMs = this.clock.monotonicMs();
    const isDue = (everySteps: number) => everySteps > 0 && step % everySteps === 0;
    const isStopping = () => surroundings.signal?.aborted === true;
    if (isDue(plan.evaluation.everySteps) && isDone.evaluation !== true && !isStopping()) await this.evaluate(false);
    if (isDue(plan.samples.everySteps) && !isDone.numSamples && !isStopping()) await this.sample(false);
    const { everyMs, everySteps } = plan.checkpoints;
    const isLate = everyMs !== null && this.clock.monotonicMs() - this.savedMs >= everyMs;
    if (isLate || (everySteps !== null && isDue(everySteps))) await this.save();
    this.countPause(beforeMs);
  }

  private countPause(beforeMs: number): void {
    const { pace } = this.training;
    const otherMs = pace.otherMs + Math.max(0, this.clock.monotonicMs() - beforeMs - this.parts.pauses.takeLoadMs());
    this.training = { ...this.training, pace: { ...pace, otherMs, elapsedMs: this.elapsedMs() } };
  }

  private async finish(): Promise<LoopResult> {
    this.trainedMs = this.elapsedMs();
    // Saved first: whatever happens next, the training is done.
    await this.save();
    let evaluation = this.isDone.finalEvaluation;
    if (evaluation === undefined || this.step !== this.firstStep) {
      evaluation = await this.evaluate(true);
      await this.stopWhereAsked();
    }
    await this.sample(true, this.step === this.firstStep ? this.isDone.numSamples : 0);
    await this.stopWhereAsked();
    this.training = { ...this.training, pace: { ...this.training.pace, elapsedMs: this.elapsedMs() } };
    const loss = averageLoss(this.training.losses) ?? Number.NaN;
    return { step: this.step, training: this.training, evaluation, loss };
  }

  private async evaluate(isFinal: boolean): Promise<Evaluation | undefined> {
    this.progress('evaluating');
    const { pauses, surroundings } = this.parts;
    const measured = await pauses.evaluate(await this.readParameters(), isFinal, surroundings.signal);
    if (measured === undefined) return undefined;
    const { pace } = this.training;
    const evaluationMs = pace.evaluationMs + measured.durationMs;
    const numEvaluatedDocuments = pace.numEvaluatedDocuments + measured.numDocuments;
    this.training = { ...this.training, pace: { ...pace, evaluationMs, numEvaluatedDocuments } };
    const { bitsPerByte, numDocuments, numValidationDocuments } = measured;
    this.tell({
      type: 'evaluation',
      step: this.step,
      tokens: this.training.tokens,
      bitsPerByte,
      numDocuments,
      numValidationDocuments,
      isFinal,
    });
    return measured;
  }

  /** @param numDone samples of this step that are in the log already */
  private async sample(isFinal: boolean, numDone = 0): Promise<void> {
    this.progress('sampling');
    const { pauses, surroundings } = this.parts;
    const numLeft = (isFinal ? pauses.numFinalSamples : 1) - numDone;
    if (numLeft <= 0) return;
    const parameters = await this.readParameters();
    for (const { prompt, text } of await pauses.sample(
      parameters,
      { from: numDone, count: numLeft },
      surroundings.signal,
    )) {
      this.tell({ type: 'sample', step: this.step, prompt, text });
    }
  }

  private async stopWhereAsked(): Promise<void> {
    const { signal } = this.parts.surroundings;
    if (signal?.aborted !== true) return;
    // The checkpoint of this step may be there already, without the time of an evaluation that was stopped.
    if (this.elapsedMs() - this.training.pace.elapsedMs > negligibleMs) this.savedStep = undefined;
    await this.save();
    const name = typeof signal.reason === 'string' ? signal.reason : 'SIGINT';
    this.tell({ type: 'stopped', step: this.step, signal: name });
    throw new GroundworkError('interrupted', `the run was stopped by ${name} after step ${this.step}; it is saved`, {
      hint: `Go on with: groundwork resume ${this.parts.folder}`,
    });
  }

  /** Publishes a checkpoint of this step, unless there is one. */
  private async save(): Promise<void> {
    if (this.savedStep === this.step) return;
    const { surroundings, folder, log, manifest, plan, session } = this.parts;
    this.progress('saving');
    const parameters = new Map<string, TensorArray>();
    const optimizer = new Map<string, TensorArray>();
    for (const [name, { node, kind }] of Object.entries(session.program.state)) {
      const { shape } = nodeAt(session.program, node);
      const data = (this.parameters?.get(name) ?? (await session.get(name))) as Float32Array;
      (kind === 'parameter' ? parameters : optimizer).set(name, { shape, data });
    }
    this.training = { ...this.training, pace: { ...this.training.pace, elapsedMs: this.elapsedMs() } };
    log.sync();
    const { training } = this;
    const contents = { step: this.step, parameters, optimizer, training, fingerprints: fingerprintsOf(manifest) };
    let published: ReturnType<typeof publishCheckpoint>;
    try {
      published = publishCheckpoint(surroundings.fs, folder, contents);
    } catch (error) {
      if (error instanceof GroundworkError && error.code === 'diverged') return this.giveUp(error.message);
      throw error;
    }
    const { checkpoint, faults } = published;
    this.savedStep = this.step;
    this.savedMs = this.clock.monotonicMs();
    this.tell({ type: 'checkpoint', step: this.step, sizeBytes: checkpoint.sizeBytes });
    const retention = { keep: plan.checkpoints.keep, newest: this.step };
    for (const fault of [...faults, ...retainCheckpoints(surroundings.fs, folder, retention).faults]) {
      this.warn(`an old checkpoint could not be removed: ${fault}`);
    }
  }

  /** The parameters as they are now; read from the session once a step. */
  private async readParameters(): Promise<Map<string, Float32Array>> {
    const { model, session } = this.parts;
    if (this.parameters === undefined) {
      const parameters = new Map<string, Float32Array>();
      for (const name of Object.keys(model.parameters)) parameters.set(name, (await session.get(name)) as Float32Array);
      this.parameters = parameters;
    }
    return this.parameters;
  }

  /** Fixes the end of the run where its time is a budget and that is decided now. */
  private async fixEnd(): Promise<void> {
    const { plan } = this.parts;
    const rescheduling = endFixedAt(plan, this.moment());
    if (rescheduling === undefined) return;
    this.training = { ...this.training, rescheduling };
    const { numSteps } = rescheduling;
    this.tell({ type: 'rescheduled', step: this.step, numSteps, reason: reasonOfEnd(plan, rescheduling) });
    // Before a step depends on it: a run that is killed from here on ends after the same number of steps.
    this.savedStep = undefined;
    await this.save();
  }

  private moment(): RunMoment {
    return { step: this.step, training: this.training, elapsedMs: this.elapsedMs() };
  }

  private numSteps(): number {
    return stepsOfRun(this.parts.plan, this.moment());
  }

  private elapsedMs(): number {
    return Math.max(0, this.clock.monotonicMs() - this.originMs);
  }

  private tell(event: RunEvent): void {
    this.parts.log.append(event);
    this.parts.surroundings.onEvent?.(event);
  }

  private warn(message: string): void {
    this.tell({ type: 'warning', step: this.step, message });
  }

  private progress(activity: Activity): void {
    const { onProgress } = this.parts.surroundings;
    if (onProgress === undefined) return;
    const { plan } = this.parts;
    const moment = this.moment();
    const { step, elapsedMs } = moment;
    const left = remainingMs(plan, moment);
    // What is left at the end is one piece, which is gone when it is over.
    const doneMs = this.trainedMs === undefined ? 0 : elapsedMs - this.trainedMs;
    onProgress({
      activity,
      step,
      numSteps: stepsOfRun(plan, moment),
      elapsedMs,
      remainingMs: left === undefined ? undefined : Math.max(0, left - doneMs),
    });
  }
}

import { type Clock, type FileSystem, systemClock } from '../../core/index.ts';
import type { Model } from '../../model/index.ts';
import type { OptimizerSpec } from '../../optimizer/index.ts';
import { hashProgram, type Program } from '../../tensor/index.ts';
import {
  type CarriedLaw,
  carriedLaw,
  type Forecast,
  forecastRun,
  type LadderLaw,
  type LadderRecord,
  type RunSubject,
} from '../../theory/index.ts';
import type { Plan } from '../plan.ts';
import { traceStep } from '../prepared-step.ts';
import type { RunDataset, RunRecipe } from '../run-options.ts';
import { type KnownLaws, knownLaws } from './known-laws.ts';
import { subjectOf } from './run-subject.ts';

/** What a plan is foretold from. */
export interface PlanForecastOptions {
  readonly fs: FileSystem;
  readonly plan: Plan;
  readonly recipe: RunRecipe;
  readonly datasets: readonly RunDataset[];
  /** Default: those in `lawFolders`. */
  readonly laws?: KnownLaws;
  readonly now?: () => Date;
  readonly clock?: Clock;
  /** The training step, where it was traced already. */
  readonly prepared?: { readonly model: Model; readonly optimizer: OptimizerSpec; readonly program: Program };
}

/** A forecast and what it was made from. */
export interface PlanForecast {
  readonly forecast: Forecast;
  readonly subject: RunSubject;
  /** The law that it rests on, or why there is none. */
  readonly carried: CarriedLaw | { readonly reason: string };
}

/** Foretells what a plan will reach and cost; nothing is trained. It takes some tenths of a second, which it counts as time of the run. */
export function forecastPlan(options: PlanForecastOptions): PlanForecast {
  const { fs, plan, recipe, datasets, now = () => new Date(), clock = systemClock } = options;
  const startMs = clock.monotonicMs();
  const { records, problems } = options.laws ?? knownLaws(fs);
  const { model, optimizer, program } = options.prepared ?? tracedStep(options);
  const facts = subjectOf({
    plan,
    recipe: recipe.recipe,
    model,
    optimizer,
    programHash: hashProgram(program),
    datasets,
    records,
  });
  const laws = new Map<LadderRecord, LadderLaw>();
  // The laws are fitted here, so that the time of it is known.
  const carried = carriedLaw(facts, { records, laws });
  const otherMs = facts.time.otherMs + (clock.monotonicMs() - startMs);
  const subject = { ...facts, time: { ...facts.time, otherMs } };
  const forecast = forecastRun(subject, { records, problems, laws, registeredAt: now().toISOString() });
  return { forecast, subject, carried };
}

function tracedStep({ recipe: { recipe }, plan }: PlanForecastOptions) {
  const { size, batch, numSteps } = plan;
  const optimizer = recipe.optimizer({ size, batchTokens: batch.batchSize * size.contextLength, numSteps });
  return { model: recipe.model(size), optimizer, program: traceStep(recipe, { size, batch, numSteps }) };
}

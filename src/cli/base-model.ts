import { nodeFileSystem } from '../core/node.ts';
import { type Generator, openGenerator } from '../evaluation/index.ts';
import { type BaseModel, loadBaseModel } from '../training/index.ts';
import type { Flags } from './flags.ts';
import { chosenRun } from './run-argument.ts';
import { type OpenedEngine, openEngine } from './run-engine.ts';

/** What a run ended with, on an engine. */
export interface OpenedModel extends OpenedEngine {
  readonly folder: string;
  readonly base: BaseModel;
}

/** Loads the model of the run that is the first word of the flags (the newest run without one), from `--step` or the last checkpoint. */
export async function openBaseModel(flags: Flags): Promise<OpenedModel> {
  const folder = chosenRun(flags.words[0]);
  const step = flags.wholeNumber('step', 0);
  const base = await loadBaseModel(nodeFileSystem, folder, step === undefined ? {} : { step });
  return { folder, base, ...(await openEngine(flags)) };
}

/** Opens what writes texts with a model; whoever opens it closes it. */
export async function openWriter({ engine, base }: OpenedModel, batchSize = 1): Promise<Generator> {
  const generator = await openGenerator(engine, base.model, { batchSize });
  await generator.load(base.parameters);
  return generator;
}

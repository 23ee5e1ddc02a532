import { nodeFileSystem } from '../../../src/core/node.ts';
import type { Dataset } from '../../../src/data/index.ts';
import { type Engine, type NumericData, onnxEngine, type Session } from '../../../src/engine/index.ts';
import type { LadderPlan, LadderRequest, RunLadderOptions } from '../../../src/training/index.ts';
import type { Trunk } from '../../../src/training/ladder/ladder-plan.ts';
import { environment, smallRecipe } from '../support/small-training.ts';

/** A trunk of one layer of width 16, in half a millisecond a step. */
export function smallTrunk(changes: Partial<Trunk> = {}): Trunk {
  return {
    rung: 1,
    seed: 0,
    numLayers: 1,
    width: 16,
    batchSize: 2,
    contextLength: 16,
    schedule: smallRecipe().schedule,
    lengths: [15, 20, 30],
    canShare: true,
    estimatedFlopsPerStep: 1e6,
    ...changes,
  };
}

export const smallRequest: LadderRequest = {
  flops: [1e6, 4e6],
  budgetMs: null,
  numRungs: 2,
  numSeeds: 1,
  contextLength: null,
};

export const smallLadder: LadderPlan = {
  trunks: [
    smallTrunk({ lengths: [15, 20] }),
    smallTrunk({ rung: 2, width: 32, lengths: [15, 30] }),
    smallTrunk({ seed: 1, lengths: [20] }),
  ],
  warnings: [],
};

export async function smallOptions(
  folder: string,
  dataset: Dataset,
  changes: Partial<RunLadderOptions> = {},
): Promise<RunLadderOptions> {
  return {
    fs: nodeFileSystem,
    engine: changes.engine ?? (await onnxEngine('cpu', { numThreads: 1 })),
    engineFacts: { provider: 'cpu', numThreads: 1 },
    environment,
    folder,
    recipe: { recipe: smallRecipe(), file: null },
    dataset,
    request: smallRequest,
    plan: smallLadder,
    memory: { availableBytes: 2e9, limit: 'none' },
    now: () => new Date(0),
    ...changes,
  };
}

/** An engine that remembers what sessions other than training steps were set to last: the parameters that are measured. */
export function watched(engine: Engine): { readonly engine: Engine; readonly measured: Map<string, NumericData> } {
  const measured = new Map<string, NumericData>();
  const wrap = (session: Session): Session => {
    if ('scheduleFactor' in session.program.inputs) return session;
    return {
      program: session.program,
      set: (name, data) => {
        measured.set(name, data.slice());
        return session.set(name, data);
      },
      get: (name) => session.get(name),
      run: (inputs) => session.run(inputs),
      close: () => session.close(),
    };
  };
  return { engine: { ...engine, load: async (program) => wrap(await engine.load(program)) }, measured };
}

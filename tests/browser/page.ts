import { GroundworkError } from '../../src/core/index.ts';
import { onnxEngine, type Provider, type RuntimeOptions } from '../../src/engine/browser.ts';
import { modelS, tinyModel, trainSmallModel } from '../support/small-model.ts';

/** What the tests call in the page. Results cross to Node as JSON. */
const models = { modelS, tinyModel };

export interface PageApi {
  train(provider: Provider, model: keyof typeof models, options: RuntimeOptions): Promise<TrainingReport>;
  /** The error with which a provider refuses, or nothing. */
  refusal(provider: Provider, options: RuntimeOptions): Promise<{ code: string; hint: string } | null>;
}

export interface TrainingReport {
  readonly losses: readonly number[];
  readonly engine: string;
  readonly numThreads: number;
}

const api: PageApi = {
  async train(provider, model, options) {
    const engine = await onnxEngine(provider, options);
    const losses = await trainSmallModel(engine, models[model]);
    return { losses, engine: engine.name, numThreads: engine.runtime.numThreads };
  },
  async refusal(provider, options) {
    try {
      await onnxEngine(provider, options);
      return null;
    } catch (error) {
      if (error instanceof GroundworkError) return { code: error.code, hint: error.hint };
      throw error;
    }
  },
};

Object.assign(globalThis, { groundwork: api });

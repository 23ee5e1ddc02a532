import { GroundworkError } from '../core/index.ts';
import { cast, gatherRows, linear, multiply, recompute, rmsNorm, scope, type Tensor, tanh } from '../tensor/index.ts';
import { block } from './block.ts';
import { exportsOf } from './exports.ts';
import { extentsOf } from './extents.ts';
import { type GptConfig, type GptSettings, gptSettings } from './gpt-config.ts';
import { type ParameterTable, parameterOf, parametersOf } from './layer.ts';
import type { Model, ParameterSpec, Tensors } from './model.ts';
import { normLayer } from './norm.ts';
import { positionLayer } from './positions.ts';
import { residualMixing } from './residual-mixing.ts';
import { outputMultiplier } from './scaling.ts';

/**
 * A GPT: embedding, blocks, norm, head.
 *
 * @param config sizes, and the options that differ from the defaults
 * @throws GroundworkError `invalid-recipe` if an option is unknown or out of range, or two do not fit
 */
export function gptModel(config: GptConfig): Model {
  const settings = gptSettings(config);
  const { vocabularySize: V, contextLength, numLayers, width: D, numGroups, headWidth } = settings;
  const positions = positionLayer(settings);
  const mixing = residualMixing(settings);
  const blocks = Array.from({ length: numLayers }, (_, layer) => block(settings, layer));
  const norm = normLayer(settings, 'norm', D);
  const table = (role: 'embedding' | 'head', deviation: number): ParameterTable => {
    const spec: ParameterSpec = { shape: [V, D], role, initialization: { kind: 'normal', deviation } };
    return { [role]: spec };
  };
  const embed = (values: Tensors, tokensBT: Tensor): Tensor =>
    scope('embedding', () => gatherRows(parameterOf(values, 'embedding'), tokensBT));
  return {
    vocabularySize: V,
    contextLength,
    parameters: {
      ...table('embedding', settings.embeddingDeviation),
      ...positions.parameters,
      ...mixing.parameters,
      ...parametersOf(blocks),
      ...norm.parameters,
      ...(settings.isHeadTied ? {} : table('head', settings.headDeviation)),
    },
    cache: { numLayers, numGroups, headWidth },
    exports: exportsOf(settings),
    gpt: settings,
    forward: (values, tokensBT, sequence, { recomputeBlocks = false } = {}) => {
      const [, time] = extentsOf(tokensBT, 2);
      if (sequence.maxPositions > contextLength || time > contextLength) {
        const found = Math.max(sequence.maxPositions, time);
        throw new GroundworkError(
          'invalid-recipe',
          `a sequence of ${found} positions, the model reads ${contextLength}`,
          {
            hint: 'Shorten the sequence, or make the model with a longer contextLength.',
          },
        );
      }
      const { dtype } = parameterOf(values, 'embedding');
      const places = scope('positions', () => positions.open(values, sequence, time, dtype));
      const tokenBTD = places.embed(embed(values, tokensBT));
      const embeddedBTD = settings.hasEmbeddingNorm
        ? scope('embedding', () => rmsNorm(tokenBTD, { epsilon: settings.normEpsilon }))
        : tokenBTD;
      const last = blocks.reduce((xBTD, one, layer) => {
        const build = () =>
          one.apply(values, mixing.apply(values, xBTD, embeddedBTD, layer), tokensBT, places, sequence);
        return recomputeBlocks ? recompute(build) : build();
      }, embeddedBTD);
      return scope('head', () => logits(settings, values, norm.apply(values, last)));
    },
  };
}

/** [B, T, D] → [B, T, V], float32 whatever x is: a softmax over a vocabulary takes all digits. */
function logits(settings: GptSettings, values: Tensors, xBTD: Tensor): Tensor {
  const { isHeadTied, logitSoftcap } = settings;
  const multiplier = outputMultiplier(settings);
  // The factor meets the narrower side.
  const scaled = multiplier === 1 ? xBTD : multiply(xBTD, multiplier);
  const logitsBTV = cast(linear(scaled, parameterOf(values, isHeadTied ? 'embedding' : 'head')), 'float32');
  if (logitSoftcap === null) return logitsBTV;
  return multiply(tanh(multiply(logitsBTV, 1 / logitSoftcap)), logitSoftcap);
}

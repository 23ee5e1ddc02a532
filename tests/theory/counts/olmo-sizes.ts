import { gptModel, type Model } from '../../../src/model/index.ts';

/** A size of the OLMo ladder (2412.04403, table 1 and its published constants). */
export interface OlmoSize {
  readonly name: string;
  readonly numLayers: number;
  readonly width: number;
  /** Gate and up projection of the MLP in one matrix. */
  readonly fusedWidth: number;
  readonly numHeads: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Of all but the embedding, as published. */
  readonly numParameters: number;
  /** Of training on a token, as published. */
  readonly flopsPerToken: number;
}

const common = { vocabularySize: 100_352, contextLength: 4096 };
const ratio = 8;

function size(
  name: string,
  [numLayers, width, numHeads]: readonly [number, number, number],
  [numParameters, flopsPerToken]: readonly [number, number],
  fusedWidth = ratio * width,
): OlmoSize {
  return { name, numLayers, width, numHeads, fusedWidth, ...common, numParameters, flopsPerToken };
}

export const olmoSizes: readonly OlmoSize[] = [
  size('190M', [12, 768, 12], [190_354_176, 1_903_391_232]),
  size('370M', [16, 1024, 16], [371_262_464, 3_443_922_944]),
  size('600M', [16, 1344, 16], [597_382_464, 5_180_751_744]),
  size('760M', [16, 1536, 16], [758_220_288, 6_373_843_968]),
  size('1B', [16, 2048, 16], [1_279_395_840, 10_109_071_360]),
  size('3B', [16, 3328, 16], [3_169_537_280, 22_970_355_200]),
  size('7B', [32, 4096, 32], [6_887_575_552, 49_412_071_424], 22_016),
  size('13B', [40, 5120, 40], [13_202_396_160, 91_335_915_520], 27_648),
];

/** OLMo 2 normalises queries and keys over all heads at once, which here is one head of the whole width: the same parameters. */
export function olmoModel({ numLayers, width, fusedWidth, vocabularySize, contextLength }: OlmoSize): Model {
  return gptModel({
    vocabularySize,
    contextLength,
    numLayers,
    width,
    numHeads: 1,
    headWidth: width,
    hiddenWidth: fusedWidth / 2,
    isHeadTied: false,
  });
}

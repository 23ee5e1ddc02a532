import { GroundworkError } from '../../core/index.ts';
import type { Recipe, RecipeSize } from '../../recipe/index.ts';
import { forecastConvention, parameterCounts } from '../../theory/index.ts';
import { type CandidateSize, candidateSizes } from '../sizing.ts';

/** A size of model with its parameters, in the convention of forecasts. */
export interface CountedSize extends CandidateSize {
  readonly numParameters: number;
}

/** The sizes that a plan chooses from, those that the recipe has a model for, with their parameters in the convention of forecasts. */
export function countedSizes(
  recipe: Recipe,
  { vocabularySize, contextLength }: Pick<RecipeSize, 'vocabularySize' | 'contextLength'>,
): readonly CountedSize[] {
  return candidateSizes.flatMap((candidate): CountedSize[] => {
    try {
      const model = recipe.model({ ...candidate, vocabularySize, contextLength });
      return [{ ...candidate, numParameters: parameterCounts(model)[forecastConvention] }];
    } catch (fault) {
      // The rules of a recipe may exclude a size.
      if (!(fault instanceof GroundworkError)) throw fault;
      return [];
    }
  });
}

/** The size with about so many parameters; undefined where even the nearest is not near. */
export function nearestSize(sizes: readonly CountedSize[], numParameters: number): CountedSize | undefined {
  const distance = (size: CountedSize) => Math.abs(Math.log(size.numParameters / numParameters));
  const [nearest] = sizes.toSorted((a, b) => distance(a) - distance(b));
  return nearest !== undefined && distance(nearest) < Math.log(2) ? nearest : undefined;
}

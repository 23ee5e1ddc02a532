import { assert } from '../../core/index.ts';

/**
 * E-values of one hypothesis taken together. Independent ones (or ones that follow each other, each fair given those before)
 * multiply; of any others the mean is an e-value, whatever their dependence (Vovk and Wang 2021).
 */
export function combineEValues(eValues: readonly number[], dependence: 'independent' | 'arbitrary'): number {
  assert(eValues.length > 0 && eValues.every((value) => value >= 0), 'e-values are at least 0, and one is needed');
  return dependence === 'independent'
    ? eValues.reduce((product, value) => product * value, 1)
    : eValues.reduce((sum, value) => sum + value, 0) / eValues.length;
}

/**
 * An e-value from a p-value: κp^(κ−1), whose mean over a uniform p is 1 (Vovk and Wang 2021, section 2).
 *
 * @param kappa between 0 and 1; ½ unless told
 */
export function eValueOfPValue(pValue: number, kappa = 0.5): number {
  assert(pValue >= 0 && pValue <= 1 && kappa > 0 && kappa < 1, `p ${pValue}, kappa ${kappa}`);
  return kappa * pValue ** (kappa - 1);
}

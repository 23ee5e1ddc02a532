import type { ScalingLaw } from '../../../src/theory/index.ts';

/** Constants as their papers print them. */
export const besiroglu: ScalingLaw = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
export const hoffmann: ScalingLaw = { E: 1.69, A: 406.4, alpha: 0.34, B: 410.7, beta: 0.28 };
/** Laws that only serve to show how parabolas err. */
export const symmetric: ScalingLaw = { ...hoffmann, alpha: 0.31, beta: 0.31 };
export const asymmetric: ScalingLaw = { ...hoffmann, alpha: 0.465, beta: 0.155 };

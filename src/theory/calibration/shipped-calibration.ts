import type { IntervalCalibration } from './calibration.ts';

/**
 * How wrong forecasts of losses turned out to be. `npm run bench -- calibration` measures these numbers, and says whether they
 * are still what it measures.
 */
export const shippedCalibration: IntervalCalibration = {
  factors: [1, 2, 4, 10, 30, 100],
  quantile80: [0.76, 0.76, 0.76, 0.861, 1.08, 1.08],
  quantile95: [1.42, 1.42, 1.42, 1.73, 2.03, 2.03],
  scaleFloor: 0.01,
  source: '2462 forecasts of finished trainings in 51 tables (chinchilla, gadre, porian, olmo)',
};

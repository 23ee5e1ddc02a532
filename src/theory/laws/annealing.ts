import { assert } from '../../core/index.ts';

/** The schedule of a run, as far as its loss curve depends on it. */
export interface CurveSchedule {
  readonly numSteps: number;
  /** The factor on the peak learning rate in a step from 0, such as `scheduleFactor` of the optimizers gives. */
  readonly factorAt: (step: number) => number;
}

/** A schedule followed in blocks of steps that are short beside the run, one step each in runs of up to 4,096. */
export interface ScheduleTrace {
  readonly numSteps: number;
  readonly stepsPerBlock: number;
  /** Mean factor of each block. */
  readonly factors: Float64Array;
  /** Σ of factors before each block, and after the last. */
  readonly sums: Float64Array;
  /** The first block that falls below the one before: what rises until then is warm-up. */
  readonly firstFall: number;
}

const mostBlocks = 4096;

/** Follows a schedule once, so that sums over it cost little for each constant that a fit tries. */
export function traceSchedule({ numSteps, factorAt }: CurveSchedule): ScheduleTrace {
  assert(Number.isInteger(numSteps) && numSteps > 0, `a run of ${numSteps} steps has no schedule`);
  const stepsPerBlock = Math.ceil(numSteps / mostBlocks);
  const numBlocks = Math.ceil(numSteps / stepsPerBlock);
  const factors = new Float64Array(numBlocks);
  const sums = new Float64Array(numBlocks + 1);
  for (let block = 0; block < numBlocks; block++) {
    const end = Math.min(numSteps, (block + 1) * stepsPerBlock);
    let sum = 0;
    for (let step = block * stepsPerBlock; step < end; step++) sum += factorAt(step);
    factors[block] = sum / (end - block * stepsPerBlock);
    sums[block + 1] = (sums[block] as number) + sum;
  }
  const firstFall = factors.findIndex((factor, block) => block > 0 && factor < (factors[block - 1] as number));
  return { numSteps, stepsPerBlock, factors, sums, firstFall: firstFall < 0 ? numBlocks : firstFall };
}

/** S1 of Tissue et al. 2024 (2408.11029), in units of the peak rate: Σ of the factors of the first `numSteps` steps. */
export function summedFactors(trace: ScheduleTrace, numSteps: number): number {
  return alongTrace(trace, trace.sums, numSteps);
}

/**
 * By how much the learning rate had fallen before each block, and after the last, each fall counted the more the longer ago:
 * Σ_k (η_{k−1} − η_k)·(1 − λ^(s−k)) with λ = e^(−1/memorySteps), η_k the factor of step k and s the steps done. This is (1 − λ)·S2 of
 * Tissue et al. 2024 (2408.11029, equation 1: momentum m_i = λ·m_{i−1} + η_{i−1} − η_i, S2 = Σ m_i), in a form that ends at the whole
 * fall, so that what it is multiplied by is a loss. The rise of warm-up is left out; later rises count as negative falls.
 *
 * @param memorySteps steps after which all but 1/e of a fall has had its effect
 */
export function annealedAlong({ factors, stepsPerBlock, firstFall }: ScheduleTrace, memorySteps: number): Float64Array {
  const keep = Math.exp(-stepsPerBlock / memorySteps);
  const annealed = new Float64Array(factors.length + 1);
  let fallen = 0;
  let pending = 0;
  for (let block = firstFall; block < factors.length; block++) {
    const fall = (factors[block - 1] as number) - (factors[block] as number);
    fallen += fall;
    pending = keep * (pending + fall);
    annealed[block + 1] = fallen - pending;
  }
  return annealed;
}

/** A value of a trace after so many steps, in a line between the ends of blocks. */
export function alongTrace({ numSteps, stepsPerBlock }: ScheduleTrace, values: Float64Array, step: number): number {
  assert(step >= 0 && step <= numSteps, `${step} steps are not in 0 … ${numSteps}`);
  const block = Math.min(values.length - 2, Math.floor(step / stepsPerBlock));
  const begin = block * stepsPerBlock;
  const end = Math.min(numSteps, begin + stepsPerBlock);
  const share = (step - begin) / (end - begin);
  return (1 - share) * (values[block] as number) + share * (values[block + 1] as number);
}

/**
 * The schedule of a run from its record alone, where nothing else is known of it: the mean factor between two evaluations follows from
 * the sums of factors and stands in the middle between them; from one middle to the next the factor goes in a line, so that even falls
 * come out exactly. The fewer evaluations a decay has, the earlier it seems to begin.
 *
 * @param curve [steps done, Σ of schedule factors so far, …], by rising steps
 */
export function recordedSchedule(curve: readonly (readonly [number, number, ...unknown[]])[]): CurveSchedule {
  const nodes = [[0, 0] as const, ...curve.filter(([step]) => step > 0)];
  const last = nodes.at(-1);
  assert(last !== undefined && last[0] > 0, 'a curve without a step tells no schedule');
  // Middle of each interval with its mean factor, as [step, factor].
  const middles: [number, number][] = [];
  for (let i = 1; i < nodes.length; i++) {
    const [[from, before], [to, after]] = [nodes[i - 1], nodes[i]] as unknown as [[number, number], [number, number]];
    assert(to > from, `steps ${from} and ${to} of a curve do not rise`);
    middles.push([(from + to - 1) / 2, (after - before) / (to - from)]);
  }
  const factorAt = (step: number): number => {
    let i = middles.findIndex(([middle]) => middle >= step);
    if (i < 0) i = middles.length - 1;
    const [right, left] = [middles[i], middles[Math.max(0, i - 1)]] as [[number, number], [number, number]];
    if (i === 0 || right[0] === left[0]) return right[1];
    const slope = (right[1] - left[1]) / (right[0] - left[0]);
    return Math.min(1, Math.max(0, right[1] + slope * (step - right[0])));
  };
  return { numSteps: last[0], factorAt };
}

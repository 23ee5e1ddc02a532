import { describeProgram, type Program } from '../../tensor/index.ts';

/** The arithmetic of one step, counted in its graph, and where it goes. */
export interface ProgramFlops {
  readonly tokensPerStep: number;
  /** Of a whole step. */
  readonly perStep: number;
  /** Of a step for each of its tokens, the update included. */
  readonly perToken: number;
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
  /**
   * By part of the model, most first: scopes with the same place in each block are one part (`blocks.attention`), what stands in no
   * scope is `other`. Shares of `perStep`.
   */
  readonly parts: readonly { readonly part: string; readonly flops: number; readonly share: number }[];
}

/**
 * Counts what a Program computes, operation by operation: a multiply-add is two, any other operation on numbers one, moving data
 * none. Attention counts every pair of positions, as it is computed here, also pairs that a mask leaves out.
 *
 * @param tokensPerStep rows times context of the batch
 */
export function programFlops(program: Program, tokensPerStep: number): ProgramFlops {
  const { scopes, total } = describeProgram(program);
  const { forward, backward, update } = total.flops;
  const perStep = forward + backward + update;
  const byPart = new Map<string, number>();
  for (const { scope, flops } of scopes) {
    const part = scope.replace(/\.\d+(?=\.|$)/g, '') || 'other';
    byPart.set(part, (byPart.get(part) ?? 0) + flops.forward + flops.backward + flops.update);
  }
  const parts = [...byPart]
    .map(([part, flops]) => ({ part, flops, share: perStep === 0 ? 0 : flops / perStep }))
    .sort((a, b) => b.flops - a.flops);
  return { tokensPerStep, perStep, perToken: perStep / tokensPerStep, forward, backward, update, parts };
}

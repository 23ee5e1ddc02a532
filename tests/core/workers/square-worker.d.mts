import type { TaskHandler } from '../../../src/core/node.ts';

export interface SquareTask {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly fail?: 'fault' | 'bug' | 'memory';
}

export function createSquareHandler(context: {
  readonly offset: number;
}): TaskHandler<SquareTask, Float64Array<ArrayBuffer>>;

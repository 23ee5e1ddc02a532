import { GroundworkError } from '../../../dist/core/index.js';
import { serveTasks } from '../../../dist/core/node.js';

export function createSquareHandler({ offset }) {
  return ({ numbers, fail }) => {
    if (fail === 'fault')
      throw new GroundworkError('invalid-document', 'found a three', { hint: 'Take the three out.' });
    if (fail === 'memory') for (const hoard = []; ; ) hoard.push(new Array(1000).fill(0.5));
    if (fail === 'bug') throw new TypeError('a bug');
    const squares = numbers.map((number) => number ** 2 + offset);
    return { value: squares, transfer: [squares.buffer] };
  };
}

export default serveTasks(createSquareHandler);

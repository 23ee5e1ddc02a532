import { present } from '../../core/index.ts';
import { isPrimitive, type NumericArray, nodeAt, type Program, signatureOf, sizeOf } from '../../tensor/index.ts';

/** Above this many elements a value is computed in the session: the model file and its loading would grow too much. */
const maxElements = 2 ** 17;

/**
 * What a Program of primitives computes from constants alone (rotary tables, causal masks), by node: evaluated once, in
 * float64, instead of in every step and in the arithmetic of the device. WebGPU allows the sine an error of 2⁻¹¹.
 */
export function foldConstants(program: Program): ReadonlyMap<number, NumericArray> {
  const folded = new Map<number, NumericArray>();
  program.nodes.forEach(({ op, inputs, attributes, shape, dtype }, index) => {
    if (op === 'input' || op === 'state' || !isPrimitive(op) || !inputs.every((position) => folded.has(position)))
      return;
    if (dtype === 'float16' || dtype === 'bfloat16' || sizeOf(shape) > maxElements) return;
    // Stretching is cheap in the session and would only make the file larger.
    const isStretched = inputs.some((position) => sizeOf(nodeAt(program, position).shape) < sizeOf(shape));
    if (op === 'broadcastTo' && isStretched) return;
    const operands = inputs.map((position) => present(folded.get(position), 'a folded operand'));
    folded.set(index, { shape, dtype, data: signatureOf(op).evaluate(operands, attributes, { shape, dtype }) });
  });
  return folded;
}

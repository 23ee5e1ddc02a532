import { present } from '../../core/index.ts';
import type { OnnxGraph, OnnxNode } from './graph.ts';

/** The extra graph input that keeps shapes unknown: a session feeds the int64 scalar 0. */
export const zeroInput = 'zero';

/**
 * Hides the shapes of intermediate values from the runtime's planner.
 *
 * Where ONNX Runtime knows all shapes, it plans which value takes over the buffer of which earlier one of exactly the
 * same shape, and keeps that buffer in between, however long that is. Values of a shape then never give their memory to
 * values of another shape, and a training step holds twice what it needs (docs/notebook.md, "Memory"). Where it does not
 * know them, each value is allocated when it is made and freed after its last reader. So every target shape gets a zero
 * added that is only known when the step runs.
 *
 * One thing is lost: a kernel may write its result over an operand only where both shapes are known to be equal. That
 * matters where a kernel changes a few elements of a large tensor, so there the shapes are declared.
 */
export function hideShapes(graph: OnnxGraph): OnnxGraph {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const values = new Map(graph.values);
  const sums = new Map<string, OnnxNode>();
  const hide = (name: string, { scope, phase }: OnnxNode): string => {
    let sum = sums.get(name);
    if (!sum) {
      const value = { ...present(values.get(name), name), name: `h${values.size}` };
      values.set(value.name, value);
      sum = {
        opType: 'Add',
        domain: '',
        inputs: [name, zeroInput],
        outputs: [value.name],
        attributes: {},
        scope,
        phase,
      };
      sums.set(name, sum);
    }
    return present(sum.outputs[0], 'a result');
  };
  const nodes = graph.nodes.map((node) => {
    const [x, target, ...rest] = node.inputs;
    const takesShape = node.opType === 'Reshape' || node.opType === 'Expand';
    if (!takesShape || x === undefined || target === undefined || !constants.has(target)) return node;
    return { ...node, inputs: [x, hide(target, node), ...rest] };
  });
  const declared = nodes.flatMap(({ opType, inputs, outputs }) =>
    opType === 'ScatterElements' ? [present(inputs[0], 'a base'), present(outputs[0], 'a result')] : [],
  );
  const zero = { name: zeroInput, shape: [], dtype: 'int64' as const };
  values.set(zeroInput, zero);
  return {
    ...graph,
    hasHiddenShapes: true,
    declaredShapes: declared.map((name) => present(values.get(name), name)),
    inputs: [...graph.inputs, zero],
    nodes: [...sums.values(), ...nodes],
    values,
  };
}

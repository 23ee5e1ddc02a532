import { canonicalJson, GroundworkError, present } from '../../core/index.ts';
import { nodeAt, type Program, type ProgramNode, sameShape } from '../../tensor/index.ts';

/**
 * Makes sure that what runs is what was proved: that logits within a Program (of a training step, or of losses) are computed from tokens
 * and parameters by the same graph as in the proved forward pass, whatever else the Program holds. A model is called anew for
 * each Program, and may have built another one.
 *
 * @param proved inputs `tokens` (and `segments`), output `logits`, at the number of rows of one pass
 * @param program holds one `crossEntropy` in the scope `loss` for each pass; a pass reads rows of its own of the inputs
 * @throws GroundworkError `future-leak` where they differ
 */
export function requireSameForward(proved: Program, program: Program, what: string): void {
  const logits = present(proved.outputs.logits, 'the output logits');
  const passes = program.nodes.filter(
    ({ op, scope, phase }) => op === 'crossEntropy' && scope === 'loss' && phase === 'forward',
  );
  if (passes.length === 0) throw differenceError(what, 'there is no loss', '');
  for (const { inputs } of passes) {
    const [flat] = inputs;
    const { op, inputs: operands } = nodeAt(program, flat ?? -1);
    // The loss flattens [B, T, V]; equal nodes are one, so that a model may have done so before.
    const start = op === 'reshape' && sizeIsFlat(program, flat ?? -1) ? (operands[0] ?? -1) : (flat ?? -1);
    requireSame({ proved, program, what }, logits, start);
  }
}

function sizeIsFlat(program: Program, position: number): boolean {
  return nodeAt(program, position).shape.length === 2;
}

interface Comparison {
  readonly proved: Program;
  readonly program: Program;
  readonly what: string;
}

function requireSame({ proved, program, what }: Comparison, logits: number, start: number): void {
  const compared = new Set<string>();
  const leaves = new Map<number, number>();
  const open: [number, number][] = [[logits, start]];
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [own, other] = pair;
    // A value that the one shares the other may build once in each block.
    const key = `${own} ${other}`;
    if (compared.has(key)) continue;
    compared.add(key);
    const [a, b] = [nodeAt(proved, own), nodeAt(program, other)];
    if (a.op === 'input') {
      if ((leaves.get(own) ?? other) !== other) throw differenceError(what, 'it reads rows of several passes', b.scope);
      leaves.set(own, other);
      if (!isRowsOf(program, other, String(a.attributes.name)) || !sameShape(a.shape, b.shape)) {
        throw differenceError(what, `${b.op} stands in the place of ${String(a.attributes.name)}`, b.scope);
      }
      continue;
    }
    const difference = differenceOf(a, b);
    if (difference) throw differenceError(what, difference, b.scope);
    for (const [i, input] of a.inputs.entries()) open.push([input, present(b.inputs[i], 'an operand')]);
  }
}

/** True if a value is an input, or some rows of it, perhaps after something else. */
function isRowsOf(program: Program, position: number, name: string): boolean {
  let { op, inputs, attributes } = nodeAt(program, position);
  while (op === 'after' || op === 'slice') ({ op, inputs, attributes } = nodeAt(program, inputs[0] ?? -1));
  return op === 'input' && attributes.name === name;
}

function differenceOf(a: ProgramNode, b: ProgramNode): string | undefined {
  if (a.op !== b.op || a.inputs.length !== b.inputs.length) return `${a.op} becomes ${b.op}`;
  if (!sameShape(a.shape, b.shape) || a.dtype !== b.dtype) return `${a.op} gives another shape or type`;
  return canonicalJson({ ...a.attributes }) === canonicalJson({ ...b.attributes })
    ? undefined
    : `${a.op} has other attributes`;
}

function differenceError(what: string, difference: string, scope: string): GroundworkError {
  return new GroundworkError(
    'future-leak',
    `the forward pass of ${what} is not the one that was proved: ${difference}`,
    {
      hint: 'forward must build the same graph each time, from parameters, tokens and sequence alone; recomputeBlocks changes no op.',
      scope,
    },
  );
}

import { present } from '../../core/index.ts';
import type { OnnxGraph, OnnxNode } from './graph.ts';
import { GraphEditor } from './graph-editor.ts';

/*
 * Rewrites that make one node of several. A node of ONNX Runtime costs some microseconds whatever it computes, which is most of the time
 * of a graph that moves one token; see docs/notebook.md, "Generation".
 */

/** True if a transposition leaves the order of the numbers as it is: only axes of one element change their places. */
function keepsOrder({ attributes }: OnnxNode, shape: readonly number[]): boolean {
  const moved = (attributes.perm as readonly number[]).filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0));
}

/** Reshapes one after the other, and transpositions that move no number, → one reshape of the first operand. */
export function mergeViews(graph: OnnxGraph): OnnxGraph {
  const editor = new GraphEditor(graph);
  const isView = (node: OnnxNode | undefined): node is OnnxNode =>
    node?.opType === 'Reshape' ||
    (node?.opType === 'Transpose' && keepsOrder(node, editor.value(present(node.inputs[0], 'x')).shape));
  const sourceOf = (name: string): string => {
    const node = editor.producers.get(name);
    // A shape that a step computes holds back its node until then: such a view stays.
    const isFixed =
      node !== undefined && isView(node) && node.inputs.slice(1).every((shape) => editor.isConstant(shape));
    return isFixed ? sourceOf(present(node.inputs[0], 'x')) : name;
  };
  for (const node of graph.nodes) {
    const [input = ''] = node.inputs;
    const output = editor.value(present(node.outputs[0], 'a result'));
    const source = isView(node) ? sourceOf(input) : input;
    if (source === input && !(node.opType === 'Transpose' && isView(node))) {
      editor.emit(node);
      continue;
    }
    const isWaiting = node.opType === 'Reshape' && !editor.isConstant(present(node.inputs[1], 'a shape'));
    const target = isWaiting ? present(node.inputs[1], 'a shape') : editor.int64s(output.shape);
    editor.emit({ ...node, opType: 'Reshape', inputs: [source, target], attributes: {} });
  }
  return editor.finish();
}

/**
 * Where there are derivatives the forward pass stays as it is: fused nodes round otherwise, and a block that is computed a second time for
 * its derivatives, where nothing is fused, has to give the same bits as the first time.
 */
const hasDerivatives = ({ nodes }: OnnxGraph): boolean => nodes.some(({ phase }) => phase !== 'forward');

/** x · sigmoid(x) → QuickGelu with the factor 1, where nothing else reads the sigmoid. */
export function fuseSilu(graph: OnnxGraph): OnnxGraph {
  if (hasDerivatives(graph)) return graph;
  const editor = new GraphEditor(graph);
  for (const node of graph.nodes) {
    const [left = '', right = ''] = node.inputs;
    const [x, gate] = editor.producer(right, 'Sigmoid') ? [left, right] : [right, left];
    const sigmoid = node.opType === 'Mul' ? editor.producer(gate, 'Sigmoid') : undefined;
    if (sigmoid?.inputs[0] !== x || !editor.isReadOnce(gate)) {
      editor.emit(node);
      continue;
    }
    editor.emit({
      ...node,
      opType: 'QuickGelu',
      domain: 'com.microsoft',
      inputs: [x],
      attributes: { alpha: { float: 1 } },
    });
  }
  return editor.finish();
}

/** The normalised x of a product r · x with r = 1 / √(mean of x² + ε) over the last axis, made of nodes that nothing else reads. */
function normalized(editor: GraphEditor, node: OnnxNode): { readonly x: string; readonly epsilon: number } | undefined {
  if (node.opType !== 'Mul') return undefined;
  for (const [x = '', scale = ''] of [node.inputs, [...node.inputs].reverse()]) {
    const root = behind(editor, scale, 'Reshape', 'Reciprocal', 'Sqrt');
    const shifted = root && behind(editor, present(root.inputs[0], 'x'), 'Add');
    const epsilon = shifted && editor.constantEverywhere(shifted.inputs[1] ?? '');
    const mean = shifted && behind(editor, present(shifted.inputs[0], 'x'), 'Mul');
    const sum = mean && behind(editor, present(mean.inputs[0], 'x'), 'ReduceSum');
    const share = mean && editor.constantEverywhere(mean.inputs[1] ?? '');
    const square = sum && behind(editor, present(sum.inputs[0], 'x'), 'Mul');
    const { shape } = editor.value(x);
    const isSquare = square?.inputs[0] === x && square.inputs[1] === x;
    const overLast = sum && editor.int64sOf(sum.inputs[1] ?? '');
    const isLast = overLast?.length === 1 && overLast[0] === shape.length - 1;
    const isMean = share !== undefined && Math.fround(1 / present(shape.at(-1), 'an axis')) === Math.fround(share);
    if (epsilon !== undefined && isSquare && isLast && isMean) return { x, epsilon };
  }
  return undefined;
}

/** The last of a chain of nodes, each read by the next alone, that ends in a value; undefined where the chain is another. */
function behind(editor: GraphEditor, name: string, ...opTypes: readonly string[]): OnnxNode | undefined {
  let node: OnnxNode | undefined;
  let value: string | undefined = name;
  for (const opType of opTypes) {
    node = value !== undefined && editor.isReadOnce(value) ? editor.producer(value, opType) : undefined;
    value = node?.inputs[0];
  }
  return node;
}

/**
 * x · (1 / √(mean(x²) + ε)), and the gain that multiplies it, → SimplifiedLayerNormalization, where nothing else reads what lies between.
 */
export function fuseRmsNorm(graph: OnnxGraph): OnnxGraph {
  if (hasDerivatives(graph)) return graph;
  const editor = new GraphEditor(graph);
  const norms = new Map<string, { readonly x: string; readonly epsilon: number }>();
  for (const node of graph.nodes) {
    const found = normalized(editor, node);
    if (found) norms.set(present(node.outputs[0], 'a result'), found);
  }
  for (const node of graph.nodes) {
    const output = present(node.outputs[0], 'a result');
    const own = norms.get(output);
    const gained = own === undefined ? withGain(editor, node, norms) : undefined;
    const norm = own ?? gained?.norm;
    if (norm === undefined) {
      editor.emit(node);
      continue;
    }
    const width = present(editor.value(norm.x).shape.at(-1), 'an axis');
    const gain = gained?.gain ?? editor.floats([width], new Float32Array(width).fill(1));
    editor.emit({
      ...node,
      opType: 'SimplifiedLayerNormalization',
      inputs: [norm.x, gain],
      attributes: { axis: -1, epsilon: { float: norm.epsilon } },
    });
  }
  return editor.finish();
}

/** A normalised value times a vector along the last axis. */
function withGain<Norm>(editor: GraphEditor, node: OnnxNode, norms: ReadonlyMap<string, Norm>) {
  if (node.opType !== 'Mul') return undefined;
  for (const [value = '', gain = ''] of [node.inputs, [...node.inputs].reverse()]) {
    const norm = norms.get(value);
    if (norm === undefined || !editor.isReadOnce(value)) continue;
    const { shape } = editor.value(gain);
    if (shape.length === 1 && shape[0] === editor.value(value).shape.at(-1)) return { norm, gain };
  }
  return undefined;
}

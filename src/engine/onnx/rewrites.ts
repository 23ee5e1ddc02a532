import { present } from '../../core/index.ts';
import { sameShape, sizeOf } from '../../tensor/index.ts';
import { fuseRmsNorm, fuseSilu, mergeViews } from './fusions.ts';
import type { OnnxAttribute, OnnxGraph, OnnxNode } from './graph.ts';
import { GraphEditor } from './graph-editor.ts';

/**
 * The second pass of the lowering: forms that one provider runs faster and that give the same numbers, up to the rounding of a factor that
 * meets a product earlier or later. Each rewrite stands
 * for itself, says what it measured, and can be left out. The measurements are in docs/notebook.md, "Faster forms".
 */
export type Rewrite = (graph: OnnxGraph) => OnnxGraph;

/** Faster forms of the CPU kernels, native and WebAssembly. */
export const cpuRewrites: readonly Rewrite[] = [
  fuseRmsNorm,
  fuseSilu,
  mergeViews,
  fuseTransposedOperands,
  foldScales,
  hoistScales,
  transposeBeforeGemm,
];

/** Applies rewrites in order and drops what nothing reads any more. */
export function applyRewrites(graph: OnnxGraph, rewrites: readonly Rewrite[]): OnnxGraph {
  return rewrites.reduce((current, rewrite) => dropUnread(rewrite(current)), graph);
}

function dropUnread(graph: OnnxGraph): OnnxGraph {
  const read = new Set(graph.outputs.map(({ name }) => name));
  const kept: OnnxNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => read.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) read.add(input);
  }
  return {
    ...graph,
    nodes: kept.reverse(),
    initializers: graph.initializers.filter(({ name }) => read.has(name)),
  };
}

function swapsLastAxes({ attributes }: OnnxNode): boolean {
  const perm = attributes.perm as readonly number[];
  const rank = perm.length;
  return rank >= 2 && perm.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
}

/**
 * MatMul of a transposed operand → FusedMatMul with a flag: the product reads the operand as it lies, and the copy of a
 * [B, H, T, T] tensor is saved.
 */
function fuseTransposedOperands(graph: OnnxGraph): OnnxGraph {
  const editor = new GraphEditor(graph);
  for (const node of graph.nodes) {
    if (node.opType !== 'MatMul') {
      editor.emit(node);
      continue;
    }
    const flags = { transA: 0, transB: 0 };
    const inputs = node.inputs.map((name, side) => {
      const transpose = editor.producer(name, 'Transpose');
      if (!transpose || !swapsLastAxes(transpose)) return name;
      flags[side === 0 ? 'transA' : 'transB'] = 1;
      return present(transpose.inputs[0], 'an operand');
    });
    const isFused = flags.transA + flags.transB > 0;
    editor.emit(
      isFused ? { ...node, opType: 'FusedMatMul', domain: 'com.microsoft', inputs, attributes: flags } : node,
    );
  }
  return editor.finish();
}

/** The factor of a product node: an attribute `alpha`, 1 where it is not given. */
function alphaOf({ attributes }: OnnxNode): number {
  const alpha = attributes.alpha as { float: number } | undefined;
  return alpha?.float ?? 1;
}

function withAlpha(node: OnnxNode, alpha: number): OnnxNode {
  const attributes: Record<string, OnnxAttribute> = { ...node.attributes, alpha: { float: alpha } };
  return node.opType === 'MatMul'
    ? { ...node, opType: 'FusedMatMul', domain: 'com.microsoft', attributes }
    : { ...node, attributes };
}

/** True for products that take a factor for nothing. The factor of a Gemm leaves its third operand alone. */
function takesFactor({ opType, inputs }: OnnxNode): boolean {
  return (opType === 'MatMul' || opType === 'FusedMatMul' || opType === 'Gemm') && inputs.length === 2;
}

/**
 * Mul by a constant → the factor `alpha` of a product that makes or reads the scaled tensor. Saves a pass over it.
 */
function foldScales(graph: OnnxGraph): OnnxGraph {
  const editor = new GraphEditor(graph);
  const scaleOf = (node: OnnxNode | undefined): { name: string; factor: number } | undefined => {
    if (node?.opType !== 'Mul') return undefined;
    const [x = '', y = ''] = node.inputs;
    const [left, right] = [editor.constantEverywhere(x), editor.constantEverywhere(y)];
    const keepsShape = (name: string) => sameShape(editor.value(name).shape, editor.value(node.outputs[0] ?? '').shape);
    if (right !== undefined && keepsShape(x)) return { name: x, factor: right };
    return left !== undefined && keepsShape(y) ? { name: y, factor: left } : undefined;
  };
  for (const node of graph.nodes) {
    if (!takesFactor(node)) {
      editor.emit(node);
      continue;
    }
    let alpha = alphaOf(node);
    const inputs = node.inputs.map((name) => {
      const scale = scaleOf(editor.producers.get(name));
      if (!scale) return name;
      alpha *= scale.factor;
      return scale.name;
    });
    editor.emit(alpha === alphaOf(node) ? node : withAlpha({ ...node, inputs }, alpha));
  }
  return editor.finish();
}

/** The product that makes a value, seen through reshapes that nothing else reads. */
function productBehind(editor: GraphEditor, name: string): OnnxNode | undefined {
  if (!editor.isReadOnce(name)) return undefined;
  const node = editor.producers.get(name);
  if (node?.opType === 'Reshape') return productBehind(editor, present(node.inputs[0], 'an operand'));
  return node && takesFactor(node) ? node : undefined;
}

/**
 * a · (c · b) with a constant c and a product a → the factor of that product: a' · b. Saves the pass that scales b.
 */
function hoistScales(graph: OnnxGraph): OnnxGraph {
  const editor = new GraphEditor(graph);
  const factors = new Map<OnnxNode, number>();
  const rewritten = graph.nodes.map((node) => {
    if (node.opType !== 'Mul') return node;
    for (const [product, scaled] of [node.inputs, [...node.inputs].reverse()]) {
      const inner = scaled !== undefined && editor.isReadOnce(scaled) ? editor.producer(scaled, 'Mul') : undefined;
      const factor = inner && editor.constantEverywhere(inner.inputs[1] ?? '');
      const source = product === undefined ? undefined : productBehind(editor, product);
      const keepsShape =
        inner !== undefined &&
        sameShape(editor.value(present(inner.inputs[0], 'b')).shape, editor.value(present(scaled, 'c · b')).shape);
      if (!factor || !source || factors.has(source) || !keepsShape) continue;
      factors.set(source, factor);
      return { ...node, inputs: [present(product, 'an operand'), present(inner?.inputs[0], 'an operand')] };
    }
    return node;
  });
  for (const [index, node] of rewritten.entries()) {
    const factor = factors.get(present(graph.nodes[index], 'a node'));
    editor.emit(factor === undefined ? node : withAlpha(node, alphaOf(node) * factor));
  }
  return editor.finish();
}

/**
 * Gemm with a transposed left operand, Aᵀ B → one transposition in front. MLAS transposes such an operand piece by piece,
 * again for every block of columns; done once it is cheaper, and several products share it. Either A is turned, or B is
 * and so is the result, (Bᵀ A)ᵀ: whichever moves fewer numbers.
 */
function transposeBeforeGemm(graph: OnnxGraph): OnnxGraph {
  const editor = new GraphEditor(graph);
  const turned = new Map<string, string>();
  const turn = (name: string, place: Pick<OnnxNode, 'scope' | 'phase'>): string => {
    let known = turned.get(name);
    if (known === undefined) {
      const { shape, dtype } = editor.value(name);
      known = editor.newValue([...shape].reverse(), dtype).name;
      turned.set(name, known);
      editor.emit(transposeNode(name, known, place));
    }
    return known;
  };
  for (const node of graph.nodes) {
    const [left = '', right = '', ...rest] = node.inputs;
    const { transA, transB } = node.attributes;
    if (node.opType !== 'Gemm' || transA !== 1 || transB === 1 || rest.length > 0) {
      editor.emit(node);
      continue;
    }
    const size = (name: string) => sizeOf(editor.value(name).shape);
    const output = present(node.outputs[0], 'a result');
    const costLeft = turned.has(left) ? 0 : size(left);
    const costRight = (turned.has(right) ? 0 : size(right)) + size(output);
    const attributes = { ...node.attributes, transA: 0 };
    if (costLeft <= costRight) {
      editor.emit({ ...node, inputs: [turn(left, node), right], attributes });
    } else {
      const { shape, dtype } = editor.value(output);
      const product = editor.newValue([...shape].reverse(), dtype).name;
      editor.emit({ ...node, inputs: [turn(right, node), left], outputs: [product], attributes });
      editor.emit(transposeNode(product, output, node));
    }
  }
  return editor.finish();
}

function transposeNode(input: string, output: string, { scope, phase }: Pick<OnnxNode, 'scope' | 'phase'>): OnnxNode {
  return {
    opType: 'Transpose',
    domain: '',
    inputs: [input],
    outputs: [output],
    attributes: { perm: [1, 0] },
    scope,
    phase,
  };
}

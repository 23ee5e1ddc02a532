import { present } from '../../core/index.ts';
import type { OnnxGraph, OnnxNode } from './graph.ts';

/**
 * The order in which ONNX Runtime will run a graph, and how to choose it.
 *
 * The runtime's sequential executor ignores the order of the file. It walks depth-first from the nodes without readers,
 * always into the node with the *highest* index first, and runs nodes as it leaves them (GraphViewer's constructor and
 * Graph::ReverseDFSFrom in onnxruntime/core/graph). The index of a node is its place in the file, and the file need not
 * be sorted. So a file that lists the nodes in reverse makes the walk prefer what we want early, and the order is ours:
 * that is what makes memory predictable, and lets state be updated in place.
 */

/** The nodes in the order in which the runtime runs them, if the file lists them in the reverse of `priority`. */
export function executionOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producers = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const output of node.outputs) producers.set(output, index);
  });
  const producersOf = (node: OnnxNode): number[] => {
    const found = new Set<number>();
    for (const input of node.inputs) {
      const producer = producers.get(input);
      if (producer !== undefined) found.add(producer);
    }
    return [...found].sort((a, b) => a - b);
  };
  const isRead = new Set(nodes.flatMap((node) => producersOf(node)));
  const order: OnnxNode[] = [];
  const visited = new Set<number>();
  const stack: { index: number; isLeaving: boolean }[] = [];
  // Pushed latest first, so that the earliest is on top.
  for (let index = nodes.length - 1; index >= 0; index--) {
    if (!isRead.has(index)) stack.push({ index, isLeaving: false });
  }
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const node = present(nodes[entry.index], 'a node');
    if (entry.isLeaving) {
      order.push(node);
    } else if (!visited.has(entry.index)) {
      visited.add(entry.index);
      stack.push({ index: entry.index, isLeaving: true });
      for (const producer of producersOf(node).reverse()) {
        if (!visited.has(producer)) stack.push({ index: producer, isLeaving: false });
      }
    }
  }
  return order;
}

/**
 * Puts the nodes in an order that keeps few values alive: creation order, but what only serves an update runs as soon as
 * its operands are there, so that a gradient is used up before the next one is made. Then the order that the runtime
 * will make of it, which is the one to reason about.
 */
export function scheduleGraph(graph: OnnxGraph): OnnxGraph {
  return { ...graph, nodes: executionOrder(updatesEarly(graph.nodes)) };
}

function updatesEarly(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producers = new Map<string, OnnxNode>();
  for (const node of nodes) for (const output of node.outputs) producers.set(output, node);
  const numMissing = new Map<OnnxNode, number>();
  const readers = new Map<OnnxNode, OnnxNode[]>();
  for (const node of nodes) {
    const sources = new Set(node.inputs.flatMap((input) => producers.get(input) ?? []));
    numMissing.set(node, sources.size);
    for (const source of sources) {
      const list = readers.get(source) ?? [];
      list.push(node);
      readers.set(source, list);
    }
  }
  const order: OnnxNode[] = [];
  const done = new Set<OnnxNode>();
  const emit = (node: OnnxNode): void => {
    const pending = [node];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if (done.has(next)) continue;
      done.add(next);
      order.push(next);
      for (const reader of readers.get(next) ?? []) {
        const missing = present(numMissing.get(reader), 'a count') - 1;
        numMissing.set(reader, missing);
        if (missing === 0 && reader.phase === 'update') pending.push(reader);
      }
    }
  };
  for (const node of nodes) if (node.phase !== 'update' || numMissing.get(node) === 0) emit(node);
  return order;
}

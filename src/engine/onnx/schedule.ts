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

/** The nodes in the order in which the runtime runs them, if the file lists them in reverse. */
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
 * Puts the nodes in an order that keeps few values alive. Results are made in the order in which what they need becomes
 * available in a plain forward and backward pass, so that a gradient is used up before the next one is made; everything
 * else is made when it is first needed, as the runtime does it anyway.
 */
export function scheduleGraph(graph: OnnxGraph): OnnxGraph {
  // A node that waits for another may stand before it in the list.
  const sorted = executionOrder(graph.nodes);
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const isResult = (node: OnnxNode) => !node.outputs.some((output) => read.has(output));
  const available = availability(sorted, new Map(graph.nodes.map((node, index) => [node, index])));
  const results = graph.nodes
    .filter(isResult)
    .map((node) => ({ node, time: present(available.get(node), 'a time') }))
    .sort((a, b) => a.time - b.time);
  const inner = graph.nodes.filter((node) => !isResult(node));
  return { ...graph, nodes: executionOrder([...inner, ...results.map(({ node }) => node)]) };
}

/** For each of the sorted nodes the greatest place of a forward or backward node that it needs. */
function availability(nodes: readonly OnnxNode[], places: ReadonlyMap<OnnxNode, number>): Map<OnnxNode, number> {
  const producers = new Map<string, OnnxNode>();
  const times = new Map<OnnxNode, number>();
  nodes.forEach((node) => {
    const index = present(places.get(node), 'a place');
    const operands = node.inputs.map((input) => {
      const producer = producers.get(input);
      return producer ? present(times.get(producer), 'a time') : 0;
    });
    times.set(node, Math.max(0, node.phase === 'update' ? 0 : index, ...operands));
    for (const output of node.outputs) producers.set(output, node);
  });
  return times;
}

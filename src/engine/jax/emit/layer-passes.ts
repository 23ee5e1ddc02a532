import { canonicalJson, type JsonValue, present } from '../../../core/index.ts';
import { formatShape, nodeAt, type Phase, type Program } from '../../../tensor/index.ts';
import { isStatement, literalOf, paddedRowOf, rowOf, sourceOf } from './graph-writer.ts';
import { layerOf } from './layer-scope.ts';

/**
 * Layers that come one after the other in a Program, and which of them are equal. A *visit* is what a Program computes of one layer in
 * one go; a *pass* is a sequence of visits in the order of the layers, or against it. Visits of equal nodes that hang together in
 * equal ways become one loop.
 */

/** Equal iterations over layers. */
export interface Loop {
  /** What the layers are called, such as `blocks`. */
  readonly family: string;
  readonly phase: Phase;
  /** For each iteration its nodes; those of one place correspond. */
  readonly iterations: readonly (readonly number[])[];
  /** The layers come in falling order. */
  readonly isDescending: boolean;
}

/** A layer that is in no loop. */
export interface Visit {
  readonly family: string;
  readonly nodes: readonly number[];
}

/** A statement, a chain of waits in which each has no reader but the next, a loop, or the statements of one layer. */
export type Item =
  | { readonly node: number }
  | { readonly waits: readonly number[] }
  | { readonly loop: Loop }
  | { readonly visit: Visit };

/** The most visits that make up one iteration, for layers that alternate. */
const maxPeriod = 4;

/** The statements of a Program one by one. */
export function straightItems(program: Program): Item[] {
  return withChains(
    program,
    program.nodes.flatMap((_, node) => (isStatement(program, node) ? [{ node }] : [])),
  );
}

/** Items with the waits of a chain as one. */
function withChains(program: Program, items: readonly Item[]): Item[] {
  const numReaders = new Map<number, number>();
  const read = (position: number) => numReaders.set(position, (numReaders.get(position) ?? 0) + 1);
  for (const { inputs } of program.nodes) inputs.forEach(read);
  for (const position of Object.values(program.outputs)) read(position);
  for (const { next } of Object.values(program.state)) read(next);

  const chained: Item[] = [];
  for (const item of items) {
    const last = chained.at(-1);
    const before = last && ('waits' in last ? last.waits : 'node' in last ? [last.node] : undefined);
    const tail = before?.at(-1);
    const isNext =
      'node' in item &&
      before !== undefined &&
      tail !== undefined &&
      nodeAt(program, tail).op === 'after' &&
      nodeAt(program, item.node).op === 'after' &&
      nodeAt(program, item.node).inputs[0] === tail &&
      nodeAt(program, item.node).inputs[1] !== tail &&
      numReaders.get(tail) === 1;
    if (isNext) chained.splice(-1, 1, { waits: [...before, item.node] });
    else chained.push(item);
  }
  return chained;
}

/**
 * The statements of a Program in an order that computes the same, with equal layers as loops.
 *
 * @param hasVisits layers that are like no other come as one item each, not as statements
 */
export function layerItems(program: Program, hasVisits = false): Item[] {
  const order = program.nodes.flatMap((_, position) => (isStatement(program, position) ? [position] : []));
  const tags = tagsOf(program, order);
  const tables = tablesOf(program);
  const items: Item[] = [];
  let done = 0;
  const straight = (to: number) => {
    for (; done < to; done++) items.push({ node: present(order[done], 'a statement') });
  };
  for (let start = 0; start < order.length; start = Math.max(done, start + 1)) {
    if (start < done || tags[start] === undefined) continue;
    const pass = passFrom(tags, start);
    if (pass.starts.length < 2) continue;
    const edges = withEdges(program, order, pass, done);
    straight(edges[0] ?? start);
    const visits = edges.slice(0, -1).map((from, i) => order.slice(from, edges[i + 1]));
    items.push(...passItems(program, visits, pass, tables, hasVisits));
    done = edges.at(-1) ?? start;
  }
  straight(order.length);
  return withChains(program, items);
}

interface Tag {
  readonly family: string;
  readonly number: number;
  readonly phase: Phase;
}

/** The layer that each statement belongs to. */
function tagsOf(program: Program, order: readonly number[]): (Tag | undefined)[] {
  const byPosition = new Map<number, Tag | undefined>();
  const tags: (Tag | undefined)[] = [];
  for (const position of order) {
    const { scope, phase, inputs, op } = nodeAt(program, position);
    const layer = layerOf(scope);
    let tag = layer && op !== 'after' ? { family: layer.family, number: layer.number, phase } : undefined;
    // Gradients of several micro-batches add up outside of any scope.
    const isSum = op === 'add' && inputs[0] !== inputs[1];
    if (!tag && isSum) {
      tag = commonTag(
        inputs.map((input) => byPosition.get(input)),
        phase,
      );
    }
    byPosition.set(position, tag);
    tags.push(tag);
  }
  // What waits for something belongs to what it waits with, wherever the value comes from.
  for (let i = order.length - 2; i >= 0; i--) {
    const { op, phase } = nodeAt(program, present(order[i], 'a statement'));
    if (op === 'after') tags[i] = tags[i + 1]?.phase === phase ? tags[i + 1] : undefined;
  }
  return tags;
}

/** The layer that all operands come from: sums of what one layer gave several times belong to it. */
function commonTag(tags: readonly (Tag | undefined)[], phase: Phase): Tag | undefined {
  const [first] = tags;
  if (!first || tags.some((tag) => tag?.family !== first.family || tag.number !== first.number)) return undefined;
  return { family: first.family, number: first.number, phase };
}

interface Pass {
  readonly family: string;
  readonly phase: Phase;
  readonly isDescending: boolean;
  /** Where in the order the statements of each visit start that carry the layer's tag; others may stand between visits. */
  readonly starts: readonly number[];
  /** Where they end. */
  readonly ends: readonly number[];
}

/** The longest pass that starts with the visit at `start`. */
function passFrom(tags: readonly (Tag | undefined)[], start: number): Pass {
  const first = present(tags[start], 'a tag');
  const [starts, ends] = [[start], [start + 1]];
  let [last, isDescending] = [first.number, false];
  for (let i = start + 1; i < tags.length; i++) {
    const tag = tags[i];
    if (!tag) continue;
    if (tag.family !== first.family || tag.phase !== first.phase) break;
    if (tag.number !== last) {
      if (starts.length > 1 && tag.number < last !== isDescending) break;
      isDescending = tag.number < last;
      last = tag.number;
      starts.push(i);
      ends.push(i);
    }
    ends[ends.length - 1] = i + 1;
  }
  return { family: first.family, phase: first.phase, isDescending, starts, ends };
}

/**
 * Where each visit starts, and where the last one ends, when what stands between two visits is given to one of them: on the way up to
 * the later, as a layer's preparation; on the way down to the earlier, as the gradient of that. At the outer edge of the pass the same
 * statements are looked for, and on the way up brought together.
 */
function withEdges(program: Program, order: number[], pass: Pass, done: number): number[] {
  const { starts, ends, isDescending } = pass;
  const [from, to] = [present(starts[0], 'a start'), present(ends.at(-1), 'an end')];
  const letters = (a: number, b: number) => order.slice(a, b).map((position) => letterOf(program, position));
  const gap = letters(present(ends[0], 'an end'), present(starts[1], 'a start'));
  if (isDescending) {
    const isThere = letters(to, to + gap.length).join() === gap.join();
    return [...starts, isThere ? to + gap.length : to];
  }
  const length = gap.length > 0 && gather(program, order, gap, done, from) ? gap.length : 0;
  return [from - length, ...ends];
}

/** How many statements that are made once may stand among those of the first layer's preparation. */
const maxBetween = 8;

/**
 * Brings the statements with these letters to the end of the range from `start` to `end`, behind others that stand among them. False,
 * and nothing changed, where they are not there or others depend on them.
 */
function gather(program: Program, order: number[], letters: readonly string[], start: number, end: number): boolean {
  const [taken, others]: [number[], number[]] = [[], []];
  let at = end - 1;
  for (; at >= start && taken.length < letters.length && others.length <= maxBetween; at--) {
    const position = present(order[at], 'a statement');
    const isNext = letterOf(program, position) === letters[letters.length - 1 - taken.length];
    (isNext ? taken : others).unshift(position);
  }
  const readsTaken = (position: number) =>
    nodeAt(program, position).inputs.some((input) => taken.includes(sourceOf(program, input)));
  const isApart = !others.some(readsTaken);
  if (taken.length < letters.length || !isApart) return false;
  order.splice(at + 1, end - at - 1, ...others, ...taken);
  return true;
}

/** What a statement is, whatever it is computed from and whichever layer it belongs to. */
function letterOf(program: Program, position: number): string {
  const { op, inputs, attributes, shape, dtype, scope, phase } = nodeAt(program, position);
  const operands = inputs.map((input) => {
    const operand = nodeAt(program, input);
    return `${operand.dtype}${formatShape(operand.shape)}`;
  });
  const place = op === 'after' ? '' : (layerOf(scope)?.rest ?? scope);
  const details = paddedRowOf(program, position) === undefined ? canonicalJson(attributes as JsonValue) : '';
  return [op, details, dtype + formatShape(shape), ...operands, place, phase].join(' ');
}

/** The items of a pass: what all layers share first, then loops, and by themselves the visits that are like no other. */
function passItems(
  program: Program,
  allVisits: readonly (readonly number[])[],
  pass: Pass,
  tables: ReadonlySet<number>,
  hasVisits: boolean,
): Item[] {
  const shared = sharedNodes(program, allVisits, tables);
  const items: Item[] = [...shared].sort((a, b) => a - b).map((node) => ({ node }));
  const visits = allVisits.map((visit) => visit.filter((position) => !shared.has(position)));
  const classes = visits.map((visit) => visit.map((position) => letterOf(program, position)).join('\n'));
  const { family, phase, isDescending } = pass;
  for (let start = 0; start < visits.length; ) {
    let [period, count] = [1, 1];
    for (let candidate = 1; candidate <= maxPeriod; candidate++) {
      const found = repetitions(program, visits, classes, start, candidate);
      if (found > 1 && (count === 1 || found * candidate > count * period)) [period, count] = [candidate, found];
    }
    const taken = visits.slice(start, start + period * count);
    const nodes = taken.flat();
    if (count === 1 && hasVisits && nodes.length > 0) items.push({ visit: { family, nodes } });
    else if (count === 1) items.push(...nodes.map((node) => ({ node })));
    else if (nodes.length > 0) {
      const iterations = Array.from({ length: count }, (_, i) => taken.slice(i * period, (i + 1) * period).flat());
      items.push({ loop: { family, phase, isDescending, iterations } });
    }
    start += period * count;
  }
  return items;
}

/**
 * Nodes that stand in one visit but serve several others too, because equal nodes of a Program are one: masks, tables, factors. With
 * what they are computed from, unless that leads into other visits. Tables, which depend on nothing given, are always among them.
 */
function sharedNodes(
  program: Program,
  visits: readonly (readonly number[])[],
  tables: ReadonlySet<number>,
): Set<number> {
  const visitOf = new Map(visits.flatMap((visit, i) => visit.map((position) => [position, i] as const)));
  const readers = new Map<number, Set<number>>();
  visits.forEach((visit, i) => {
    for (const position of visit) {
      for (const operand of nodeAt(program, position).inputs) {
        const source = sourceOf(program, operand);
        readers.set(source, (readers.get(source) ?? new Set()).add(i));
      }
    }
  });
  const shared = new Set<number>();
  /** The nodes of the pass behind a node, itself included, if all are of its own visit. */
  const ownNodes = (position: number): number[] | undefined => {
    const visit = visitOf.get(position);
    const found = new Set<number>([position]);
    for (const one of found) {
      for (const operand of nodeAt(program, one).inputs) {
        const input = sourceOf(program, operand);
        const other = visitOf.get(input);
        if (other === undefined) continue;
        if (other === visit) found.add(input);
        else if (!shared.has(input)) return undefined;
      }
    }
    return [...found];
  };
  for (const position of visits.flat()) {
    const own = visitOf.get(position) ?? 0;
    const others = [...(readers.get(position) ?? [])].filter((visit) => visit !== own);
    // One neighbour alone may be the next layer, which goes on with what this one made.
    const isShared = others.length > 1 || others.some((visit) => Math.abs(visit - own) > 1);
    if (!isShared && !tables.has(position)) continue;
    for (const node of ownNodes(position) ?? []) shared.add(node);
  }
  return shared;
}

/** What depends on no input and no state. */
function tablesOf(program: Program): ReadonlySet<number> {
  const tables = new Set<number>();
  program.nodes.forEach(({ op, inputs }, position) => {
    if (op !== 'input' && op !== 'state' && inputs.every((input) => tables.has(input))) tables.add(position);
  });
  return tables;
}

/** How many times the `period` visits from `start` follow one another, equal and connected in equal ways. */
function repetitions(
  program: Program,
  visits: readonly (readonly number[])[],
  classes: readonly string[],
  start: number,
  period: number,
): number {
  const iteration = (index: number) => visits.slice(start + index * period, start + (index + 1) * period).flat();
  const places = new Map<number, Connection>();
  let count = 0;
  let pattern: readonly string[] = [];
  for (; start + (count + 1) * period <= visits.length; count++) {
    for (let i = 0; i < period; i++) {
      if (classes[start + count * period + i] !== classes[start + i]) return count;
    }
    const nodes = iteration(count);
    nodes.forEach((position, index) => {
      places.set(position, { iteration: count, index });
    });
    const wiring = nodes.flatMap((position) => connections(program, position, count, places));
    if (wiring.includes(impossible)) return count;
    if (count === 1 && !wiring.every((now, i) => continues(pattern[i], now))) return count;
    if (count > 1 && !wiring.every((now, i) => now === pattern[i])) return count;
    pattern = wiring;
  }
  return count;
}

/** Where in a loop a node stands. */
export interface Connection {
  readonly iteration: number;
  readonly index: number;
}

const outside = 'outside';
const impossible = 'impossible';

/** Where each operand of a node comes from, as seen from its iteration. */
function connections(
  program: Program,
  position: number,
  iteration: number,
  places: ReadonlyMap<number, Connection>,
): string[] {
  return nodeAt(program, position).inputs.map((operand) => {
    if (literalOf(program, operand)) return outside;
    const row = rowOf(program, operand);
    const place = places.get(sourceOf(program, operand));
    if (!place) return outside;
    if (place.iteration === iteration) return `own ${place.index} ${row ?? ''}`;
    return place.iteration === iteration - 1 && row === undefined ? `carried ${place.index}` : impossible;
  });
}

/** True if an operand of the first iteration and that of the second can be one: what is carried comes from outside at first. */
function continues(first: string | undefined, second: string): boolean {
  return first === second || (first === outside && second.startsWith('carried'));
}

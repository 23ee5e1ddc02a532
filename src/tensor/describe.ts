import { present } from '../core/index.ts';
import { dtypeBytes } from './dtype.ts';
import { expandComposites } from './expand.ts';
import { isPrimitive, signatureOf } from './ops/index.ts';
import { hashProgram, nodeAt, type Program, type ProgramNode } from './program.ts';
import type { Phase } from './scope.ts';
import { sizeOf } from './shape.ts';

/** What one scope of a model holds and costs in one step. */
export interface ScopeCost {
  /** Such as `blocks.3.attention`; empty for what stands in no scope. */
  readonly scope: string;
  /** Elements of the parameters that are read here first. */
  readonly numParameters: number;
  /** Floating-point operations by phase. A multiply-add counts two, every other operation one, moving data none. */
  readonly flops: Readonly<Record<Phase, number>>;
  /** Bytes that the nodes of the forward pass write. */
  readonly forwardBytes: number;
}

export interface ProgramDescription {
  readonly hash: string;
  readonly numNodes: number;
  readonly scopes: readonly ScopeCost[];
  readonly total: ScopeCost;
  /** Bytes of all states, once. */
  readonly stateBytes: number;
}

/** What a session will need, as an engine estimates it (`Engine.estimateMemory`). */
export interface DescribedMemory {
  readonly stateBytes: number;
  readonly activationBytes: number;
  readonly peakBytes: number;
}

/** Counts parameters, floating-point operations and bytes of a Program by scope, composites by their definitions. */
export function describeProgram(program: Program): ProgramDescription {
  const expanded = expandComposites(program);
  const scopes = new Map<string, ScopeCost>();
  const add = (scope: string, change: Partial<Omit<ScopeCost, 'scope'>>) => {
    scopes.set(scope, sum(scope, [scopes.get(scope) ?? nothing(scope), { ...nothing(scope), ...change }]));
  };
  for (const node of expanded.nodes) {
    const inputs = node.inputs.map((position) => nodeAt(expanded, position));
    if (!isPrimitive(node.op)) throw new TypeError(`${node.op} was not expanded`);
    const flops = signatureOf(node.op).flops(inputs, node, node.attributes);
    const isLeaf = node.inputs.length === 0;
    add(node.scope, {
      flops: { ...nothing('').flops, [node.phase]: flops },
      forwardBytes: node.phase === 'forward' && !isLeaf ? bytesOf(node) : 0,
    });
  }
  for (const { node, kind } of Object.values(expanded.state)) {
    if (kind !== 'parameter') continue;
    const reader = expanded.nodes.find(({ inputs, phase }) => phase === 'forward' && inputs.includes(node));
    add(reader?.scope ?? '', { numParameters: sizeOf(nodeAt(expanded, node).shape) });
  }
  const found = [...scopes.values()].filter(
    (cost) => Object.values(cost.flops).some((x) => x > 0) || cost.numParameters > 0,
  );
  return {
    hash: hashProgram(program),
    numNodes: program.nodes.length,
    scopes: found,
    total: sum('total', [...scopes.values()]),
    stateBytes: Object.values(program.state).reduce((bytes, { node }) => bytes + bytesOf(nodeAt(program, node)), 0),
  };
}

/**
 * The description as text: a table of parameters, FLOPs and bytes by scope, and what a session needs.
 *
 * @param memory from `engine.estimateMemory(program)`, to add a line on the peak
 */
export function describe(program: Program, memory?: DescribedMemory): string {
  const { hash, numNodes, scopes, total, stateBytes } = describeProgram(program);
  const header = ['scope', 'parameters', 'forward', 'backward', 'update', 'bytes'];
  const row = ({ scope, numParameters, flops, forwardBytes }: ScopeCost) => [
    scope || '(none)',
    numParameters.toLocaleString('en-US'),
    withUnit(flops.forward, 'FLOP'),
    withUnit(flops.backward, 'FLOP'),
    withUnit(flops.update, 'FLOP'),
    withUnit(forwardBytes, 'B'),
  ];
  const rows = [header, ...scopes.map(row), row(total)];
  const widths = header.map((_, column) => Math.max(...rows.map((cells) => present(cells[column], 'a cell').length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const needs = memory
    ? [
        `memory: state ${withUnit(memory.stateBytes, 'B')}, activations ${withUnit(memory.activationBytes, 'B')}, ` +
          `peak of the session ${withUnit(memory.peakBytes, 'B')}`,
      ]
    : [`state: ${withUnit(stateBytes, 'B')}`];
  return [`program ${hash.slice(0, 12)}, ${numNodes} nodes`, ...lines, ...needs].join('\n');
}

function nothing(scope: string): ScopeCost {
  return { scope, numParameters: 0, flops: { forward: 0, backward: 0, update: 0 }, forwardBytes: 0 };
}

function sum(scope: string, costs: readonly ScopeCost[]): ScopeCost {
  return costs.reduce(
    (a, b) => ({
      scope,
      numParameters: a.numParameters + b.numParameters,
      flops: {
        forward: a.flops.forward + b.flops.forward,
        backward: a.flops.backward + b.flops.backward,
        update: a.flops.update + b.flops.update,
      },
      forwardBytes: a.forwardBytes + b.forwardBytes,
    }),
    nothing(scope),
  );
}

function bytesOf({ shape, dtype }: ProgramNode): number {
  return sizeOf(shape) * dtypeBytes[dtype];
}

/** Three digits and a decimal prefix: `12.6 MB`. */
function withUnit(value: number, unit: string): string {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < prefixes.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  return `${step === 0 ? scaled : scaled.toPrecision(3)} ${prefixes[step]}${unit}`;
}

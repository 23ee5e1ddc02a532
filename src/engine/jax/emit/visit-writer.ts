import { nodeAt } from '../../../tensor/index.ts';
import { type GraphWriter, indented, sourceOf } from './graph-writer.ts';
import type { Visit } from './layer-passes.ts';
import { bracketed } from './python-names.ts';

/** Writes a layer that is in no loop as one statement of which nothing is kept for its gradient but what it reads. */
export function writeVisit(writer: GraphWriter, { family, nodes }: Visit): void {
  const name = writer.names.next(`${family.split('.').at(-1)} alone`);
  const start = writer.statements.length;
  for (const position of nodes) writer.writeNode(position);
  const body = writer.statements.splice(start);
  const results = readOutside(writer, nodes).map((position) => writer.operand(position).text);
  const lines = () => [
    '',
    `def ${name}():`,
    ...indented(body, '    '),
    ...bracketed('return ', results).map((line) => `    ${line}`),
    '',
    ...withEnd(bracketed('', results), ` = jax.checkpoint(${name})()`),
  ];
  writer.statements.push({ scope: '', lines });
}

/** Those of these nodes that something else reads. */
function readOutside({ program }: GraphWriter, nodes: readonly number[]): number[] {
  const own = new Set(nodes);
  const read = new Set<number>(Object.values(program.outputs));
  for (const { next } of Object.values(program.state)) read.add(next);
  program.nodes.forEach((_, position) => {
    if (own.has(position)) return;
    for (const input of nodeAt(program, position).inputs) read.add(sourceOf(program, input));
  });
  return nodes.filter((position) => read.has(position));
}

function withEnd(lines: readonly string[], end: string): string[] {
  return lines.map((line, i) => (i === lines.length - 1 ? line + end : line));
}

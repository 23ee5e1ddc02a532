import { assert, present } from '../../../core/index.ts';
import { nodeAt, type Program, verifyProgram } from '../../../tensor/index.ts';
import type { StepParts } from '../../engine.ts';
import { indented } from './graph-writer.ts';
import type { Item } from './layer-passes.ts';
import { layerOf } from './layer-scope.ts';
import { dictionaryText, moduleText, stateFamilies, stateKey } from './module-text.ts';
import { dictionaryPlaces, type EmitOptions, type GraphNames, named, nextState, writeGraph } from './program-text.ts';
import { pythonString, pythonTuple } from './python-names.ts';
import type { FamilyMember } from './stacks.ts';

/** How the update's inputs are called that hold gradients: this and the name of the parameter. */
const gradientPrefix = 'gradient.';

/**
 * A training step as a Python module on JAX that differentiates by itself: the fast form. State, inputs and outputs are those of the
 * Program, and so is what it computes, but for rounding. The module has `loss(parameters, rows)` of one micro-batch,
 * `update(state, gradients, loss, schedule_factor)`, and `step(state, inputs)` made of the two.
 *
 * @param program the whole step, for its names and types
 * @param parts the same step taken apart
 * @throws GroundworkError what `verifyProgram` throws
 */
export function emitTrainingStep(program: Program, parts: StepParts, options: EmitOptions = {}): string {
  for (const one of [program, parts.loss, parts.update]) verifyProgram(one);
  const families = stateFamilies(program);
  const body = [
    lossText(parts, families, options),
    updateText(parts.update, families, options),
    stepText(program, parts),
  ].join('\n\n\n');
  return moduleText(program, options.title ?? 'A Groundwork training step.', body, true);
}

type Families = ReadonlyMap<string, FamilyMember>;

function lossText({ loss, recompute }: StepParts, families: Families, options: EmitOptions): string {
  const { writer, items, lines } = writeGraph(
    loss,
    { state: 'parameters', families, input: (name) => named(`rows[${pythonString(name)}]`) },
    { ...options, recompute, isDifferentiated: true },
  );
  const result = writer.operand(present(loss.outputs.loss, 'the output loss')).text;
  const head = ['def loss(parameters, rows):', '    """The share of one micro-batch in the loss of the step."""'];
  const last = lastProduct(loss, items);
  if (last === undefined) return [...head, ...lines(), `    return ${result}`].join('\n');

  assert(writer.statements.length === items.length, 'each item is one statement');
  const product = writer.operand(last.position).text;
  const name = writer.names.next(`after ${product}`);
  return [
    ...head,
    ...indented(writer.statements.slice(0, last.index + 1), '    '),
    '',
    `    def ${name}(${product}, rows):`,
    '        """From the logits to the loss. The backward pass computes it again, so that only the product is kept."""',
    ...indented(writer.statements.slice(last.index + 1), '        '),
    `        return ${result}`,
    '',
    `    return jax.checkpoint(${name})(${product}, rows)`,
  ].join('\n');
}

/**
 * The matrix product behind which no other comes, and no loop: that of the head, whose result is far the largest array of a step. What
 * follows, up to the loss, is elementwise or nearly so. Undefined if the loss is not made in this way.
 */
function lastProduct(loss: Program, items: readonly Item[]): { position: number; index: number } | undefined {
  const isCostly = (item: Item) => !('node' in item) || ['matmul', 'attention'].includes(nodeAt(loss, item.node).op);
  const index = items.findLastIndex(isCostly);
  const item = items[index];
  if (!item || !('node' in item) || index === items.length - 1) return undefined;
  const { op, scope } = nodeAt(loss, item.node);
  return op === 'matmul' && layerOf(scope) === undefined ? { position: item.node, index } : undefined;
}

function updateText(update: Program, families: Families, options: EmitOptions): string {
  const gradientOf = dictionaryPlaces('gradients', families);
  const names: GraphNames = {
    state: 'state',
    families,
    input: (name) => {
      if (name.startsWith(gradientPrefix)) return gradientOf(name.slice(gradientPrefix.length));
      return named(name === 'scheduleFactor' ? 'schedule_factor' : present({ loss: 'loss' }[name], name));
    },
  };
  const { writer, lines } = writeGraph(update, names, options);
  const next = nextState(update, writer, names);
  const outputs = Object.entries(update.outputs).map(
    ([name, position]) => [name, writer.operand(position).text] as const,
  );
  return [
    'def update(state, gradients, loss, schedule_factor):',
    '    """What parameters and optimizer become, and what is to be told of it."""',
    ...lines(),
    '    return (',
    ...dictionaryText(next, '        '),
    ...dictionaryText(new Map(outputs), '        '),
    '    )',
  ].join('\n');
}

/** The step: micro-batches one after the other, their losses and gradients added up, then the update. */
function stepText(program: Program, { loss, update, microBatchSize, numMicroBatches }: StepParts): string {
  const rowNames = Object.keys(loss.inputs).filter((name) => name !== 'totalWeight');
  const outputNames = Object.keys(program.outputs);
  for (const name of outputNames) {
    assert(name === 'loss' || update.outputs[name] !== undefined, `no part of the step gives the output ${name}`);
  }
  const families = stateFamilies(program);
  const covered = new Set(Object.keys(update.state).map((name) => stateKey(name, families)));
  const missing = Object.keys(program.state).filter((name) => !covered.has(stateKey(name, families)));
  assert(missing.length === 0, `the update leaves out the states ${missing.join(', ')}`);
  const [, contextLength = 1] = nodeAt(program, present(program.inputs.tokens, 'the input tokens')).shape;
  const outputs = new Map(
    outputNames.map((name) => [name, name === 'loss' ? 'total' : `outputs[${pythonString(name)}]`]),
  );
  const quoted = pythonTuple(rowNames.map(pythonString));
  return [
    'def step(state, inputs):',
    '    """(state, inputs) to (next state, outputs), dictionaries by the names of the tables above."""',
    '    parameters = {name: state[name] for name, (_, _, kind) in STATE.items() if kind == "parameter"}',
    '    total_weight = jnp.sum(inputs["weights"])',
    '',
    '    def gradients_of(rows):',
    '        rows = {name: shard_rows(x) for name, x in rows.items()}',
    '        return jax.value_and_grad(loss)(parameters, {**rows, "totalWeight": total_weight})',
    '',
    ...(numMicroBatches === 1
      ? [`    total, gradients = gradients_of({name: inputs[name] for name in ${quoted}})`]
      : [
          '    def micro_batch(sums, rows):',
          '        return jax.tree.map(jnp.add, sums, gradients_of(rows)), None',
          '',
          `    shape = ${pythonTuple([numMicroBatches, microBatchSize, contextLength])}`,
          `    rows = {name: inputs[name].reshape(shape) for name in ${quoted}}`,
          '    zeros = (jnp.float32(0.0), jax.tree.map(jnp.zeros_like, parameters))',
          '    (total, gradients), _ = jax.lax.scan(micro_batch, zeros, rows)',
        ]),
    '    next_state, outputs = update(state, gradients, total, inputs["scheduleFactor"])',
    '    return (',
    '        next_state,',
    ...dictionaryText(outputs, '        '),
    '    )',
  ].join('\n');
}

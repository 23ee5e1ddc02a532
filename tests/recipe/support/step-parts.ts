import { present } from '../../../src/core/index.ts';
import {
  type Engine,
  type NumericData,
  referenceEngine,
  type Session,
  type StepParts,
} from '../../../src/engine/index.ts';
import type { Tensors } from '../../../src/model/index.ts';
import { copyNode, gradient, nodeAt, type Program, type Tensor, trace } from '../../../src/tensor/index.ts';

/** A loss as a Program that also gives its gradient by each parameter, as `gradient.NAME`. */
export function withGradients(program: Program): Program {
  const specsOf = (positions: { readonly [name: string]: number }) =>
    Object.fromEntries(Object.entries(positions).map(([name, position]) => [name, nodeAt(program, position)]));
  const states = Object.fromEntries(Object.entries(program.state).map(([name, { node }]) => [name, node]));
  return trace(
    (given: Tensors, values: Tensors) => {
      const made: Tensor[] = [];
      for (const node of program.nodes) {
        const { name } = node.attributes;
        const leaves = node.op === 'input' ? given : node.op === 'state' ? values : undefined;
        const operands = node.inputs.map((position) => present(made[position], 'an operand'));
        made.push(leaves ? present(leaves[String(name)], 'a leaf') : copyNode(node, operands));
      }
      const loss = present(made[program.outputs.loss ?? -1], 'the loss');
      const names = Object.keys(states);
      const gradients = gradient(
        loss,
        names.map((name) => present(values[name], name)),
      );
      return {
        outputs: { loss, ...Object.fromEntries(names.map((name, i) => [`gradient.${name}`, gradients[i] as Tensor])) },
      };
    },
    { inputs: specsOf(program.inputs), state: specsOf(states) },
  );
}

type Arrays = { readonly [name: string]: NumericData };

/** Trains a step by its parts, as an engine that differentiates by itself does, in the float64 of the reference engine. */
export class PartsSession {
  private constructor(
    private readonly parts: StepParts,
    private readonly loss: Session,
    private readonly update: Session,
  ) {}

  static async open(parts: StepParts, engine: Engine = referenceEngine()): Promise<PartsSession> {
    return new PartsSession(parts, await engine.load(withGradients(parts.loss)), await engine.load(parts.update));
  }

  /** Outputs of a step, with the gradients of the whole step beside them. */
  async run({ scheduleFactor, ...rows }: Arrays): Promise<Arrays> {
    const { microBatchSize, numMicroBatches } = this.parts;
    const totalWeight = Float64Array.of([...(rows.weights ?? [])].reduce((sum, x) => sum + x, 0));
    const total: { [name: string]: Float64Array } = {};
    for (let index = 0; index < numMicroBatches; index++) {
      const part = Object.entries(rows).map(([name, data]) => {
        const size = data.length / numMicroBatches;
        return [name, data.slice(index * size, (index + 1) * size)] as const;
      });
      const found = await this.loss.run({ ...Object.fromEntries(part), totalWeight });
      for (const [name, data] of Object.entries(found)) {
        const before = total[name];
        total[name] = Float64Array.from(data, (x, i) => x + (before?.[i] ?? 0));
      }
    }
    if (nodeAt(this.loss.program, this.loss.program.inputs.tokens ?? -1).shape[0] !== microBatchSize) {
      throw new RangeError('the loss is not that of one micro-batch');
    }
    const outputs = await this.update.run({ ...total, scheduleFactor: scheduleFactor ?? Float64Array.of(1) });
    for (const name of Object.keys(this.loss.program.state)) await this.loss.set(name, await this.update.get(name));
    return { ...total, ...outputs };
  }

  async set(name: string, data: NumericData): Promise<void> {
    await this.update.set(name, data);
    if (name in this.loss.program.state) await this.loss.set(name, data);
  }

  get(name: string): Promise<NumericData> {
    return this.update.get(name);
  }

  async close(): Promise<void> {
    await this.loss.close();
    await this.update.close();
  }
}

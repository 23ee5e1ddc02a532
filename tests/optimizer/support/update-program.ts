import type { NumericData, Session } from '../../../src/engine/index.ts';
import {
  type OptimizerSpec,
  optimizerState,
  type TrainedParameter,
  updateParameters,
} from '../../../src/optimizer/index.ts';
import { type InputSpec, type Program, type StateSpec, type Tensor, trace } from '../../../src/tensor/index.ts';

export type Parameters = { readonly [name: string]: TrainedParameter };

/** An update alone: gradients and loss come in as inputs `gradient.NAME` and `loss`. */
export function updateProgram(optimizer: OptimizerSpec, parameters: Parameters): Program {
  const names = Object.keys(parameters);
  const inputs: Record<string, InputSpec> = { loss: { shape: [] }, scheduleFactor: { shape: [] } };
  const state: Record<string, StateSpec> = { ...optimizerState(optimizer, parameters) };
  for (const name of names) {
    inputs[`gradient.${name}`] = { shape: parameters[name]?.shape ?? [] };
    state[name] = { shape: parameters[name]?.shape ?? [] };
  }
  return trace(
    (given: { readonly [name: string]: Tensor }, values: { readonly [name: string]: Tensor }) => {
      const input = (name: string): Tensor => {
        const found = given[name];
        if (!found) throw new RangeError(`there is no input ${name}`);
        return found;
      };
      const { next, gradientNorm, isApplied } = updateParameters({
        optimizer,
        parameters,
        values,
        gradients: Object.fromEntries(names.map((name) => [name, input(`gradient.${name}`)])),
        loss: input('loss'),
        scheduleFactor: input('scheduleFactor'),
      });
      return { outputs: { gradientNorm, isApplied }, state: next };
    },
    { inputs, state },
  );
}

/** Every state of a session. */
export async function statesOf(session: Session): Promise<Map<string, NumericData>> {
  const states = new Map<string, NumericData>();
  for (const name of Object.keys(session.program.state)) states.set(name, await session.get(name));
  return states;
}

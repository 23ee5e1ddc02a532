import { sha256Hex } from '../../src/core/index.ts';
import { type NumericData, onnxEngine, type Session } from '../../src/engine/index.ts';
import { hashProgram, type Program } from '../../src/tensor/index.ts';
import { setParameters, smallBatch, smallTrainingStep } from './small-gpt.ts';

/** Everything that a training leaves behind, by hash: equal hashes mean equal bits. */
export interface TrainingHashes {
  readonly program: string;
  readonly losses: string;
  readonly state: string;
}

/** A step of a GPT large enough that the kernels share their work among threads. */
export function sharedTrainingStep(kind: 'adamw' | 'muon'): Program {
  const size = { vocabularySize: 64, width: 64, numHeads: 4, contextLength: 32, batchSize: 4, hiddenWidth: 128 };
  return smallTrainingStep(size, { kind });
}

/** Trains from step `from` to `to`, each step on a batch of its own, and returns the hashes of the losses. */
export async function train(session: Session, from: number, to: number): Promise<string[]> {
  const losses: string[] = [];
  for (let step = from; step < to; step++) {
    const { loss } = await session.run(smallBatch(session.program, step));
    losses.push(hashOf(loss ?? new Float32Array()));
  }
  return losses;
}

export async function stateHash(session: Session): Promise<string> {
  const hashes: string[] = [];
  for (const name of Object.keys(session.program.state).sort())
    hashes.push(`${name} ${hashOf(await session.get(name))}`);
  return sha256Hex(hashes.join('\n'));
}

function hashOf(data: NumericData): string {
  return sha256Hex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Five steps in a new session. */
export async function trainingHashes(kind: 'adamw' | 'muon', numThreads: number): Promise<TrainingHashes> {
  const program = sharedTrainingStep(kind);
  const session = await (await onnxEngine('cpu', { numThreads })).load(program);
  await setParameters(session, 1);
  const losses = sha256Hex((await train(session, 0, 5)).join());
  const state = await stateHash(session);
  await session.close();
  return { program: hashProgram(program), losses, state };
}

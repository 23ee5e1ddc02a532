import { GroundworkError } from '../../core/index.ts';
import { JaxFault } from './jax-process.ts';

/** Turns what JAX threw into an error of ours. */
export function translateFault(cause: unknown, name: string): GroundworkError {
  if (cause instanceof GroundworkError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof JaxFault && cause.kind === 'out-of-memory') {
    return new GroundworkError('out-of-memory', `${name} could not get memory: ${text}`, {
      hint: 'Make the batch, the context or the model smaller, or recompute activations by --recompute.',
      cause,
    });
  }
  return new GroundworkError('engine-failure', `${name} failed: ${text}`, {
    hint: 'Check the versions of JAX and its drivers by `groundwork doctor`; then report it with the Program.',
    cause,
  });
}

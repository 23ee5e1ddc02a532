import { GroundworkError } from '../../core/index.ts';

/** Turns an exception of ONNX Runtime into ours, naming the op and the scope that it happened in. */
export function translateFailure(cause: unknown, provider: string): GroundworkError {
  if (cause instanceof GroundworkError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  // Node names are written by `nodeName`: index|operator|scope.
  const [, operator, scope] = /'\d+\|([^|']*)\|([^']*)'/.exec(text) ?? [];
  const where = operator ? `the operator ${operator}` : 'ONNX Runtime';
  if (
    /bad_alloc|[Ff]ailed to allocate|out of memory|OutOfMemory|Array buffer allocation|not enough memory/.test(text)
  ) {
    return new GroundworkError('out-of-memory', `${where} on ${provider} could not get memory: ${firstLine(text)}`, {
      hint: 'Make the batch, the context or the model smaller, or recompute activations; describe() shows the need.',
      ...(scope ? { scope } : {}),
      cause,
    });
  }
  if (
    /execution provider|EP fallback|adapter|backend not found|no available backend|wgpu|Vulkan/i.test(text) &&
    !operator
  ) {
    return new GroundworkError('provider-unavailable', `the provider ${provider} cannot run here: ${firstLine(text)}`, {
      hint: `Run "groundwork probe" to see what this machine has, or use the provider 'cpu'.`,
      cause,
    });
  }
  if (/Could not find an implementation|NOT_IMPLEMENTED|Kernel not found/.test(text)) {
    return new GroundworkError('unsupported-op', `the provider ${provider} does not run ${where}: ${firstLine(text)}`, {
      hint: 'Use another provider, or report the op: every op of the table should run on every provider.',
      ...(scope ? { scope } : {}),
      cause,
    });
  }
  return new GroundworkError('engine-failure', `${where} on ${provider} failed: ${firstLine(text)}`, {
    hint: 'Check the data first (token ids and targets in range); then report it with the Program.',
    ...(scope ? { scope } : {}),
    cause,
  });
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.trim() ?? text;
}

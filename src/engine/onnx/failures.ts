import { GroundworkError } from '../../core/index.ts';
import type { Provider } from './runtime.ts';

// What the providers write. Each line says who: the wordings are no contract, so tests/engine/provider-failures.test.ts
// provokes one of each kind.
const memoryFailures = [
  /bad_alloc|[Ff]ailed to allocate|out of memory|OutOfMemory|not enough memory/, // cpu, webgpu
  /Array buffer allocation|could not allocate|Tensor shape is too large|\bOOM\b/, // wasm, whose memory ends at 4 GB
  /narrowing_error|[Aa]llocation size too large|max(Storage)?Buffer(Binding)?Size/, // webgpu: above 4 GB or the device's limit
];
const operatorFailures = [
  /assigned to the default CPU EP/, // webgpu
  /No Op registered|not a registered function|Could not find an implementation|NOT_IMPLEMENTED|Kernel not found/,
];
const providerFailures = [
  /WebGPU adapter|requestAdapter|WebGPU is not supported|Vulkan/i, // webgpu
  /execution provider|backend not found|no available backend|not bundled/i,
];

const providerHints: { readonly [Name in Provider]: string } = {
  cpu: "Use the provider 'wasm', which runs on every platform.",
  wasm: "Use the provider 'cpu', or a runtime with WebAssembly SIMD.",
  webgpu:
    'WebGPU needs a graphics driver: Vulkan with its loader on Linux (apt-get install libvulkan1 mesa-vulkan-drivers), ' +
    "Direct3D 12 or Metal elsewhere. The providers 'cpu' and 'wasm' run everywhere.",
};

/** Turns an exception of ONNX Runtime into ours, naming the op and the scope that it happened in. */
export function translateFailure(cause: unknown, provider: Provider): GroundworkError {
  if (cause instanceof GroundworkError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  // Node names are written by `nodeName`: index|operator|scope.
  const [, operator, scope] = /['"]\d+\|([^|'"]*)\|([^'"]*)['"]/.exec(text) ?? [];
  const where = operator ? `the operator ${operator}` : 'ONNX Runtime';
  const isOneOf = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(text));
  const details = { ...(scope ? { scope } : {}), cause };
  if (isOneOf(memoryFailures)) {
    return new GroundworkError('out-of-memory', `${where} on ${provider} could not get memory: ${firstLine(text)}`, {
      hint: 'Make the batch, the context or the model smaller, or recompute activations; describe() shows the need.',
      ...details,
    });
  }
  if (isOneOf(operatorFailures)) {
    const what = operator ? `the operator ${operator}` : 'an operator of this Program';
    return new GroundworkError('unsupported-op', `${provider} does not run ${what}: ${firstLine(text)}`, {
      hint: 'Use another provider, and report the Program: every op of the language should run on every provider.',
      ...details,
    });
  }
  if (!operator && isOneOf(providerFailures)) {
    return new GroundworkError('provider-unavailable', `the provider ${provider} cannot run here: ${firstLine(text)}`, {
      hint: providerHints[provider],
      cause,
    });
  }
  return new GroundworkError('engine-failure', `${where} on ${provider} failed: ${firstLine(text)}`, {
    hint: 'Check the data first (token ids and targets in range); then report it with the Program.',
    ...details,
  });
}

/** What a person can read of a message: no source lines and signatures of C++ in front, no stack behind. */
function firstLine(text: string): string {
  const line = text.split('\n')[0]?.trim() ?? text;
  return line.replace(/^.*?\/onnxruntime\/core\/.* was false\. /, '');
}

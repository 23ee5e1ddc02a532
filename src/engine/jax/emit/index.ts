// emit/: Programs as Python text for JAX.
export { type EmitOptions, emitProgram } from './program-text.ts';
export { jaxNames } from './python-names.ts';
export { emitTrainingStep } from './training-step-text.ts';

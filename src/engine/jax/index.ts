// engine/jax/: Programs as Python for JAX, and an engine that runs them in a process of Python.
export { type EmitOptions, emitProgram, emitTrainingStep, jaxNames } from './emit/index.ts';
export { type JaxEngine, type JaxEngineOptions, type JaxRuntime, jaxEngine } from './jax-engine.ts';
export type { JaxMemory, JaxSession } from './jax-session.ts';
export { findJaxPython, isSupportedJax, type JaxPython, jaxWindow, type PythonSearch, pythonFolder } from './python.ts';

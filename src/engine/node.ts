// engine/: the engine on JAX, which needs a process of Python beside Node. Browsers have the rest of the room.
export {
  findJaxPython,
  isSupportedJax,
  type JaxEngine,
  type JaxEngineOptions,
  type JaxMemory,
  type JaxPython,
  type JaxRuntime,
  type JaxSession,
  jaxEngine,
  jaxWindow,
  type PythonSearch,
  pythonFolder,
} from './jax/index.ts';

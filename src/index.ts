// Groundwork as a library: the language and the engines. Each room is also an entry point of its own.
export * from './core/index.ts';
export * from './engine/index.ts';
export * from './tensor/index.ts';

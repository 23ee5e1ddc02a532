// Groundwork as a library for browsers: the names of index.ts with nothing from Node behind them.
export * from './core/index.ts';
export * from './engine/browser.ts';
export * from './tensor/index.ts';

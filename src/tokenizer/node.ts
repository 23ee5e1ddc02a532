// tokenizer/: the part that needs Node: reading files, training with worker threads. Browsers take index.ts alone.
export { type ParallelTrainingOptions, trainTokenizerInParallel } from './parallel-trainer.ts';
export { readTokenizer } from './tokenizer-file.ts';

// tokenizer/: the part that needs Node: reading files, training with worker threads. Browsers take index.ts alone.
export { isPeerName, type PeerName, peerNames, readPeer, readPeers } from './inspection/peers.ts';
export { type ParallelTrainingOptions, trainTokenizerInParallel } from './parallel-trainer.ts';
export { readTokenizer } from './tokenizer-file.ts';

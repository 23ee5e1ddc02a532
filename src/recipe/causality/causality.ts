// recipe/causality/: two checks that logits at position t of a row depend on tokens of that row up to t only: a proof that follows every
// value through the graph, and a probe that changes tokens and looks.
export { type ForwardNames, parameterBound } from './interpretation.ts';
export { findLeak, type Leak, type LeakStep } from './leak.ts';
export { type ProbedLeak, type ProbeOptions, probeForLeaks, requireNoLeakInProbe } from './probe.ts';
export { leakError, requireCausal } from './proof.ts';
export { requireSameForward } from './same-forward.ts';
export { graphDifference, sameGraph } from './same-graph.ts';

// training/: a budget becomes a plan, a plan a run: the loop, events, checkpoints, resume, report.
export {};

#!/usr/bin/env node
import { exitCodes } from '../core/index.ts';
import { runCommandLine } from './command-line.ts';

const { stdout, stderr, stdin } = process;

/** A signal that is aborted when the person or the system asks to stop. From then on the process no longer ends by itself. */
let stopping: AbortController | undefined;
function stopSignal(): AbortSignal {
  if (stopping) return stopping.signal;
  const controller = new AbortController();
  stopping = controller;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second one means now.
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

// Whoever reads the results may stop reading, as `head` does.
stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code !== 'EPIPE') throw fault;
  process.exit(exitCodes.success);
});

let hasLiveLine = false;
const eraseLine = '\r\x1b[K';
const erased = (): string => {
  const text = hasLiveLine ? eraseLine : '';
  hasLiveLine = false;
  return text;
};

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => {
    stderr.write(erased());
    stdout.write(`${text}\n`);
  },
  error: (text) => stderr.write(`${erased()}${text}\n`),
  ...(stderr.isTTY && {
    live: (line) => {
      stderr.write(`${erased()}${line.slice(0, stderr.columns - 1)}`);
      hasLiveLine = line !== '';
    },
  }),
  hasColor: stdout.isTTY && process.env.NO_COLOR === undefined,
  get input() {
    return stdin;
  },
  // Only a command that asks for it can stop in good order; the others end at once, as processes do.
  get signal() {
    return stopSignal();
  },
});
// Input that was not read to its end would keep the process alive.
if (stopping?.signal.aborted) stdin.destroy();

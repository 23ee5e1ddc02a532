#!/usr/bin/env node
import { exitCodes } from '../core/index.ts';
import { runCommandLine } from './command-line.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one means now.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort(signal);
  });
}

const { stdout, stderr, stdin } = process;
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
  input: stdin,
  signal: stop.signal,
});

#!/usr/bin/env node
import { exitCodes } from '../core/index.ts';
import { runCommandLine } from './command-line.ts';
import { LiveArea } from './live-area.ts';

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
      if (controller.signal.aborted) {
        area.leave();
        process.exit(exitCodes.interrupted);
      }
      controller.abort(signal);
    });
  }
  return controller.signal;
}

// Whoever reads the results may stop reading, as `head` does. Commands that train write theirs when all is saved.
stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code === 'EPIPE') process.exit(exitCodes.success);
  tell(`groundwork: file-access: the results could not be written: ${fault.message}\nhint: Look at where they go.\n`);
  process.exit(exitCodes.resources);
});
// What is told beside the results may find no reader. That is no reason to end a training.
let isTold = true;
stderr.on('error', () => {
  isTold = false;
});
function tell(text: string): void {
  if (isTold) stderr.write(text);
}

const isTerminal = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && process.env.TERM !== 'dumb';
const mayColor = (stream: NodeJS.WriteStream): boolean => isTerminal(stream) && !process.env.NO_COLOR;

const columns = () => stderr.columns || 80;
const rows = () => stderr.rows || 24;
const area = new LiveArea({ write: tell, columns, rows });

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => {
    area.erase();
    stdout.write(`${text}\n`);
  },
  stream: (text) => {
    area.erase();
    stdout.write(text);
  },
  error: (text) => area.print(text),
  ...(isTerminal(stderr) && { live: (lines) => area.draw(lines) }),
  columns,
  rows,
  hasColor: mayColor(stdout),
  hasLiveColor: mayColor(stderr),
  ...(stdin.isTTY === true && isTerminal(stdout) && { promptOutput: stdout }),
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

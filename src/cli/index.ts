// cli/: the command line. One file a command; no logic of its own.
export { runCommandLine } from './command-line.ts';

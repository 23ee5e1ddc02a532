import { exitCodes, GroundworkError } from '../core/index.ts';
import { probeCommand } from './probe.ts';

/** Where a command writes: results to `out`, everything else to `error`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<void>;
}

const commands: ReadonlyMap<string, Command> = new Map([['probe', probeCommand]]);

const help = `groundwork: a pre-training lab in TypeScript

usage: groundwork COMMAND [OPTIONS]

commands:
${[...commands].map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

"groundwork COMMAND --help" explains one. Exit codes: 0 success, 1 a fault of ours, 2 wrong usage, 3 a Program that
breaks a rule, 4 an engine that is absent or failed, 5 memory, disk or a file is not to be had, 6 text, a tokenizer or a
dataset that cannot be used as it is, 7 stopped by a signal.`;

/**
 * Runs one command.
 *
 * @param args what stands after the name of the program
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    terminal.out(help);
    return name === undefined ? exitCodes.usage : exitCodes.success;
  }
  const command = commands.get(name);
  if (!command) {
    terminal.error(`groundwork: there is no command "${name}"\nhint: ${[...commands.keys()].join(', ')}; or --help`);
    return exitCodes.usage;
  }
  if (rest.includes('--help')) {
    terminal.out(command.help);
    return exitCodes.success;
  }
  try {
    await command.run(rest, terminal);
    return exitCodes.success;
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    terminal.error(`groundwork: ${fault.code}: ${fault.message}\nhint: ${fault.hint}`);
    return fault.exitCode;
  }
}

import type { Readable, Writable } from 'node:stream';
import { exitCodes, GroundworkError } from '../core/index.ts';
import { groundworkVersion } from './version.ts';

/** What a command has around it: where it writes and reads, and how it is told to stop. */
export interface Terminal {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly error: (text: string) => void;
  /** Shows lines that the next ones replace, `` to remove them; absent where nobody watches. What `error` says goes above. */
  readonly live?: (lines: string) => void;
  /** Cells of the window that shows `live`, side by side; 80 where it is not known. */
  readonly columns?: () => number;
  /** Lines of that window; 24 where it is not known. */
  readonly rows?: () => number;
  /** Whether results may be coloured. */
  readonly hasColor?: boolean;
  /** Whether what `live` and `error` show may be coloured. */
  readonly hasLiveColor?: boolean;
  /** Writes a part of a result, without a line feed; through `out` where it is absent. */
  readonly stream?: (text: string) => void;
  /** Where a line editor shows what is typed; present where a person types the input. */
  readonly promptOutput?: Writable;
  /** Standard input; that of the process where it is absent. */
  readonly input?: Readable;
  /** Aborted when a signal asks the command to stop. */
  readonly signal?: AbortSignal;
}

export interface Command {
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<void>;
}

/** A command in the list of commands. What it needs is loaded when it is called: engines and parsers take their time. */
interface CommandEntry {
  /** One line for the list. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const commands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  [
    'bundle',
    {
      summary: 'write all that a training needs on accelerators and clusters',
      load: async () => (await import('./bundle.ts')).bundleCommand,
    },
  ],
  [
    'chat',
    { summary: 'write together with a trained model', load: async () => (await import('./chat.ts')).chatCommand },
  ],
  [
    'compare',
    {
      summary: 'say whether a recipe is better than another, and how sure that is',
      load: async () => (await import('./compare.ts')).compareCommand,
    },
  ],
  [
    'data build',
    {
      summary: 'clean, deduplicate, split and tokenize text into a dataset',
      load: async () => (await import('./data-build.ts')).dataBuildCommand,
    },
  ],
  [
    'data demo',
    {
      summary: 'build a dataset from a corpus that installs by itself',
      load: async () => (await import('./data-demo.ts')).dataDemoCommand,
    },
  ],
  [
    'data inspect',
    {
      summary: 'show what is in a dataset and what was removed from it',
      load: async () => (await import('./data-inspect.ts')).dataInspectCommand,
    },
  ],
  [
    'data verify',
    {
      summary: 'check every file of a dataset against its manifest',
      load: async () => (await import('./data-verify.ts')).dataVerifyCommand,
    },
  ],
  [
    'doctor',
    {
      summary: 'show what this machine has to train with, and what is missing',
      load: async () => (await import('./doctor.ts')).doctorCommand,
    },
  ],
  ['eval', { summary: 'measure a trained model', load: async () => (await import('./eval.ts')).evalCommand }],
  [
    'forecast',
    {
      summary: 'say what a training will reach and cost, before anything runs',
      load: async () => (await import('./forecast.ts')).forecastCommand,
    },
  ],
  [
    'ladder',
    {
      summary: 'train at several scales and fit a scaling law',
      load: async () => (await import('./ladder.ts')).ladderCommand,
    },
  ],
  [
    'laws fit',
    {
      summary: 'fit a scaling law to a table of trainings of your own',
      load: async () => (await import('./laws-fit.ts')).lawsFitCommand,
    },
  ],
  [
    'pretrain',
    {
      summary: 'train a base model within a budget of time, compute or tokens',
      load: async () => (await import('./pretrain.ts')).pretrainCommand,
    },
  ],
  [
    'probe',
    {
      summary: 'show which engines this machine has and how fast they are',
      load: async () => (await import('./probe.ts')).probeCommand,
    },
  ],
  ['pull', { summary: 'take the run of a bundle back', load: async () => (await import('./pull.ts')).pullCommand }],
  [
    'report',
    { summary: 'write the report of a run as a page', load: async () => (await import('./report.ts')).reportCommand },
  ],
  [
    'resume',
    { summary: 'go on with a run that was stopped', load: async () => (await import('./resume.ts')).resumeCommand },
  ],
  [
    'runs compare',
    {
      summary: 'show in what runs differ, and by how many bits per byte',
      load: async () => (await import('./runs-compare.ts')).runsCompareCommand,
    },
  ],
  [
    'runs delete',
    {
      summary: 'delete runs with all they hold',
      load: async () => (await import('./runs-delete.ts')).runsDeleteCommand,
    },
  ],
  [
    'runs list',
    { summary: 'list the runs that there are', load: async () => (await import('./runs-list.ts')).runsListCommand },
  ],
  [
    'runs show',
    { summary: 'show what is known of one run', load: async () => (await import('./runs-show.ts')).runsShowCommand },
  ],
  [
    'runs verify',
    {
      summary: 'check every file of a run against its records',
      load: async () => (await import('./runs-verify.ts')).runsVerifyCommand,
    },
  ],
  [
    'sample',
    { summary: 'let a trained model continue a text', load: async () => (await import('./sample.ts')).sampleCommand },
  ],
  [
    'tokenizer encode',
    {
      summary: 'show how a tokenizer cuts a text, with ids and counts',
      load: async () => (await import('./tokenizer-encode.ts')).tokenizerEncodeCommand,
    },
  ],
  [
    'tokenizer inspect',
    {
      summary: 'show a vocabulary: compression beside others, longest and unused tokens',
      load: async () => (await import('./tokenizer-inspect.ts')).tokenizerInspectCommand,
    },
  ],
  [
    'tokenizer train',
    {
      summary: 'learn a vocabulary from text and write it as tokenizer.json',
      load: async () => (await import('./tokenizer-train.ts')).tokenizerTrainCommand,
    },
  ],
]);

/** Groups that do something without a second word. */
const groupDefaults: ReadonlyMap<string, string> = new Map([['runs', 'list']]);

const help = `groundwork: a pre-training lab in TypeScript

usage: groundwork COMMAND [OPTIONS]

New here? "groundwork pretrain" trains a model on speeches of presidents in five minutes, "groundwork doctor" looks at this machine.

commands:
${summaries()}

"groundwork COMMAND --help" explains one, "groundwork --version" tells the version. Exit codes: 0 success, 1 a fault of
ours, 2 wrong usage, 3 a Program that breaks a rule, 4 an engine that is absent or failed, 5 memory, disk or a file is not
to be had, 6 text, a tokenizer, a dataset or a run that cannot be used as it is, 7 stopped by a signal, 8 a run whose loss left for
good.`;

/** The list of commands whose names begin with `prefix`. */
function summaries(prefix = ''): string {
  const chosen = [...commands].filter(([name]) => name.startsWith(prefix));
  return chosen.map(([name, { summary }]) => `  ${name.padEnd(18)} ${summary}`).join('\n');
}

/**
 * Runs one command.
 *
 * @param args what stands after the name of the program
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, second] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    terminal.out(help);
    return name === undefined ? exitCodes.usage : exitCodes.success;
  }
  if (name === '--version') {
    terminal.out(groundworkVersion());
    return exitCodes.success;
  }
  const isGroup = [...commands.keys()].some((key) => key.startsWith(`${name} `));
  const byDefault = groupDefaults.get(name);
  if (byDefault !== undefined && second !== '--help' && (second === undefined || second.startsWith('--'))) {
    return runCommandLine([name, byDefault, ...args.slice(1)], terminal);
  }
  if (isGroup && (second === undefined || second === '--help')) {
    terminal.out(`usage: groundwork ${name} COMMAND [OPTIONS]\n\n${summaries(`${name} `)}`);
    return second === undefined ? exitCodes.usage : exitCodes.success;
  }
  const fullName = isGroup ? `${name} ${second}` : name;
  const entry = commands.get(fullName);
  if (!entry) {
    const known = [...commands.keys()].filter((key) => !isGroup || key.startsWith(`${name} `)).join(', ');
    terminal.error(`groundwork: there is no command "${fullName}"\nhint: ${known}; or --help`);
    return exitCodes.usage;
  }
  const command = await entry.load();
  const rest = args.slice(isGroup ? 2 : 1);
  if (rest.includes('--help')) {
    terminal.out(command.help);
    return exitCodes.success;
  }
  try {
    await command.run(rest, terminal);
    return exitCodes.success;
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    terminal.live?.('');
    terminal.error(`groundwork: ${fault.code}: ${fault.message}\nhint: ${fault.hint}`);
    return fault.exitCode;
  }
}

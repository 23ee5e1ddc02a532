import { createInterface } from 'node:readline';
import { present } from '../core/index.ts';
import { generateText } from '../evaluation/index.ts';
import { formatCompact } from '../page/index.ts';
import { openBaseModel, openWriter } from './base-model.ts';
import { ChatSession, type Complete, chatHelp } from './chat-session.ts';
import type { Command, Terminal } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { engineFlagHelp, engineFlags } from './run-engine.ts';
import { samplingFlagHelp, samplingFlags, writingOptions } from './sampling-flags.ts';
import { paintFor } from './styled-text.ts';

const name = 'chat';

/** `groundwork chat`: a session in which a person writes beginnings and a model goes on. */
export const chatCommand: Command = {
  help: `usage: groundwork chat [RUN] [OPTIONS]

Opens a session with the model of a run (default: the newest). ${chatHelp}

Lines can also be piped in: each is a beginning or a command.

${samplingFlagHelp}
  --step N               the checkpoint of this step (default: the last)
${engineFlagHelp}

Exit codes: 0 ended, 2 wrong usage, 4 an engine that is absent, 5 no such run, 6 a run or a checkpoint that is broken.`,
  run: async (args, terminal) => {
    const kinds = { step: { type: 'string' }, ...samplingFlags, ...engineFlags } as const;
    const flags = parseFlags(name, args, kinds, { least: 0, most: 1 });
    const options = writingOptions(flags);
    const opened = await openBaseModel(flags);
    const { manifest, tokenizer } = opened.base;
    const generator = await openWriter(opened);
    const complete: Complete = async ({ prompt, written }, writing, onText) => {
      const [text] = await generateText(generator, tokenizer, prompt, { ...writing, written }, onText);
      return present(text, 'the text');
    };
    const paint = paintFor(terminal.hasLiveColor === true);
    const session = new ChatSession(complete, options, {
      stream: terminal.stream ?? ((text) => terminal.out(text)),
      note: (line) => terminal.error(paint('quiet', line)),
    });
    const { numLayers, width } = manifest.size;
    terminal.error(
      `${manifest.name}: ${numLayers} layers of width ${width}, ${formatCompact(generator.vocabularySize)} tokens in its vocabulary`,
    );
    if (terminal.promptOutput) terminal.error(`${paint('quiet', chatHelp)}\n`);
    try {
      await converse(session, terminal);
    } finally {
      await generator.close();
    }
  },
};

/** Hands line after line to the session, until it ends or the lines do. */
async function converse(session: ChatSession, terminal: Terminal): Promise<void> {
  const { promptOutput } = terminal;
  const lines = createInterface({
    input: terminal.input ?? process.stdin,
    ...(promptOutput && { output: promptOutput, terminal: true, prompt: '> ' }),
  });
  // A text that is being written ends at Ctrl-C; the session ends where nothing is.
  lines.on('SIGINT', () => {
    if (session.isWriting) session.stop();
    else lines.close();
  });
  if (promptOutput) lines.prompt();
  for await (const line of lines) {
    if ((await session.handle(line)) === 'quit') break;
    if (promptOutput) lines.prompt();
  }
  lines.close();
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as setTimer } from 'node:timers';
import { type ZodType, z } from 'zod';
import { present } from '../../src/core/index.ts';

const readySchema = z.object({ ready: z.literal(true), versions: z.record(z.string(), z.string()) });
const generationSchema = z.object({ tokens: z.array(z.int()), durationMs: z.number() });

/** One text that was generated, greedily, and how long it took from the prompt to the last token. */
export type Generation = z.infer<typeof generationSchema>;

/** Something that generates from the prompt of the benchmark. */
export interface GenerationContestant {
  readonly name: string;
  readonly versions: { readonly [name: string]: string };
  generate(numTokens: number): Promise<Generation>;
  close(): Promise<void>;
}

/**
 * Starts a peer, which speaks the protocol of README.md, and waits until it is ready.
 *
 * @param timeoutMs the longest that it may take to load or to answer
 * @throws an Error with the last lines of its log
 */
export async function startPeer(
  name: string,
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<GenerationContestant> {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  present(child.stderr, 'the log of a peer').on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-2000);
  });
  const lines = createInterface({ input: present(child.stdout, 'the output of a peer') })[Symbol.asyncIterator]();
  const next = async <T>(schema: ZodType<T>): Promise<T> => {
    const timer = setTimer(kill, timeoutMs);
    const line = await lines.next();
    clearTimeout(timer);
    if (line.done) throw new Error(`${name} ended: ${log.trim() || 'without a word'}`);
    return schema.parse(JSON.parse(line.value));
  };
  const send = (value: object): void =>
    void present(child.stdin, 'the input of a peer').write(`${JSON.stringify(value)}\n`);
  const { versions } = await next(readySchema);
  return {
    name,
    versions,
    generate: (numTokens) => {
      send({ command: 'generate', numTokens });
      return next(generationSchema);
    },
    close: async () => {
      process.removeListener('exit', kill);
      if (child.exitCode !== null) return;
      send({ command: 'exit' });
      await ended(child, kill);
    },
  };
}

async function ended(child: ChildProcess, kill: () => void): Promise<void> {
  const timer = setTimer(kill, 3000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as setTimer } from 'node:timers';
import type { ZodType } from 'zod';
import { present } from '../../src/core/index.ts';
import { type Ready, readySchema, type StepsAnswer, stepsSchema } from './protocol.ts';

/** A peer that ended, fell silent or said something else than the protocol; the message is one line. */
export class PeerFailure extends Error {
  override readonly name = 'PeerFailure';
}

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The longest time that the peer may take to load, or to answer one command. */
  readonly timeoutMs: number;
}

/** A running peer. It waits between commands without using the processor. */
export class PeerProcess {
  readonly ready: Ready;
  /** When it was started, by performance.now(). */
  readonly startedAt: number;
  readonly pid: number;
  private readonly lines: AnswerLines;

  private constructor(lines: AnswerLines, ready: Ready, startedAt: number) {
    this.lines = lines;
    this.ready = ready;
    this.startedAt = startedAt;
    this.pid = present(lines.child.pid, 'the id of a process that runs');
  }

  /**
   * Starts a peer and waits until it is ready.
   *
   * @throws PeerFailure
   */
  static async start(command: PeerCommand): Promise<PeerProcess> {
    const startedAt = performance.now();
    const lines = new AnswerLines(command);
    return new PeerProcess(lines, await lines.next(readySchema), startedAt);
  }

  /**
   * Runs the next `count` steps.
   *
   * @throws PeerFailure
   */
  async steps(count: number): Promise<StepsAnswer> {
    this.lines.send({ command: 'steps', count });
    const answer = await this.lines.next(stepsSchema);
    if (answer.losses.length === count && answer.stepMs.length === count) return answer;
    throw this.lines.fail(`answered ${answer.losses.length} losses to ${count} steps`);
  }

  /** Ends the peer, by force if it does not go within three seconds. */
  async close(): Promise<void> {
    await this.lines.close();
  }
}

/** The process and the lines that it answers. */
class AnswerLines {
  readonly child: ChildProcess;
  private readonly timeoutMs: number;
  private readonly answers: AsyncIterator<string>;
  private readonly ended: Promise<string>;
  private errorText = '';

  constructor({ command, args, timeoutMs }: PeerCommand) {
    this.timeoutMs = timeoutMs;
    this.child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.child;
    const output = present(stdout, 'the output of a peer');
    this.answers = createInterface({ input: output })[Symbol.asyncIterator]();
    // Writing to a process that is gone fails; that it is gone is noticed by waiting for its end.
    present(stdin, 'the input of a peer').on('error', () => {});
    present(stderr, 'the error output of a peer').on('data', (chunk: Buffer) => {
      this.errorText = (this.errorText + chunk.toString('utf8')).slice(-20_000);
    });
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve(`could not be started: ${error.message}`));
      this.child.on('close', (code, signal) => resolve(describeEnd(code, signal, this.errorText)));
    });
    killAtExit(this.child);
  }

  send(command: object): void {
    present(this.child.stdin, 'the input of a peer').write(`${JSON.stringify(command)}\n`);
  }

  async next<T>(schema: ZodType<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<'silent'>((resolve) => {
      timer = setTimer(() => resolve('silent'), this.timeoutMs);
    });
    const result = await Promise.race([this.answers.next(), silence]);
    clearTimeout(timer);
    if (result === 'silent') throw this.fail(`exceeded its time limit of ${this.timeoutMs / 1000} s`);
    if (result.done) throw this.fail(await this.ended);
    const parsed = schema.safeParse(parseJson(result.value));
    if (parsed.success) return parsed.data;
    throw this.fail(`answered ${JSON.stringify(result.value.slice(0, 200))}, which the protocol does not know`);
  }

  fail(message: string): PeerFailure {
    this.child.kill('SIGKILL');
    return new PeerFailure(message);
  }

  async close(): Promise<void> {
    this.child.stdin?.end(`${JSON.stringify({ command: 'exit' })}\n`);
    const timer = setTimer(() => this.child.kill('SIGKILL'), 3000);
    await this.ended;
    clearTimeout(timer);
  }
}

const running = new Set<ChildProcess>();

/** No peer outlives the benchmark. */
function killAtExit(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', killAll);
  running.add(child);
  child.once('close', () => {
    running.delete(child);
    if (running.size === 0) process.removeListener('exit', killAll);
  });
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** One line on how a process ended, with the line of its log that says most. */
function describeEnd(code: number | null, signal: NodeJS.Signals | null, log: string): string {
  const lines = log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.findLast((line) => /error|memory|exception|expected/i.test(line)) ?? lines.at(-1);
  const outOfMemory = signal === 'SIGKILL' ? ', perhaps by the system for want of memory' : '';
  const end = signal === null ? `crashed with exit code ${code}` : `was ended by ${signal}${outOfMemory}`;
  return telling === undefined ? end : `${end}: ${telling.slice(0, 200)}`;
}

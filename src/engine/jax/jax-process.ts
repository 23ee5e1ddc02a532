import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { z } from 'zod';
import { assert, GroundworkError, type JsonValue } from '../../core/index.ts';
import type { NumericData } from '../engine.ts';
import { TaskQueue } from '../task-queue.ts';
import { type Message, MessageReader, messageBytes } from './protocol.ts';
import { type JaxPython, pythonFolder } from './python.ts';

/** So much of what the process wrote to standard error is kept, for the message when it ends by itself. */
const keptCharacters = 8192;
const keptLines = 6;
/** How long the last words of a process that has ended are waited for. */
const lastWordsMs = 2000;

const replySchema = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true), devicePeakBytes: z.int().min(0).nullable() }),
  z.strictObject({ ok: z.literal(false), kind: z.enum(['out-of-memory', 'failure']), message: z.string() }),
]);

/** What JAX said that went wrong, before it is told to a person. */
export class JaxFault extends Error {
  readonly kind: 'out-of-memory' | 'failure';

  constructor(kind: 'out-of-memory' | 'failure', message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * A process of Python that runs `session.py`. It lives until `close`, or until this process ends however it ends, since its input
 * ends then. While nothing is asked of it, it does not keep this process from ending.
 */
export class JaxProcess {
  /** The most that a device held, as of the last answer; undefined where JAX does not say. */
  devicePeakBytes: number | undefined;
  private readonly child: ChildProcess;
  private readonly streams: readonly Socket[];
  /** One call at a time: the process answers in order. */
  private readonly queue = new TaskQueue();
  private waiting:
    | { readonly resolve: (message: Message) => void; readonly reject: (fault: Error) => void }
    | undefined;
  private errorText = '';
  private ended: GroundworkError | undefined;

  constructor(python: JaxPython, environment: NodeJS.ProcessEnv) {
    this.child = spawn(python.command, ['-u', `${pythonFolder}session.py`], {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // In a group of its own: Ctrl-C is for this process, which still wants to save what the other one holds.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const { stdin, stdout, stderr } = this.child;
    assert(stdin instanceof Socket && stdout instanceof Socket && stderr instanceof Socket, 'a pipe is no socket');
    this.streams = [stdin, stdout, stderr];
    const reader = new MessageReader((message) => {
      const { waiting } = this;
      this.waiting = undefined;
      waiting?.resolve(message);
    });
    stdout.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (cause) {
        this.fail(cause);
      }
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errorText = (this.errorText + text).slice(-keptCharacters);
    });
    // Writing to a process that has ended; `close` below says how it did.
    stdin.on('error', () => undefined);
    this.child.on('error', (cause) => {
      this.end(
        new GroundworkError('provider-unavailable', `${python.command} could not be started: ${cause.message}`, {
          hint: 'Set GROUNDWORK_PYTHON to a Python that runs.',
          cause,
        }),
      );
    });
    // When also the end of standard error has been read; a process of its own that holds that open is not waited for.
    this.child.on('close', (code, signal) => this.end(this.deathOf(code, signal)));
    this.child.on('exit', (code, signal) => {
      setTimeout(() => this.end(this.deathOf(code, signal)), lastWordsMs).unref();
    });
    this.letGo();
  }

  get processId(): number | undefined {
    return this.child.pid;
  }

  /** Why nothing can be asked of the process any more; undefined while something can. */
  get ending(): GroundworkError | undefined {
    return this.ended;
  }

  /**
   * Asks for something, after everything that was asked before.
   *
   * @throws JaxFault what JAX threw; GroundworkError `engine-failure` where the process has ended
   */
  call(
    header: { readonly call: string; readonly [field: string]: JsonValue },
    arrays: readonly NumericData[] = [],
  ): Promise<Message> {
    return this.queue.add(async () => {
      if (this.ended) throw this.ended;
      this.hold();
      try {
        const message = await new Promise<Message>((resolve, reject) => {
          this.waiting = { resolve, reject };
          const [stdin] = this.streams;
          for (const bytes of messageBytes(header, arrays)) stdin?.write(bytes);
        });
        const reply = replySchema.parse(message.header);
        if (!reply.ok) throw new JaxFault(reply.kind, reply.message);
        this.devicePeakBytes = reply.devicePeakBytes ?? undefined;
        return message;
      } finally {
        this.letGo();
      }
    });
  }

  /** Ends the process at once. */
  close(): void {
    this.end(
      new GroundworkError('session-closed', 'the engine is closed', {
        hint: 'Open another engine and set its state from a checkpoint.',
      }),
    );
    this.child.kill('SIGKILL');
    // What was started may be a wrapper: the Python behind it ends with its input.
    for (const stream of this.streams) stream.destroy();
  }

  /** Gives up a process that does not speak as agreed. */
  private fail(cause: unknown): void {
    this.end(
      new GroundworkError('engine-failure', `the Python process answered with no message: ${String(cause)}`, {
        hint: 'Another program may stand under the name of Python, or something prints in its place.',
        cause,
      }),
    );
    this.child.kill('SIGKILL');
  }

  private end(reason: GroundworkError): void {
    this.ended ??= reason;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(this.ended);
  }

  private deathOf(code: number | null, signal: NodeJS.Signals | null): GroundworkError {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const lines = this.errorText.split('\n').map((line) => line.trim());
    const last = lines.filter((line) => line !== '').slice(-keptLines);
    const said = last.length === 0 ? 'it said nothing' : `its last words: ${last.join(' | ')}`;
    return new GroundworkError('engine-failure', `the Python process of JAX ended ${how}; ${said}`, {
      hint:
        signal === 'SIGKILL'
          ? 'Systems end the largest process like this when memory runs out: try a smaller batch or model, then `groundwork resume`.'
          : 'Go on with `groundwork resume`; if it happens again, report it with these words.',
    });
  }

  private hold(): void {
    this.child.ref();
    for (const stream of this.streams) stream.ref();
  }

  private letGo(): void {
    this.child.unref();
    for (const stream of this.streams) stream.unref();
  }
}

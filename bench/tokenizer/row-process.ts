import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as setTimer } from 'node:timers';
import type { ZodType } from 'zod';
import { present } from '../../src/core/index.ts';

export interface RowCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: { readonly [name: string]: string };
}

/** Why a row gave no answer: one line. */
export class RowFailure extends Error {
  override readonly name = 'RowFailure';
}

/** A row in a process of its own, which answers one line of JSON to each line of JSON. */
export class RowProcess {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private log = '';

  constructor({ command, args, environment }: RowCommand) {
    this.child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.answers = createInterface({ input: present(this.child.stdout, 'output') })[Symbol.asyncIterator]();
    // A process that is gone is noticed by the end of its answers.
    this.child.on('error', () => {});
    this.child.stdin?.on('error', () => {});
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.log = (this.log + chunk.toString('utf8')).slice(-5000);
    });
  }

  /** @throws RowFailure where the row is too slow, dies or answers something else */
  async ask<T>(request: object, schema: ZodType<T>, timeoutMs: number): Promise<T> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<'silent'>((resolve) => {
      timer = setTimer(() => resolve('silent'), timeoutMs);
    });
    const answer = await Promise.race([this.nextLine(), silence]);
    clearTimeout(timer);
    if (answer === 'silent') throw this.fail(`> ${timeoutMs / 1000} s`);
    if (answer.done) throw this.fail(`failed: ${lastLine(this.log)}`);
    const parsed = schema.safeParse(JSON.parse(answer.value));
    if (parsed.success) return parsed.data;
    throw this.fail(`answered ${answer.value.slice(0, 200)}`);
  }

  close(): void {
    this.child.kill('SIGKILL');
  }

  /** The native trainer of Hugging Face writes empty lines among the answers. */
  private async nextLine(): Promise<IteratorResult<string>> {
    for (;;) {
      const line = await this.answers.next();
      if (line.done || line.value.trim() !== '') return line;
    }
  }

  private fail(message: string): RowFailure {
    this.close();
    return new RowFailure(message);
  }
}

function lastLine(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'without a word').slice(0, 160);
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Runs work and tells its time on the clock and that of all its threads on the processors. */
export async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; cpuMs: number; result: T }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, result };
}

/** Answers each line of JSON on stdin with one on stdout. */
export async function answerRequests(commands: {
  readonly [name: string]: (request: Record<string, unknown>) => Promise<object> | object;
}): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Record<string, unknown>;
    const answer = await commands[String(request.command)]?.(request);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** The documents of a `.jsonl` file. */
export function readDocuments(path: string): string[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
}

/** What two lists of merges have in common when they are equal: the hash of lines such as `Ġ t`. */
export function digestOfMerges(merges: readonly (readonly [string, string])[]): string {
  const hash = createHash('sha256');
  for (const [first, second] of merges) hash.update(`${first} ${second}\n`);
  return hash.digest('hex');
}

/** Hashes ids as 32-bit numbers, whatever they are kept in. */
export function digestOfIds(documents: readonly ArrayLike<number>[]): string {
  const hash = createHash('sha256');
  for (const ids of documents) hash.update(new Uint8Array(Uint32Array.from(ids).buffer));
  return hash.digest('hex');
}

/** A text on which slow tokenizers take time that grows with the square of its length. */
export function longPiece(kind: string, sizeBytes: number): string {
  return kind === 'word' ? 'ab'.repeat(sizeBytes / 2) : ' '.repeat(sizeBytes);
}

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Demo, DemoOptions } from '../../../src/data/demos/demo.ts';

/** A record of a demo with its JSON read. */
export interface ReadRecord {
  readonly source: string;
  readonly line: number;
  readonly byteOffset: number;
  readonly fields: { readonly [field: string]: string };
}

const fieldsSchema = z.record(z.string(), z.string());

/** All records of a demo, and a SHA-256 of their bytes and places. */
export async function readDemo(
  demo: Demo,
  options: DemoOptions = {},
): Promise<{ records: ReadRecord[]; hash: string }> {
  const records: ReadRecord[] = [];
  const hash = createHash('sha256');
  for await (const batch of demo.records({ run: refuse, ...options })) {
    for (const { source, line, byteOffset, format, bytes } of batch.records) {
      if (format !== 'json') throw new Error(`a record of format ${format}`);
      const fields = fieldsSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
      records.push({ source, line, byteOffset, fields });
      hash.update(bytes).update(`${source}:${line}:${byteOffset}`);
    }
  }
  return { records, hash: hash.digest('hex') };
}

const refuse = () => {
  throw new Error('no process was to be started');
};

/** Writes files as a fetched package in the cache holds them. `kind` is `npm` or `debian`. */
export function writePackage(
  cacheFolder: string,
  kind: 'npm' | 'debian',
  specifier: string,
  files: { readonly [path: string]: string | Uint8Array },
): void {
  for (const [path, contents] of Object.entries(files)) {
    const target = join(cacheFolder, kind, specifier.replace('/', '+'), path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents);
  }
}

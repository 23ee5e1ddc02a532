import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskName } from './flags.ts';
import type { RowCommand } from './row-process.ts';

/** Where the benchmark finds what it starts. */
export interface Places {
  /** The folder bench/peers. */
  readonly peers: string;
  /** The folder with compiled children and task files. */
  readonly work: string;
}

export interface Row {
  readonly id: string;
  readonly task: TaskName;
  readonly threads: number;
  readonly program: 'ours' | 'python' | { readonly peer: PeerName };
  /** For encoding: the name of the ranks. */
  readonly encoding?: Encoding;
}

export const encodings = ['cl100k', 'o200k'] as const;
export type Encoding = (typeof encodings)[number];

/** Tokenizers for Node that `children/peers.ts` runs. */
export const peerNames = ['gpt-tokenizer', 'tiktoken-wasm', 'js-tiktoken', 'hf-js', 'hf-node'] as const;
export type PeerName = (typeof peerNames)[number];

const trainRows: readonly Row[] = [
  { id: 'ours-1', task: 'train', threads: 1, program: 'ours' },
  { id: 'ours-2', task: 'train', threads: 2, program: 'ours' },
  { id: 'hf-python-1', task: 'train', threads: 1, program: 'python' },
  { id: 'hf-python-2', task: 'train', threads: 2, program: 'python' },
  { id: 'hf-node-1', task: 'train', threads: 1, program: { peer: 'hf-node' } },
  { id: 'hf-node-2', task: 'train', threads: 2, program: { peer: 'hf-node' } },
];

const encodeRows: readonly Row[] = encodings.flatMap((encoding): Row[] => [
  { id: `ours-${encoding}-1`, task: 'encode', threads: 1, program: 'ours', encoding },
  { id: `ours-${encoding}-2`, task: 'encode', threads: 2, program: 'ours', encoding },
  ...peerNames.map(
    (peer): Row => ({ id: `${peer}-${encoding}`, task: 'encode', threads: 1, program: { peer }, encoding }),
  ),
]);

const longPieceRows: readonly Row[] = [
  { id: 'ours', task: 'long-pieces', threads: 1, program: 'ours', encoding: 'cl100k' },
  ...peerNames.map(
    (peer): Row => ({ id: peer, task: 'long-pieces', threads: 1, program: { peer }, encoding: 'cl100k' }),
  ),
];

export const rows: readonly Row[] = [...trainRows, ...encodeRows, ...longPieceRows];

/** The command line of a row, or what to do for its peer to be there. */
export function rowCommand({ program, threads }: Row, places: Places): RowCommand | { readonly absent: string } {
  // Rayon's own threads are the parallelism of the native tokenizers.
  const environment = { RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: String(threads > 1) };
  if (program === 'python') {
    const folder = join(places.peers, 'tokenizers-python');
    const python = join(folder, '.venv', 'bin', 'python');
    if (!existsSync(python)) return { absent: 'absent: run bench/peers/tokenizers-python/setup.sh' };
    return { command: python, args: [join(folder, 'peer.py')], environment };
  }
  if (program === 'ours') {
    return { command: process.execPath, args: [join(places.work, 'ours.js'), String(threads)], environment };
  }
  const { peer } = program;
  if (peer === 'js-tiktoken' && !existsSync(join(places.peers, 'js-tiktoken', 'node_modules'))) {
    return { absent: 'absent: run bench/peers/js-tiktoken/setup.sh' };
  }
  return { command: process.execPath, args: [join(places.work, 'peers.js'), peer, places.peers], environment };
}

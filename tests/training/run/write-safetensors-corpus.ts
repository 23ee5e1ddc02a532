// Writes the corpus as files, for `check-safetensors-corpus.py`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { largeCorpus, safetensorsCorpus } from './safetensors-corpus.ts';

const folder = process.argv[2] ?? 'safetensors-corpus';
mkdirSync(folder, { recursive: true });
const notes = [...safetensorsCorpus(), ...largeCorpus()].map(({ name, bytes, rust }, number) => {
  const file = `${number}.safetensors`;
  writeFileSync(join(folder, file), bytes);
  return { file, name, rust };
});
writeFileSync(join(folder, 'notes.json'), JSON.stringify(notes));

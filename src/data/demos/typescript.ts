import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage } from '../../core/node.ts';
import { machineMadeReason } from '../readers/handwritten-code.ts';
import { type Demo, type DemoFile, type DemoOptions, packageText, recordsOf } from './demo.ts';

interface SourcePackage {
  readonly name: string;
  readonly version: string;
  /** The folder with its sources; all of it where empty. */
  readonly folder: string;
  readonly include: RegExp;
  readonly exclude?: RegExp;
}

const sourcePackages: readonly SourcePackage[] = [
  { name: 'effect', version: '4.1.0', folder: 'src', include: /\.ts$/ },
  { name: '@types/node', version: '20.19.43', folder: '', include: /\.d\.ts$/, exclude: /^ts\d|\.generated\./ },
  // What a web worker sees is declared a second time, nearly all of it in the words of lib.dom.
  { name: 'typescript', version: '5.9.3', folder: 'lib', include: /\.d\.ts$/, exclude: /webworker|tsserverlibrary/ },
];

/** TypeScript as people write it. */
export const typescript: Demo = {
  name: 'typescript',
  summary:
    'The source of effect, the types of Node.js and the declarations of TypeScript: code with its documentation.',
  licence: 'MIT (effect, @types/node), Apache-2.0 (typescript)',
  packages: sourcePackages.map(({ name, version }) => `${name}@${version}`),
  settings: {
    textField: 'text',
    preset: 'code',
    removeExactDuplicates: true,
    removeNearDuplicates: true,
    vocabularySize: 8192,
    validationFraction: 0.05,
  },
  records: (options = {}) => recordsOf(sourceFiles(options)),
};

/** Longer files are data. */
const maxFileBytes = 8 * 2 ** 20;

async function* sourceFiles(options: DemoOptions): AsyncGenerator<DemoFile> {
  for (const { name, version, folder, include, exclude } of sourcePackages) {
    const root = await fetchPackage(name, version, options);
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => include.test(file) && !exclude?.test(file) && !file.includes('node_modules/'))
      .sort();
    for (const file of files) {
      const path = folder === '' ? file : `${folder}/${file}`;
      if (statSync(join(root, path)).size > maxFileBytes) {
        yield { sizeBytes: 0, texts: [], skipped: { source: `${name}@${version}/${path}`, reason: 'too-large' } };
        continue;
      }
      const { source, sizeBytes, text, byteOffset } = packageText(root, `${name}@${version}`, path);
      const reason = machineMadeReason(source, text);
      if (reason !== undefined) yield { sizeBytes, texts: [], skipped: { source, reason } };
      else yield { sizeBytes, texts: text.trim() === '' ? [] : [{ source, line: 1, byteOffset, fields: { text } }] };
    }
  }
}

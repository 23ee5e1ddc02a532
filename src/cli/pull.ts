import { nodeFileSystem } from '../core/node.ts';
import { changedFiles, openBundle, pullBundle } from '../export/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { faultOfRunName, type ReceivedRun, runFolder, writeRunReport } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags, usageFault } from './flags.ts';
import { defaultRunsFolder } from './run-argument.ts';
import { baselineOf, tellEnding } from './run-ending.ts';

const name = 'pull';

/** `groundwork pull`: a run that was trained as a bundle comes back among the runs. */
export const pullCommand: Command = {
  help: `usage: groundwork pull BUNDLE [OPTIONS]

Takes the run of a bundle back into runs/, finished or not: checks all of it, judges the forecast of a finished run, and writes its report.
BUNDLE is the folder that "groundwork bundle" wrote, or a copy of it from where it was trained. A run that is not finished can be looked at,
sampled from and gone on with here ("groundwork resume"). Pulled again, it takes the place of what it was before.

  --out FOLDER   where runs go (default: runs)
  --name NAME    the name of the run there (default: its own)
  --json         print the result as one line of JSON

Exit codes: 0 taken over, 2 wrong usage, 5 no such folder, or its place is taken, 6 no bundle, or one of which something was changed or
is missing.`,
  run: async (args, terminal) => {
    const kinds = { out: { type: 'string' }, name: { type: 'string' }, json: { type: 'boolean' } } as const;
    const flags = parseFlags(name, args, kinds, { least: 1, most: 1 });
    const given = flags.text('name');
    const fault = given === undefined ? undefined : faultOfRunName(given);
    if (fault !== undefined) throw usageFault(name, `--name ${JSON.stringify(given)} ${fault}`);
    const isJson = flags.isSet('json');
    const bundle = openBundle(nodeFileSystem, flags.words[0] ?? '');
    const runsFolder = flags.text('out') ?? defaultRunsFolder;
    nodeFileSystem.makeFolder(runsFolder);
    const folder = runFolder(runsFolder, given ?? bundle.manifest.name);
    terminal.live?.('copying and checking the run');
    const received = pullBundle({ fs: nodeFileSystem, bundle, folder });
    terminal.live?.('');
    for (const path of changedFiles(nodeFileSystem, bundle)) {
      terminal.error(
        `note: ${bundle.folder}/${path} is not as it was written: the run may have been trained with something else`,
      );
    }
    for (const note of received.notes) terminal.error(`note: ${note}`);
    terminal.error(stateText(received, bundle.manifest.numSteps));
    if (received.result !== undefined) {
      await tellEnding(received.result, baselineOf(folder), terminal, isJson);
      return;
    }
    const found = baselineOf(folder);
    const baseline = 'bitsPerByte' in found ? found.bitsPerByte : undefined;
    const report = await writeRunReport(nodeFileSystem, folder, { baseline });
    const { status } = received.run.manifest;
    const step = received.step ?? 0;
    if (isJson) {
      terminal.out(printableJson({ folder, status, step, numSteps: bundle.manifest.numSteps, report }));
      return;
    }
    terminal.out(
      [
        `report:     ${report}`,
        '',
        `Go on here:       groundwork resume ${folder}`,
        `Go on there:      start the bundle again; it goes on from its newest checkpoint`,
        `Write with it:    groundwork sample ${folder} --prompt "..."`,
      ].join('\n'),
    );
  },
};

/** What happened, in sentences. */
function stateText({ run, step, isUpdate }: ReceivedRun, numSteps: number): string {
  const { folder, manifest } = run;
  const taken = isUpdate ? `${folder} took the place of what it was before` : `${folder} is new among the runs`;
  const at = `its newest checkpoint is of step ${step ?? 0} of ${numSteps}`;
  switch (manifest.status) {
    case 'finished':
      return `pulled:   ${taken}. The run is finished.`;
    case 'failed':
      return `pulled:   ${taken}. The run failed: ${manifest.failure?.message ?? 'it does not say why'}; ${at}.`;
    default:
      return `pulled:   ${taken}. The run is not finished; ${at}.`;
  }
}

import { nodeFileSystem } from '../core/node.ts';
import { formatCompact, formatCount } from '../page/index.ts';
import { forecastSentence } from '../theory/index.ts';
import { printableJson, visibleText } from '../tokenizer/index.ts';
import {
  commandText,
  openRun,
  planSchema,
  problemText,
  type Run,
  type RunEfficiency,
  readForecast,
  readVerdict,
  runEfficiency,
} from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { verdictText } from './forecast-text.ts';
import { duration } from './progress-display.ts';
import { chosenRun } from './run-argument.ts';

/** `groundwork runs show`: what is known of one run. */
export const runsShowCommand: Command = {
  help: `usage: groundwork runs show [RUN] [--json]

Shows a run: what was trained on what, how it went, what was foretold and what it reached, its checkpoints, and the command that began
it. RUN is the folder of a run or its name in runs/ (default: the newest).

  --json   print its manifest and its events as JSON

Exit codes: 0 shown, 2 wrong usage, 5 no such run, 6 a run that is broken.`,
  run: async (args, terminal) => {
    const flags = parseFlags('runs show', args, { json: { type: 'boolean' } }, { least: 0, most: 1 });
    const run = openRun(nodeFileSystem, chosenRun(flags.words[0]));
    if (flags.isSet('json')) {
      terminal.out(
        printableJson({
          folder: run.folder,
          manifest: run.manifest,
          checkpoints: run.checkpoints(),
          events: run.events(),
          forecast: contentOf(readForecast(nodeFileSystem, run.folder, run.manifest)),
          verdict: contentOf(readVerdict(nodeFileSystem, run.folder, run.manifest)),
        }),
      );
      return;
    }
    terminal.out(description(run, await runEfficiency(run)).join('\n'));
  },
};

const contentOf = <T>(read: { readonly value: T } | { readonly problem: unknown } | undefined): T | null =>
  read !== undefined && 'value' in read ? read.value : null;

/** What was foretold and how it was judged, or what is wrong with the files. */
function forecastLines({ folder, manifest }: Run): string[] {
  const forecast = readForecast(nodeFileSystem, folder, manifest);
  const verdict = readVerdict(nodeFileSystem, folder, manifest);
  const plain = (_: unknown, text: string) => text;
  return [
    ...(forecast === undefined
      ? []
      : [`forecast:    ${'value' in forecast ? forecastSentence(forecast.value) : problemText(forecast.problem)}`]),
    ...(verdict === undefined
      ? []
      : 'value' in verdict
        ? [verdictText(verdict.value, 'verdict:     ', { columns: () => 121 }, plain)]
        : [`verdict:     ${problemText(verdict.problem)}`]),
  ];
}

/** What forecasts for the same devices elsewhere go by. */
function efficiencyText({ accelerator, numDevices, share }: RunEfficiency): string {
  return `${share.toFixed(3)} of the peak rate of ${numDevices} x ${accelerator.title} (groundwork forecast --device ${accelerator.name} --efficiency ${share.toFixed(3)})`;
}

function description(run: Run, efficiency: RunEfficiency | undefined): string[] {
  const { manifest } = run;
  const { size, batch, result, failure, recipe, datasets, engine } = manifest;
  const events = run.events();
  const last = events.findLast((event) => event.type === 'step');
  const plan = planSchema.safeParse(manifest.plan);
  const checkpoints = run.checkpoints();
  const sample = events.findLast((event) => event.type === 'sample');
  const shown = (text: string) => visibleText(text, { marks: false });
  return [
    `run:         ${run.folder}, ${manifest.status}`,
    `model:       ${recipe.name}, ${size.numLayers} layers of width ${size.width}${plan.success ? `, ${formatCount(plan.data.numParameters)} parameters` : ''}`,
    `data:        ${datasets.map(({ name, folder }) => `${shown(name)} (${shown(folder)})`).join(', ')}`,
    `steps:       ${formatCount(last?.step ?? 0)} of ${formatCount(manifest.numSteps)}, each ${batch.batchSize} x ${batch.contextLength} tokens`,
    `tokens:      ${formatCompact(last?.tokens ?? 0)} in ${duration((last?.elapsedMs ?? 0) / 1000)} on ${engine.name}`,
    ...(efficiency === undefined ? [] : [`efficiency:  ${efficiencyText(efficiency)}`]),
    ...(result === null
      ? []
      : [`reached:     ${result.bitsPerByte?.toFixed(4) ?? 'unknown'} bits per byte on held-out text`]),
    ...forecastLines(run),
    ...(failure === null
      ? []
      : [`failed:      ${failure.code}: ${shown(failure.message)}`, `hint:        ${shown(failure.hint)}`]),
    `checkpoints: ${checkpoints.length === 0 ? 'none' : checkpoints.map((step) => `step ${formatCount(step)}`).join(', ')}`,
    `begun by:    ${shown(commandText(manifest))}`,
    ...(sample === undefined
      ? []
      : ['', `it wrote at step ${formatCount(sample.step)}:`, shown(sample.prompt + sample.text)]),
  ];
}

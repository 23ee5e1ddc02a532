import {
  figure,
  formatCompact,
  formatCount,
  formatNumber,
  keyFigures,
  type Markup,
  page,
  paragraph,
  scatter,
  table,
} from '../../page/index.ts';
import {
  computeOptimum,
  conventionTexts,
  forecastConvention,
  hasOptimum,
  type LadderFindings,
  ladderSentences,
  lawText,
} from '../../theory/index.ts';

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
/** How far beyond the ladder the frontier is drawn. */
const drawnFactor = 10;
const numCurvePoints = 60;

/**
 * The page of a ladder: what it found in sentences, loss over compute by size with the frontier of the law, residuals, accounts
 * under each way of counting, and every point.
 *
 * @param durationMs what the trainings took, where it is known
 */
export function ladderPage(findings: LadderFindings, durationMs?: number): string {
  const { ladder } = findings;
  const { record } = ladder;
  const { law, meanError } = ladder.predictor.fit;
  return page({
    title: `Ladder ${record.name}`,
    lead:
      `Trainings of several sizes and lengths with the recipe ${record.recipe.name} on ${record.corpus.name}, and the law that goes through them. ` +
      'Bits per byte are measured on text that no model was trained on; lower is better.',
    sections: [
      {
        heading: 'What it found',
        contents: [
          keyFigures([
            { label: 'Points', value: formatCount(record.points.length) },
            { label: 'E', value: formatNumber(law.E, 4), note: 'bits per byte that no size and no length gets below' },
            { label: 'alpha', value: law.alpha.toFixed(3), note: 'exponent of size' },
            { label: 'beta', value: law.beta.toFixed(3), note: 'exponent of tokens' },
            { label: 'Mean error', value: percent(meanError), note: 'of the law at its own points' },
          ]),
          ...ladderSentences(findings, durationMs).map((sentence) => paragraph(sentence)),
        ],
      },
      { heading: 'Loss over compute', contents: [lossPlot(findings)] },
      { heading: 'Residuals', contents: [residualPlot(findings)] },
      { heading: 'Ways of counting', contents: [accountingTable(findings)] },
      { heading: 'All points', contents: [pointTable(findings)] },
    ],
    footer:
      `Ladder ${record.name}, ${record.createdAt.slice(0, 10)}; Groundwork ${record.environment.groundwork} on ${record.environment.cpu}. ` +
      `Corpus ${record.corpus.fingerprint.slice(0, 12)}, recipe ${record.recipe.sha256.slice(0, 12)}.`,
  });
}

/** Sizes in the order of their parameters, each with the indices of its points. */
function bySize({ ladder }: LadderFindings): (readonly [string, readonly number[]])[] {
  const groups = new Map<string, number[]>();
  const { points } = ladder.record;
  const order = [...points.keys()].sort(
    (a, b) => (points[a]?.parameters.total ?? 0) - (points[b]?.parameters.total ?? 0),
  );
  for (const index of order) {
    const point = points[index];
    if (point === undefined) continue;
    const name = `${point.numLayers}x${point.width}`;
    groups.set(name, [...(groups.get(name) ?? []), index]);
  }
  return [...groups];
}

function lossPlot(findings: LadderFindings): Markup {
  const { ladder } = findings;
  const { points } = ladder.record;
  const { law } = ladder.predictor.fit;
  const computes = points.map(({ flops }) => flops);
  const [least, most] = [Math.min(...computes), drawnFactor * Math.max(...computes)];
  const frontier = hasOptimum(law)
    ? Array.from({ length: numCurvePoints }, (_, i): readonly [number, number] => {
        const flops = least * (most / least) ** (i / (numCurvePoints - 1));
        return [flops, computeOptimum(law, flops).loss];
      })
    : [];
  const losses = points.map(({ bitsPerByte }) => bitsPerByte);
  return figure(
    scatter({
      title: 'Bits per byte over compute',
      description: `From ${Math.max(...losses).toFixed(3)} down to ${Math.min(...losses).toFixed(3)} bits per byte.`,
      x: { label: 'FLOPs of the training', scale: 'log', format: 'compact' },
      y: { label: 'bits per byte, held-out text' },
      groups: bySize(findings).map(([name, indices]) => ({
        name,
        points: indices.map((index) => ({
          x: points[index]?.flops ?? 0,
          y: points[index]?.bitsPerByte ?? 0,
          label: `${points[index]?.rung}, seed ${points[index]?.seed}`,
        })),
      })),
      lines:
        frontier.length === 0 ? [] : [{ name: 'best at each compute, by the law', points: frontier, tone: 'quiet' }],
    }),
    'One colour for each size (layers x width). The line is what the law gives the best size and length at each compute, and goes on to ten ' +
      'times the largest that was trained.',
  );
}

function residualPlot(findings: LadderFindings): Markup {
  const { ladder, fitted } = findings;
  const { points } = ladder.record;
  const residuals = points.map(({ bitsPerByte }, index) => bitsPerByte / (fitted[index] ?? Number.NaN) - 1);
  return figure(
    scatter({
      title: 'What the law leaves over',
      description: `${points.length} points, ${percent(Math.max(...residuals.map(Math.abs)))} off at most.`,
      x: { label: 'FLOPs of the training', scale: 'log', format: 'compact' },
      y: { label: 'measured over law − 1', format: 'percent', atLeast: [0, 0] },
      groups: bySize(findings).map(([name, indices]) => ({
        name,
        points: indices.map((index) => ({
          x: points[index]?.flops ?? 0,
          y: residuals[index] ?? 0,
          label: `${points[index]?.rung}, seed ${points[index]?.seed}`,
        })),
      })),
    }),
    'Above 0 a training did worse than the law says. A size that stays on one side shows where the form of the law is wrong; trainings that were ' +
      'left out of the fit may lie far off.',
  );
}

function accountingTable({ accountings }: LadderFindings): Markup {
  return table({
    caption: `The law under each way of counting parameters; forecasts use ${forecastConvention}`,
    columns: [
      { heading: 'Parameters' },
      { heading: 'Law', kind: 'wide' },
      { heading: 'Size exponent', kind: 'number' },
      { heading: 'Mean error', kind: 'number' },
      { heading: 'Error where left out', kind: 'number' },
    ],
    rows: accountings.map(({ convention, law, sizeExponent, meanError, heldOutError }) => [
      `${convention}: ${conventionTexts[convention]}`,
      lawText(law),
      sizeExponent.toFixed(3),
      percent(meanError),
      heldOutError === null ? '–' : percent(heldOutError),
    ]),
  });
}

function pointTable(findings: LadderFindings): Markup {
  const { ladder, fitted } = findings;
  const { points } = ladder.record;
  return table({
    caption: 'Every training, with what the law says of it',
    columns: [
      { heading: 'Training' },
      { heading: 'Seed', kind: 'number' },
      { heading: 'Parameters', kind: 'number' },
      { heading: 'Tokens', kind: 'number' },
      { heading: 'FLOPs', kind: 'number' },
      { heading: 'Bits per byte', kind: 'number' },
      { heading: 'By the law', kind: 'number' },
    ],
    rows: bySize(findings).flatMap(([, indices]) =>
      indices.map((index) => {
        const point = points[index];
        return [
          point?.rung ?? '',
          String(point?.seed),
          formatCompact(point?.parameters[forecastConvention] ?? 0),
          formatCompact(point?.numTokens ?? 0),
          formatCompact(point?.flops ?? 0),
          (point?.bitsPerByte ?? 0).toFixed(4),
          (fitted[index] ?? 0).toFixed(4),
        ];
      }),
    ),
  });
}

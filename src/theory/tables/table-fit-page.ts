import {
  type Axis,
  figure,
  type Markup,
  type Plot,
  page,
  paragraph,
  type Series,
  scatter,
  table,
} from '../../page/index.ts';
import { lawText } from '../ladder-sentences.ts';
import { lossOf } from '../scaling-law.ts';
import type { TablePoint } from './law-table.ts';
import { boundedOptimum, type TableFit } from './table-fit.ts';
import { accountingTable, type CellTable, optimumTable, parameterTable, tableFitSentences } from './table-fit-text.ts';

/** Places along a line of a plot. */
const numPlaces = 60;

/** One page with the law of a table, its plots, what it says and what it does not. It needs nothing else. */
export function tableFitPage(fit: TableFit): string {
  const { bootstrap, table: source, convention, optima } = fit;
  const { facts, doubts } = tableFitSentences(fit);
  const accountings = accountingTable(fit);
  return page({
    title: `A scaling law for ${source.name}`,
    lead: `${lawText(bootstrap.fit.law)}, with N counted as in the column of ${convention}.`,
    sections: [
      {
        heading: 'Loss over compute',
        contents: [
          figure(computePlot(fit), 'Each point is a training of the table.'),
          ...(optima.length === 0 ? [] : [cells('What compute buys, spent in the best way', optimumTable(fit))]),
        ],
      },
      {
        heading: 'The law',
        contents: [cells('Numbers of the law', parameterTable(fit)), ...facts.map((fact) => paragraph(fact))],
      },
      ...(doubts.length === 0
        ? []
        : [{ heading: 'What it does not say', contents: doubts.map((doubt) => paragraph(doubt)) }]),
      ...(accountings === undefined
        ? []
        : [
            {
              heading: 'Ways of counting',
              contents: [cells('The law under each convention of counting parameters', accountings)],
            },
          ]),
      {
        heading: 'How far it is off',
        contents: [figure(errorPlot(fit), 'Loss of each training over that of the law, less one.')],
      },
    ],
  });
}

/** Trainings over compute, and what the law says is best, with the calibrated interval. */
export function computePlot(found: TableFit): Plot {
  const { table: source, bootstrap, predictor, optima } = found;
  const points = pointsOf(source);
  const computes = points.map(({ flops }) => flops);
  const [low, high] = [Math.min(...computes), Math.max(...computes, ...optima.map(({ flops }) => flops))];
  const places = optima.length === 0 ? [] : spaced(low, high);
  const best = places.map((flops) => {
    const optimum = boundedOptimum({ ...found, law: bootstrap.fit.law }, flops);
    return { flops, estimate: predictor.predict({ ...optimum, flops }).estimate };
  });
  const lines: Series[] =
    best.length === 0
      ? []
      : [
          {
            name: 'the best that the law allows, with its 95 % interval',
            points: best.map(({ flops, estimate }) => [flops, estimate.value]),
            band: best.map(({ flops, estimate: { interval95 } }) => [flops, ...interval95]),
          },
        ];
  return scatter({
    title: 'Loss over training compute',
    description:
      'Each training as a point, and the lowest loss that the fitted law allows at each compute, with its interval.',
    x: computeAxis(high),
    y: { label: source.columns.loss, scale: 'log' },
    groups: [
      {
        name: 'trainings',
        points: points.map(({ flops, loss, label }) => ({ x: flops, y: loss, label })),
      },
    ],
    lines,
  });
}

/** How far each training is off the law, over compute. */
function errorPlot({ table: source, bootstrap: { fit } }: TableFit): Plot {
  const points = pointsOf(source).map(({ flops, loss, label, numParameters, numTokens }) => ({
    x: flops,
    y: loss / lossOf(fit.law, numParameters, numTokens) - 1,
    label,
  }));
  return scatter({
    title: 'Errors of the law',
    description: 'Loss of each training over that of the law, less one: around zero where the form is right.',
    x: computeAxis(Math.max(...points.map(({ x }) => x))),
    y: { label: 'relative error', format: 'percent', atLeast: [0, 0] },
    groups: [{ name: 'trainings', points }],
  });
}

/** Powers of ten say nothing nicer than a prefix does, as long as there is one. */
const computeAxis = (most: number): Axis => ({
  label: 'training compute in FLOPs',
  scale: 'log',
  format: most < 1e17 ? 'compact' : 'number',
});

const pointsOf = ({ accountings: [first] }: TableFit['table']): readonly TablePoint[] => first?.points ?? [];

function spaced(low: number, high: number): number[] {
  return Array.from({ length: numPlaces }, (_, i) => low * (high / low) ** (i / (numPlaces - 1)));
}

function cells(caption: string, { head, rows }: CellTable): Markup {
  return table({ caption, columns: head.map((heading, i) => ({ heading, kind: i === 0 ? 'text' : 'number' })), rows });
}

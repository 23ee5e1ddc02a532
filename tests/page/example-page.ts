import {
  barChart,
  code,
  details,
  figure,
  histogram,
  keyFigures,
  linePlot,
  page,
  paragraph,
  sample,
  scatter,
  table,
} from '../../src/page/index.ts';

const loss = (scale: number): [number, number][] =>
  Array.from({ length: 900 }, (_, at) => [at * 20 + 1, 2.1 + scale * (at * 20 + 20) ** -0.5]);
const law = (compute: number): number => 4.1 * (compute / 1e15) ** -0.05;
const computes = [1e15, 3e15, 1e16, 4e16, 1e17, 1e18];
const bars = [
  { label: 'gopher-quality/too-few-words', value: 1234, note: '8.8 %' },
  { label: 'duplicate/near', value: 321, note: '2.2 %' },
  { label: 'c4/curly-bracket', value: 0 },
  { label: 'a/very/long/path/that/does/not/fit/into/any/room/and/must/be/cut.txt', value: 3 },
];

/** A page with everything that a page can hold, and text that tries to break it. */
export const examplePage = page({
  title: 'A page with everything on it',
  lead: 'Plots, tables and samples, with names that are too long and text that is not what it seems.',
  footer: 'Groundwork',
  sections: [
    {
      heading: 'Numbers',
      contents: [
        paragraph('A file called ', code(`<script>document.title = "broken"</script>/${'long-name/'.repeat(20)}`)),
        keyFigures([
          { label: 'documents', value: '12,345', note: 'of 14,000 read' },
          { label: 'validation bits per byte of a bigram model', value: '2.41' },
          { label: 'tokens', value: '2.61 M' },
        ]),
        table({
          caption: 'What each rule removed',
          columns: [
            { heading: 'Rule', kind: 'code' },
            { heading: 'Documents', kind: 'number' },
            { heading: 'Bytes', kind: 'number' },
            { heading: 'Example', kind: 'wide' },
          ],
          rows: bars.map(({ label, value }) => [label, String(value), '12.3 MB', 'x'.repeat(90)]),
        }),
      ],
    },
    {
      heading: 'Plots',
      contents: [
        figure(
          linePlot({
            title: 'Loss over steps',
            description: 'Three runs fall.',
            x: { label: 'step', format: 'compact' },
            y: { label: 'bits per byte' },
            series: [
              { name: 'baseline', points: loss(20) },
              { name: 'Muon', points: loss(14), band: loss(14).map(([x, y]) => [x, y - 0.1, y + 0.1] as const) },
              { name: 'with a wide embedding', points: loss(15) },
            ],
            marks: [{ at: 9000, label: 'decay begins' }],
          }),
        ),
        figure(
          scatter({
            title: 'Loss over compute',
            description: 'Points along a line.',
            x: { label: 'compute in FLOPs', scale: 'log' },
            y: { label: 'bits per byte', scale: 'log' },
            groups: [{ name: 'runs', points: computes.slice(0, 5).map((x, at) => ({ x, y: law(x) + (at % 2) / 50 })) }],
            lines: [
              {
                name: 'fit',
                points: computes.map((x) => [x, law(x)] as const),
                band: computes.map((x, at) => [x, law(x) - 0.02 * (at + 1), law(x) + 0.02 * (at + 1)] as const),
              },
            ],
          }),
        ),
        figure(
          barChart({
            title: 'Removed by rule',
            description: 'Few words first.',
            direction: 'horizontal',
            value: { label: 'documents' },
            bars,
          }),
        ),
        figure(
          barChart({
            title: 'By decade',
            description: 'Ups and downs.',
            direction: 'vertical',
            value: { label: 'documents' },
            bars: Array.from({ length: 23 }, (_, at) => ({ label: `${1790 + at * 10}`, value: 40 + (at % 5) * 1000 })),
          }),
        ),
        figure(
          histogram({
            title: 'Lengths',
            description: 'A hill.',
            x: { label: 'bytes in a document', scale: 'log', format: 'bytes' },
            y: { label: 'documents' },
            bins: Array.from({ length: 12 }, (_, at) => ({
              from: 2 ** (at + 5),
              to: 2 ** (at + 6),
              count: Math.round(5000 * Math.exp(-((at - 5) ** 2) / 5)),
            })),
            marks: [
              { at: 900, label: 'median 900 B' },
              { at: 60_000, label: '99 % are below 60 kB' },
            ],
          }),
        ),
      ],
    },
    {
      heading: 'Samples',
      contents: [
        sample({
          about: ['2.31 bits per byte, ', code('speeches/1862.txt'), ' line 12'],
          text: `\n</pre><b>not bold</b>\u0000\u202e backwards\n${'looong'.repeat(60)}`,
        }),
        details('More', paragraph('Folded away.')),
      ],
    },
  ],
});

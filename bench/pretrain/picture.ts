// The picture in the README: `npx tsx bench/pretrain/picture.ts runs/NAME > docs/pictures/first-run.svg`.

import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun } from '../../src/training/index.ts';

const [folder = ''] = process.argv.slice(2);
const size = { width: 760, height: 300, left: 52, right: 16, top: 34, bottom: 36 };

const events = openRun(nodeFileSystem, folder).events();
const points = events.flatMap((event) =>
  event.type === 'evaluation' && typeof event.bitsPerByte === 'number'
    ? [{ tokens: event.tokens, bitsPerByte: event.bitsPerByte, isFinal: event.isFinal }]
    : [],
);
const mostTokens = Math.max(...points.map(({ tokens }) => tokens));
const [low, high] = [1.2, 1.9];
const x = (tokens: number) => size.left + ((size.width - size.left - size.right) * tokens) / mostTokens;
const y = (value: number) => size.top + ((size.height - size.top - size.bottom) * (high - value)) / (high - low);
const line = points.map(
  ({ tokens, bitsPerByte }) => `${x(tokens).toFixed(1)},${y(Math.min(high, bitsPerByte)).toFixed(1)}`,
);
const last = points.at(-1);
const text = (at: readonly [number, number], words: string, more = '') =>
  `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${words}</text>`;

const ticks = [1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9].map(
  (value) =>
    `<line class="rule" x1="${size.left}" x2="${size.width - size.right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>` +
    text([size.left - 8, y(value) + 4], value.toFixed(1), 'text-anchor="end"'),
);
const millions = Array.from({ length: Math.floor(mostTokens / 5e5) + 1 }, (_, i) => i * 5e5);
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Bits per byte on held-out text over tokens of training">
<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#555}.rule{stroke:#ddd}.curve{fill:none;stroke:#0b62c4;stroke-width:2.5}.peer{stroke:#b35c00;stroke-dasharray:6 4;stroke-width:1.5}
@media (prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#aaa}.rule{stroke:#2b3138}.curve{stroke:#6cb2ff}.peer{stroke:#f0a35e}}</style>
${text([size.left, 20], 'bits per byte on held-out speeches, five minutes on two cores', 'font-weight="600"')}
${ticks.join('\n')}
${millions.map((tokens) => text([x(tokens), size.height - 14], tokens === 0 ? '0' : `${(tokens / 1e6).toFixed(1)} M tokens`, 'text-anchor="middle"')).join('\n')}
<line class="peer" x1="${size.left}" x2="${size.width - size.right}" y1="${y(1.5093).toFixed(1)}" y2="${y(1.5093).toFixed(1)}"/>
${text([size.width - size.right - 4, y(1.5093) - 6], 'a bigram model of the same text: 1.509', 'text-anchor="end"')}
<polyline class="curve" points="${line.join(' ')}"/>
${last ? text([size.width - size.right - 4, y(last.bitsPerByte) + 22], `${last.bitsPerByte.toFixed(3)} on all documents`, 'text-anchor="end"') : ''}
</svg>
`);

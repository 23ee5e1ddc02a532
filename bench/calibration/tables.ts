import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BackTestTable,
  type ComputePoint,
  forecastConvention,
  ladderRecordSchema,
  lawPointsOf,
  withoutTooSmall,
} from '../../src/theory/index.ts';

type Row = Readonly<Record<string, string>>;

/** Columns of losses of Gadre et al. 2024 (2403.08540): one text each, in nats per token. */
const gadreLosses = [
  'loss_openlm',
  'loss_c4_val',
  'loss_paloma_c4_en',
  'loss_paloma_dolma_100_programing_languages',
  'loss_paloma_falcon-refinedweb',
  'loss_paloma_ptb',
  'loss_paloma_redpajama',
  'loss_val_de-en_100',
] as const;

/** Columns of losses of the OLMo ladder (Bhagia et al. 2024, 2412.04403), means over the last five evaluations. */
const olmoLosses = [
  'loss_c4_en_ma5',
  'loss_dolma_books_ma5',
  'loss_dolma_common-crawl_ma5',
  'loss_dolma_pes2o_ma5',
  'loss_dolma_reddit_ma5',
  'loss_dolma_stack_ma5',
  'loss_dolma_wiki_ma5',
  'loss_ice_ma5',
  'loss_m2d2_s2orc_ma5',
  'loss_pile_ma5',
  'loss_wikitext_103_ma5',
] as const;

/**
 * The public tables of scaling-law runs in a folder, as tables for back-tests; those whose file is absent are left out.
 * What is dropped of a table is what its literature drops: of Chinchilla the five highest losses (Besiroglu et al. 2024,
 * 2404.10102), of Porian et al. 2024 (2406.19146) trainings that ended above 1.6 times the lowest loss.
 */
export function publicTables(folder: string): BackTestTable[] {
  const read = (name: string): Row[] => {
    const path = join(folder, `${name}.csv`);
    return existsSync(path) ? rowsOf(readFileSync(path, 'utf8')) : [];
  };
  const tables = [
    ...chinchilla(read('chinchilla_epoch_svg_extracted')),
    ...gadre(read('gadre2024_104models')),
    ...porian(read('porian2024_isoflop_points')),
    ...olmo(read('olmo_ladder_runs')),
  ];
  return tables.filter(({ points }) => points.length > 0);
}

/** The ladders of this project, `laws/NAME.json`, with the points that forecasts fit their law to. */
export function ownLadders(folder: string): BackTestTable[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.sort().map((file) => {
    const record = ladderRecordSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const points = lawPointsOf(withoutTooSmall(record), forecastConvention);
    return { name: `ladder ${record.name}`, source: 'groundwork', points: distinct(points) };
  });
}

function chinchilla(rows: readonly Row[]): BackTestTable[] {
  const points = rows.map((row) => {
    const numParameters = number(row, 'Model Size');
    const flops = number(row, 'Training FLOP');
    return { numParameters, numTokens: flops / (6 * numParameters), loss: number(row, 'loss'), flops };
  });
  const kept = points.toSorted((a, b) => a.loss - b.loss).slice(0, -5);
  return [{ name: 'chinchilla', source: 'chinchilla', points: distinct(kept) }];
}

function gadre(rows: readonly Row[]): BackTestTable[] {
  const datasets = [...new Set(rows.map((row) => row.dataset_name ?? ''))];
  return datasets.flatMap((dataset) =>
    gadreLosses.map((column) => ({
      name: `gadre ${dataset} ${column.replace('loss_', '')}`,
      source: 'gadre',
      points: distinct(
        rows
          .filter((row) => row.dataset_name === dataset && row[column])
          .map((row) => ({
            numParameters: number(row, 'N'),
            numTokens: number(row, 'D'),
            loss: number(row, column),
            flops: number(row, 'flops'),
          })),
      ),
    })),
  );
}

function porian(rows: readonly Row[]): BackTestTable[] {
  const columns = ['dataset', 'hparams', 'warmup', 'decay', 'param_count', 'split'];
  const configuration = (row: Row): string => columns.map((column) => row[column]).join(' ');
  return [...new Set(rows.map(configuration))].map((name) => {
    const points = rows
      .filter((row) => configuration(row) === name)
      .map((row) => ({
        numParameters: number(row, 'n'),
        numTokens: number(row, 'tokens'),
        loss: number(row, 'loss'),
        flops: number(row, 'flops'),
      }));
    const lowest = Math.min(...points.map(({ loss }) => loss));
    return {
      name: `porian ${name}`,
      source: 'porian',
      points: distinct(points.filter(({ loss }) => loss <= 1.6 * lowest)),
    };
  });
}

/** The ladder of five sizes and five durations, and the two finished models that it was made to predict. */
function olmo(rows: readonly Row[]): BackTestTable[] {
  const kept = rows.filter(({ run = '' }) => /^\d+[MB]-[\d.]+xC$/.test(run) || finishedModels.includes(run));
  return olmoLosses.map((column) => ({
    name: `olmo ${column.replace('loss_', '').replace('_ma5', '')}`,
    source: 'olmo',
    points: distinct(
      kept
        .filter((row) => row[column])
        .map((row) => ({
          numParameters: number(row, 'n_nonemb'),
          numTokens: number(row, 'tokens'),
          loss: number(row, column),
          flops: number(row, 'flops'),
        })),
    ),
  }));
}

const finishedModels = ['peteish7_eval_anneal', 'peteish13_eval_final'];

/** Each training once: a fit refuses a point that is listed twice. */
function distinct(points: readonly ComputePoint[]): ComputePoint[] {
  const key = ({ numParameters, numTokens, loss }: ComputePoint): string => `${numParameters} ${numTokens} ${loss}`;
  return [...new Map(points.map((point) => [key(point), point])).values()];
}

function number(row: Row, column: string): number {
  const value = Number(row[column] || Number.NaN);
  if (!Number.isFinite(value)) throw new Error(`Column ${column} holds ${JSON.stringify(row[column])}, not a number.`);
  return value;
}

/** Plain comma-separated values: none of the tables quotes a cell. */
function rowsOf(text: string): Row[] {
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
  });
}

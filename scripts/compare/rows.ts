import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvalSums } from '#analysis/metrics.ts';
import type { ConfigValue } from '#sae/config.ts';

/** What is trained: one cell of the grid. */
export interface Cell {
  readonly layer: number;
  readonly variant: string;
  /** Active features a token that the SAE is to have. */
  readonly k: number;
  readonly seed: number;
}
/** What the cells of a table have in common; a row made under other settings is another table's. */
export interface Settings {
  readonly model: string;
  readonly tokens: number;
  readonly d_sae: number;
  readonly batch: number;
  /** Held-out windows of the evaluation. */
  readonly windows: number;
}
/** One finished cell: .cache/compare/<settings>/<cell>.json. */
export interface Row extends Cell {
  readonly settings: Settings;
  readonly title: string;
  readonly ours: boolean;
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly end: string;
  readonly steps: number;
  /** Of training alone: no harvest, no evaluation. */
  readonly stepsPerSecond: number;
  readonly adapter: string;
  /** Values of decisions 14 to 16 on the held-out windows. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Gini coefficient of the features' densities: 0 all alike, 1 one fires alone. */
  readonly gini: number;
  /** Share of features that fire on less than a tenth of the mean density. */
  readonly underUsed: number;
  /** Sums by evaluation batch, which the bootstrap draws from. */
  readonly batches: readonly EvalSums[];
}

const ROOT = '.cache/compare';

export const folderOf = (s: Settings): string =>
  join(ROOT, `${s.model.slice(0, 12)}-${s.tokens}-${s.d_sae}-${s.batch}-${s.windows}`);
export const nameOf = (c: Cell): string => `layer${c.layer}-${c.variant}-k${c.k}-seed${c.seed}`;
const fileOf = (s: Settings, c: Cell): string => join(folderOf(s), `${nameOf(c)}.json`);

export const hasRow = (s: Settings, c: Cell): boolean => existsSync(fileOf(s, c));

/** Written whole or not at all, so an interrupted run leaves no half row. */
export function writeRow(row: Row): void {
  const file = fileOf(row.settings, row);
  mkdirSync(folderOf(row.settings), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(row));
  renameSync(`${file}.part`, file);
}

/** Every row of these settings, in the order of layer, variant, k and seed. */
export function readRows(s: Settings): Row[] {
  const dir = folderOf(s);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.startsWith('layer') && name.endsWith('.json'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as Row);
}

/** Gini coefficient Σ(2i − n − 1)·x_i ÷ (n·Σx), x ascending, i from 1; 0 when nothing fires. */
export function gini(density: ArrayLike<number>): number {
  const x = Float64Array.from(density).sort();
  const total = x.reduce((s, v) => s + v, 0);
  const weighted = x.reduce((s, v, i) => s + (2 * (i + 1) - x.length - 1) * v, 0);
  return total > 0 ? weighted / (x.length * total) : 0;
}

export function underUsed(density: Float32Array): number {
  const mean = density.reduce((s, v) => s + v, 0) / density.length;
  return density.filter((d) => d < mean / 10).length / density.length;
}

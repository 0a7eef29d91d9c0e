import type { FeatureTable } from '#engine/protocol/features.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import type { FeatureColumn } from '#share/view_ref.ts';
import { factWords } from '../feature/fact_words.ts';

/** What the table shows, in which order. */
export interface TableQuery {
  readonly sort: FeatureColumn;
  readonly desc: boolean;
  /** Inclusive density range, shares 0..1. */
  readonly minDensity?: number | undefined;
  readonly maxDensity?: number | undefined;
  /** Direct effect of each feature on the promoted token, when one is asked for. */
  readonly effect?: Float32Array | undefined;
  /** What features track, and words that a shown feature's fact contains. */
  readonly truth?: TruthTable | undefined;
  readonly tracks?: string | undefined;
}

/** Head with the largest share of the feature's decoder row, and that share 0..1. */
export function dominantHead(
  table: FeatureTable,
  feature: number,
): { readonly head: number; readonly share: number } {
  let head = 0;
  let share = 0;
  for (let h = 0; h < table.n_heads; h++) {
    const s = table.headShare[feature * table.n_heads + h] ?? 0;
    if (s > share) {
      head = h;
      share = s;
    }
  }
  return { head, share };
}

/** Feature indices that pass the filters, in the order of the query; ties by lower index. */
export function orderRows(table: FeatureTable, q: TableQuery): Uint32Array {
  const low = q.minDensity ?? 0;
  const high = q.maxDensity ?? 1;
  const kept: number[] = [];
  for (let f = 0; f < table.density.length; f++) {
    const d = table.density[f] as number;
    if (d >= low && d <= high && tracksWords(q, f)) kept.push(f);
  }
  const key = keyOf(table, q);
  const sign = q.desc ? -1 : 1;
  kept.sort((a, b) => sign * (key(a) - key(b)) || a - b);
  return Uint32Array.from(kept);
}

/** Whether what the feature tracks contains the words asked for, as the fact or as it reads; all do without a table. */
function tracksWords({ truth, tracks }: TableQuery, feature: number): boolean {
  const wanted = tracks?.trim().toLowerCase();
  if (!truth || !wanted) return true;
  const facts = truth.facts[feature] ?? [];
  return `${facts.join(' ')} ${factWords(facts)}`.toLowerCase().includes(wanted);
}

function keyOf(table: FeatureTable, { sort, effect, truth }: TableQuery): (f: number) => number {
  switch (sort) {
    case 'feature':
      return (f) => f;
    case 'density':
      return (f) => table.density[f] ?? 0;
    case 'maxAct':
      return (f) => table.maxAct[f] ?? 0;
    case 'headShare':
      return (f) => dominantHead(table, f).share;
    case 'effect':
      return (f) => effect?.[f] ?? 0;
    case 'tracks':
      // A feature without a fact has no F1: below every other, either way.
      return (f) => (truth?.facts[f]?.length ? (truth.f1[f] ?? 0) : -1);
  }
}

/** The smallest density that a log slider reaches: one firing in ten million tokens. */
const LOWEST = 1e-7;

/** Position 0..100 of a log slider for a density; 0 stands for no lower bound. */
export const sliderOfDensity = (d: number | undefined): number =>
  d === undefined || d <= LOWEST ? 0 : Math.round((1 - Math.log10(d) / Math.log10(LOWEST)) * 1000) / 10;

/** Density of a slider position, two significant digits; the ends mean "no bound". */
export function densityOfSlider(position: number): number | undefined {
  if (position <= 0 || position >= 100) return undefined;
  return Number((10 ** (Math.log10(LOWEST) * (1 - position / 100))).toPrecision(2));
}

/** Counts for the summary line: dead features, and those in the range. */
export function countDead(density: Float32Array): number {
  let n = 0;
  for (const d of density) if (d === 0) n++;
  return n;
}

import type { Mix } from '#text/storyland/storyland.ts';

/** A stretch of training: row lengths in turn, and the share of tokens per kind beside the base mix. */
export interface Stage {
  readonly tokens: number;
  readonly rows: readonly number[];
  /** Shares of tokens: random copies, indirect objects, short exchanges; the rest is the base mix. */
  readonly echo: number;
  readonly ioi: number;
  readonly pair: number;
  /** Weight in per cent of the first pass of a random sequence in the loss; later 100, so the model stays calibrated. */
  readonly fresh: number;
}

/** Short rows first: copying does not form in rows of 128 (specs: embedded model). */
export const STAGES: readonly Stage[] = [
  { tokens: 500_000, rows: [32], echo: 0.34, ioi: 0.06, pair: 0.26, fresh: 10 },
  { tokens: 2_000_000, rows: [64, 64, 64, 128], echo: 0.3, ioi: 0.14, pair: 0.14, fresh: 10 },
  { tokens: 2_500_000, rows: [128], echo: 0.15, ioi: 0.2, pair: 0.06, fresh: 30 },
  { tokens: 4_500_000, rows: [128], echo: 0.1, ioi: 0.14, pair: 0.02, fresh: 100 },
];

/** Weight in per cent of an answer, which only the context tells. */
export const ANSWER_WEIGHT = 250;

/** Tokens of a batch, whatever its rows. */
export const BATCH_TOKENS = 2048;

/** Mean tokens of a document by kind, to turn shares of tokens into shares of documents. */
export type MeanTokens = Readonly<Record<string, number>>;

/** Document weights that give the stage's token shares (echo is drawn apart). */
export function stageMix(stage: Stage, base: Mix, mean: MeanTokens): Mix {
  const tokens = (kind: string): number => (base[kind] ?? 0) * (mean[kind] ?? 1);
  const rest = Object.keys(base).filter((kind) => !['ioi', 'pair', 'echo'].includes(kind));
  const total = rest.reduce((sum, kind) => sum + tokens(kind), 0);
  const text = 1 - stage.ioi - stage.pair - stage.echo;
  const weight = (kind: 'ioi' | 'pair'): number => ((stage[kind] / text) * total) / (mean[kind] ?? 1);
  return {
    ...Object.fromEntries(rest.map((kind) => [kind, base[kind] ?? 0])),
    ioi: weight('ioi'),
    pair: weight('pair'),
  };
}

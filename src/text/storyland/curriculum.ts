import type { Mix } from './storyland.ts';

/** A stretch of training: row lengths in turn, and the share of tokens per kind beside the base mix. */
export interface Stage {
  readonly tokens: number;
  readonly rows: readonly number[];
  /** Share of tokens of random copies. */
  readonly echo: number;
  /** Shares of tokens of kinds that teach looking back; the other kinds share the rest as in the base mix. */
  readonly shares: Readonly<Record<string, number>>;
  /** Weight in per cent of the first pass of a random sequence in the loss; later 100, so the model stays calibrated. */
  readonly fresh: number;
  readonly bare: BareCopies;
  /** Share of documents that come after an odd opening: pieces that begin no document, never predicted, then a line break. */
  readonly odd: number;
}

/** Random copies without the "Echo :" marker. */
export interface BareCopies {
  /** Share of random copies. */
  readonly share: number;
  /** Of them, the share drawn from the whole vocabulary instead of from whole words. */
  readonly any: number;
  /** The shortest sequence, tokens. */
  readonly leastLoop: number;
}

/** Bare copies of any length teach that whatever stands there can come again. */
const BARE_FIRST: BareCopies = { share: 0.3, any: 0.15, leastLoop: 3 };
/**
 * In the end few and long ones are left, and odd openings come before ordinary documents: otherwise an odd prompt is the
 * beginning of a copy, and what follows it goes round in a loop.
 */
const BARE_LAST: BareCopies = { share: 0.1, any: 0, leastLoop: 20 };

/** Short rows first: copying does not form in rows of 128 (specs: embedded model). */
export const STAGES: readonly Stage[] = [
  {
    tokens: 500_000,
    rows: [32],
    echo: 0.34,
    shares: { ioi: 0.06, pair: 0.24, question: 0.04, code: 0.03 },
    fresh: 10,
    bare: BARE_FIRST,
    odd: 0,
  },
  {
    tokens: 2_000_000,
    rows: [64, 64, 64, 128],
    echo: 0.28,
    shares: { ioi: 0.14, pair: 0.12, question: 0.1, code: 0.08 },
    fresh: 10,
    bare: BARE_FIRST,
    odd: 0,
  },
  {
    tokens: 3_500_000,
    rows: [128],
    echo: 0.13,
    shares: { ioi: 0.16, pair: 0.05, question: 0.14, code: 0.1 },
    fresh: 30,
    bare: BARE_FIRST,
    odd: 0,
  },
  {
    tokens: 8_000_000,
    rows: [128],
    echo: 0.1,
    shares: { ioi: 0.1, pair: 0.02, question: 0.12, code: 0.09 },
    fresh: 100,
    bare: BARE_LAST,
    odd: 0.06,
  },
  // The finish, at a rate of its own: who did what, asked both ways round, takes more questions than the mix has.
  {
    tokens: 2_000_000,
    rows: [128],
    echo: 0.1,
    shares: { ioi: 0.1, pair: 0.02, question: 0.28, code: 0.09 },
    fresh: 100,
    bare: BARE_LAST,
    odd: 0.06,
  },
];

/** Weight in per cent of an answer, which only the context tells. */
export const ANSWER_WEIGHT = 250;

/** Tokens of a batch, whatever its rows. */
export const BATCH_TOKENS = 2048;

/** Mean tokens of a document by kind, to turn shares of tokens into shares of documents. */
export type MeanTokens = Readonly<Record<string, number>>;

/** Document weights that give the stage's token shares (echo is drawn apart). */
export function stageMix({ echo, shares }: Stage, base: Mix, mean: MeanTokens): Mix {
  const rest = Object.keys(base).filter((kind) => kind !== 'echo' && !(kind in shares));
  const total = rest.reduce((sum, kind) => sum + (base[kind] ?? 0) * (mean[kind] ?? 1), 0);
  const text = 1 - echo - Object.values(shares).reduce((a, b) => a + b, 0);
  return {
    ...Object.fromEntries(rest.map((kind) => [kind, base[kind] ?? 0])),
    ...Object.fromEntries(
      Object.entries(shares).map(([kind, share]) => [kind, ((share / text) * total) / (mean[kind] ?? 1)]),
    ),
  };
}

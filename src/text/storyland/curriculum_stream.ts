import { makeRng } from '#base/rng.ts';
import { STAGES, type Stage, stageMix } from './curriculum.ts';
import { fillRow, meanTokens, type StreamSource } from './curriculum_rows.ts';
import { BASE_MIX, type Mix, storyland } from './storyland.ts';

/** One step's data, [batch, seq] each; a target of 0xffffffff is not predicted; weights add up to 1. */
export interface CurriculumBatch {
  readonly batch: number;
  readonly seq: number;
  readonly tokens: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
}

/** Sizes of a stream: tokens in all, tokens of a batch (a multiple of ctx), and the longest row. */
export interface CurriculumSizes {
  readonly tokens: number;
  readonly batch: number;
  readonly ctx: number;
}

interface FittedStage {
  readonly stage: Stage;
  readonly mix: Mix;
  /** Row lengths of its steps in turn. */
  readonly lengths: readonly number[];
}

const NO_TARGET = 0xffffffff;

/**
 * The curriculum of the embedded model, shortened or stretched to other sizes; every batch can be made by itself.
 *
 * A stage keeps its share of the tokens. Its longest rows become rows of ctx; shorter ones stay, as far as they fit.
 */
export class CurriculumStream {
  readonly steps: number;
  readonly #source: StreamSource;
  readonly #batch: number;
  /** Step after the last one of each stage. */
  readonly #ends: readonly number[];
  readonly #stages: readonly FittedStage[];

  constructor(source: StreamSource, { tokens, batch, ctx }: CurriculumSizes) {
    const total = STAGES.reduce((sum, s) => sum + s.tokens, 0);
    const longest = Math.max(...STAGES.flatMap((s) => s.rows));
    const fit = (length: number): number => {
      const wanted = length === longest ? ctx : Math.min(length, ctx);
      return batch % wanted === 0 ? wanted : ctx;
    };
    const mean = meanTokens(source);
    this.#source = source;
    this.#batch = batch;
    this.steps = Math.max(1, Math.round(tokens / batch));
    this.#stages = STAGES.map((stage) => ({
      stage,
      mix: stageMix(stage, BASE_MIX, mean),
      lengths: stage.rows.map(fit),
    }));
    let sum = 0;
    this.#ends = STAGES.map((stage) => {
      sum += stage.tokens;
      return Math.round((this.steps * sum) / total);
    });
  }

  /** The data of a step, counted from 0: the same whatever was asked before. */
  batch(step: number): CurriculumBatch {
    const at = Math.max(
      0,
      this.#ends.findIndex((end) => step < end),
    );
    const { stage, mix, lengths } = this.#stages[at] as FittedStage;
    const seq = lengths[step % lengths.length] as number;
    const seed = `${this.#source.seed}/batch/${step}`;
    const maker = { source: this.#source, rng: makeRng(seed), land: storyland(seed, mix), stage };
    const tokens = new Uint16Array(this.#batch);
    const weights = new Uint8Array(this.#batch).fill(100);
    for (let from = 0; from < this.#batch; from += seq)
      fillRow(maker, tokens.subarray(from, from + seq), weights.subarray(from, from + seq));
    return batchOf(tokens, weights, seq);
  }
}

/** Each token but the last of a row predicts the next, whose weight (per cent) counts. */
export function batchOf(ids: Uint16Array, percent: Uint8Array, seq: number): CurriculumBatch {
  const isLast = (i: number): boolean => i % seq === seq - 1;
  const tokens = Uint32Array.from(ids);
  const targets = Uint32Array.from(ids, (_, i) => (isLast(i) ? NO_TARGET : (ids[i + 1] as number)));
  const raw = Float32Array.from(ids, (_, i) => (isLast(i) ? 0 : (percent[i + 1] as number)));
  const total = raw.reduce((a, b) => a + b, 0);
  return { batch: ids.length / seq, seq, tokens, targets, weights: raw.map((w) => w / total) };
}

/** Rows of `ctx` ids of documents of the base mix, each document after a BOS; from a seed of its own. */
export function documentRows(
  source: StreamSource,
  seed: string,
  o: { readonly ctx: number; readonly count: number },
): number[][] {
  const land = storyland(seed, BASE_MIX);
  return Array.from({ length: o.count }, () => {
    const row: number[] = [];
    while (row.length < o.ctx) row.push(source.bos, ...source.encode(land.document().text));
    return row.slice(0, o.ctx);
  });
}

import { makeRng } from '#base/rng.ts';
import { BATCH_TOKENS, STAGES, stageMix } from '#text/storyland/curriculum.ts';
import { fillRow, meanTokens, type StreamSource } from '#text/storyland/curriculum_rows.ts';
import { BASE_MIX, storyland } from '#text/storyland/storyland.ts';

/** The training data in training order. `weights` are per cent: less than 100 on the first pass of a random sequence. */
export interface Stream {
  readonly tokens: Uint16Array;
  readonly weights: Uint8Array;
  /** Row length of each batch; a batch has BATCH_TOKENS ÷ row length rows. */
  readonly rows: readonly number[];
  /** Batches of the last stage, which has learning rates of its own. */
  readonly finish: number;
}

/** All batches of all stages. */
export function makeStream(source: StreamSource): Stream {
  const batches = STAGES.map((s) => Math.round(s.tokens / BATCH_TOKENS));
  const total = batches.reduce((a, b) => a + b, 0) * BATCH_TOKENS;
  const tokens = new Uint16Array(total);
  const weights = new Uint8Array(total).fill(100);
  const rows: number[] = [];
  const mean = meanTokens(source);
  let at = 0;
  STAGES.forEach((stage, s) => {
    const rng = makeRng(`stream/${source.seed}/${s}`);
    const land = storyland(`${source.seed}/train/${s}`, stageMix(stage, BASE_MIX, mean));
    for (let b = 0; b < (batches[s] as number); b++) {
      const length = stage.rows[b % stage.rows.length] as number;
      rows.push(length);
      for (let r = 0; r < BATCH_TOKENS / length; r++, at += length) {
        fillRow(
          { source, rng, land, stage },
          tokens.subarray(at, at + length),
          weights.subarray(at, at + length),
        );
      }
    }
  });
  return { tokens, weights, rows, finish: batches.at(-1) as number };
}

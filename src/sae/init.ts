import type { Rng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { ActivationSource } from './sae.ts';
import { padded, type StepShape, type StepSpace } from './space.ts';

type A = Float32Array<ArrayBuffer>;

/** Rows from which b_dec and the input scale are taken (decision 22). */
const INIT_ROWS = 8192;

/** What the first rows of a source say. */
export interface InputStats {
  /** [d_in], mean of x in model units. */
  readonly mean: Float64Array;
  /** sqrt(d_in) ÷ E‖x‖. */
  readonly scale: number;
  readonly rows: number;
}

/**
 * Mean and scale of the first min(8192, tokens ÷ 10) rows, at least one batch; these rows are not trained on.
 * Undefined when the source has not even one batch.
 */
export async function measureInput(
  gpu: Gpu,
  source: ActivationSource,
  o: { batch: number; tokens: number },
  signal: AbortSignal,
): Promise<InputStats | undefined> {
  const wanted = Math.max(1, Math.ceil(Math.min(INIT_ROWS, o.tokens / 10) / o.batch));
  const mean = new Float64Array(source.d_in);
  let norms = 0;
  let count = 0;
  for (let i = 0; i < wanted; i++) {
    const rows = await source.next(o.batch, signal);
    if (!rows) break;
    // The start of a run waits here, once for every batch of the first rows.
    const data = await gpu.readF32(rows.x);
    for (let at = 0; at < data.length; at += source.d_in) {
      let sum = 0;
      for (let c = 0; c < source.d_in; c++) {
        const v = data[at + c] as number;
        mean[c] = (mean[c] as number) + v;
        sum += v * v;
      }
      norms += Math.sqrt(sum);
    }
    count += o.batch;
  }
  if (count === 0) return undefined;
  return {
    mean: mean.map((v) => v / count),
    scale: Math.sqrt(source.d_in) / Math.max(norms / count, 1e-30),
    rows: count,
  };
}

/** Seeded unit rows [d_sae, d_pad], zero beyond d_in. */
function unitRows(rng: Rng, { d_sae, d_in }: StepShape): A {
  const d_pad = padded(d_in);
  const out = new Float32Array(d_sae * d_pad);
  for (let f = 0; f < d_sae; f++) {
    let sum = 0;
    for (let i = 0; i < d_in; i++) {
      const v = rng.normal();
      out[f * d_pad + i] = v;
      sum += v * v;
    }
    const norm = 1 / Math.sqrt(Math.max(sum, 1e-30));
    for (let i = 0; i < d_in; i++) out[f * d_pad + i] = (out[f * d_pad + i] as number) * norm;
  }
  return out;
}

/** W_dec: seeded unit rows; W_enc: the same rows (W_dec = W_encᵀ in file layout); b_enc 0; b_dec the scaled mean. */
export function initState(gpu: Gpu, space: StepSpace, rng: Rng, b_dec: ArrayLike<number>): void {
  const rows = unitRows(rng.fork('init/W_dec'), space.shape);
  gpu.write(space.W_dec.w, rows);
  gpu.write(space.W_enc.w, rows);
  const bias = new Float32Array(padded(space.shape.d_in));
  bias.set(Array.from(b_dec));
  gpu.write(space.b_dec.w, bias);
  const scalars = new Float32Array(space.f32('scalars').shape[0] as number);
  scalars[0] = 1; // gradient factor of the first step: nothing to clip by yet
  gpu.write(space.f32('scalars'), scalars);
}

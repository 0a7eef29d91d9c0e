import type { Checkpoint } from './checkpoint.ts';
import type { SaeConfig } from './config.ts';
import { foldGated } from './fold_gated.ts';
import { padded } from './space.ts';
import type { ActRuleSpec } from './variant.ts';
import type { SaeWeights } from './weights.ts';

type A = Float32Array<ArrayBuffer>;

/** Rows without their padding columns, times `factor`. */
function unpadded(data: A, d_in: number, factor: number): A {
  const d_pad = padded(d_in);
  const out = new Float32Array((data.length / d_pad) * d_in);
  for (let row = 0; row * d_pad < data.length; row++)
    for (let i = 0; i < d_in; i++) out[row * d_in + i] = (data[row * d_pad + i] as number) * factor;
  return out;
}

/**
 * The SAE of a checkpoint in model units: with s the input scale, W_enc·s, W_dec ÷ s, b_dec ÷ s, b_enc
 * and theta as they are (SAELens's fold_activation_norm_scaling_factor).
 *
 * Free decoder norms n_f then go into the encoder, where a feature's act depends on it alone (relu, threshold): W_dec ÷ n,
 * W_enc, b_enc and theta · n, with the same output (fold_W_dec_norm). A gate's r_mag, a logarithm of a ratio, stays.
 */
export function foldedWeights(
  c: Checkpoint,
  actRule: ActRuleSpec,
  cfg: Pick<SaeConfig, 'applyBDecToInput' | 'unitNorm'>,
): SaeWeights {
  const { d_in, d_sae, scale } = c.meta;
  const get = (name: string): A => c.tensors.get(name) as A;
  const W_dec = unpadded(get('W_dec'), d_in, 1 / scale);
  const norms =
    cfg.unitNorm || actRule.kind === 'topk' ? new Float64Array(d_sae).fill(1) : normsOf(W_dec, d_in);
  return {
    d_in,
    d_sae,
    actRule,
    applyBDecToInput: cfg.applyBDecToInput,
    ...encoderOf(c, actRule, norms),
    W_dec: W_dec.map((v, i) => v / (norms[Math.floor(i / d_in)] as number)),
    b_dec: unpadded(get('b_dec'), d_in, 1 / scale),
  };
}

/** Norms of rows; 1 for a row of zeros, which has no direction. */
function normsOf(rows: A, d_in: number): Float64Array {
  const sums = new Float64Array(rows.length / d_in);
  rows.forEach((v, i) => {
    const f = Math.floor(i / d_in);
    sums[f] = (sums[f] as number) + v * v;
  });
  return sums.map((s) => Math.sqrt(s) || 1);
}

/** The encoder of a checkpoint, scale and norms folded; a gated one becomes a threshold rule and is kept beside it. */
function encoderOf(
  c: Checkpoint,
  actRule: ActRuleSpec,
  norms: Float64Array,
): Pick<SaeWeights, 'W_enc' | 'b_enc' | 'theta' | 'gated'> {
  const { d_in, scale } = c.meta;
  const get = (name: string): A => c.tensors.get(name) as A;
  const times = (name: string): A => get(name).map((v, f) => v * (norms[f] as number));
  const W_enc = unpadded(get('W_enc'), d_in, scale).map(
    (v, i) => v * (norms[Math.floor(i / d_in)] as number),
  );
  if (c.tensors.has('r_mag')) {
    const gated = { W_enc, b_gate: times('b_gate'), b_mag: times('b_mag'), r_mag: get('r_mag').slice() };
    return { ...foldGated(gated, d_in), gated };
  }
  const b_enc = times('b_enc');
  return actRule.kind === 'threshold' ? { W_enc, b_enc, theta: times('theta') } : { W_enc, b_enc };
}

/** Firings ÷ tokens since the counts began: at step `resetAfter` when the run has passed it, else at its start. */
export function densityOf(
  c: {
    readonly meta: Pick<Checkpoint['meta'], 'step' | 'batch'>;
    readonly tensors: Checkpoint['tensors'];
  },
  resetAfter: number,
): Float32Array {
  const from = c.meta.step > resetAfter ? resetAfter : 0;
  const tokens = Math.max(1, (c.meta.step - from) * c.meta.batch);
  return Float32Array.from(c.tensors.get('fired') as Uint32Array, (n) => n / tokens);
}

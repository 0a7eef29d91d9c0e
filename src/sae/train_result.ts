import type { Checkpoint } from './checkpoint.ts';
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
 */
export function foldedWeights(c: Checkpoint, actRule: ActRuleSpec, applyBDecToInput: boolean): SaeWeights {
  const { d_in, d_sae, scale } = c.meta;
  const get = (name: string): A => c.tensors.get(name) as A;
  return {
    d_in,
    d_sae,
    actRule,
    applyBDecToInput,
    ...encoderOf(c, actRule),
    W_dec: unpadded(get('W_dec'), d_in, 1 / scale),
    b_dec: unpadded(get('b_dec'), d_in, 1 / scale),
  };
}

/** The encoder of a checkpoint, input scale folded; a gated one becomes a threshold rule and is kept beside it. */
function encoderOf(
  c: Checkpoint,
  actRule: ActRuleSpec,
): Pick<SaeWeights, 'W_enc' | 'b_enc' | 'theta' | 'gated'> {
  const get = (name: string): A => c.tensors.get(name) as A;
  const W_enc = unpadded(get('W_enc'), c.meta.d_in, c.meta.scale);
  if (c.tensors.has('r_mag')) {
    const [b_gate, b_mag, r_mag] = [get('b_gate').slice(), get('b_mag').slice(), get('r_mag').slice()];
    const gated = { W_enc, b_gate, b_mag, r_mag };
    return { ...foldGated(gated, c.meta.d_in), gated };
  }
  const b_enc = get('b_enc').slice();
  return actRule.kind === 'threshold' ? { W_enc, b_enc, theta: get('theta').slice() } : { W_enc, b_enc };
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

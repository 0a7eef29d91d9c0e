import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { GatedEncoder } from './fold_gated.ts';
import { padded } from './space.ts';
import { foldedWeights } from './train_result.ts';
import type { ActRuleSpec } from './variant.ts';
import type { SaeWeights } from './weights.ts';

const [D_IN, D_SAE, N, SCALE] = [5, 11, 9, 2.5];

/** Decoder rows of norms far from 1; feature 3 has none at all. */
function checkpoint(gated: boolean): Checkpoint {
  const rng = makeRng('fold norms');
  const d_pad = padded(D_IN);
  const rows = (): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: D_SAE * d_pad }, (_, i) => (i % d_pad < D_IN ? rng.normal() : 0));
  const each = (): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: D_SAE }, () => 0.4 * rng.normal());
  const W_dec = rows();
  W_dec.fill(0, 3 * d_pad, 4 * d_pad);
  const b_dec = new Float32Array(d_pad);
  b_dec.set(each().subarray(0, D_IN));
  const own = gated ? { b_gate: each(), b_mag: each(), r_mag: each() } : { theta: each().map(Math.abs) };
  const tensors = { W_enc: rows(), b_enc: gated ? new Float32Array(D_SAE) : each(), W_dec, b_dec, ...own };
  const meta = { d_in: D_IN, d_sae: D_SAE, scale: SCALE } as Checkpoint['meta'];
  return { meta, tensors: new Map(Object.entries(tensors)) };
}

/** Acts [N, d_sae] of a rule in f64. */
function actsOf(x: Float64Array, w: SaeWeights): Float64Array {
  return Float64Array.from({ length: N * D_SAE }, (_, at) => {
    const [t, f] = [Math.floor(at / D_SAE), at % D_SAE];
    let a = w.b_enc[f]!;
    for (let i = 0; i < D_IN; i++) a += (x[t * D_IN + i]! - w.b_dec[i]!) * w.W_enc[f * D_IN + i]!;
    return a > (w.theta?.[f] ?? 0) ? Math.max(a, 0) : 0;
  });
}

/** The same of the gated tensors that leave at export. */
function gatedActsOf(x: Float64Array, w: SaeWeights, gated: GatedEncoder): Float64Array {
  return Float64Array.from({ length: N * D_SAE }, (_, at) => {
    const [t, f] = [Math.floor(at / D_SAE), at % D_SAE];
    let p = 0;
    for (let i = 0; i < D_IN; i++) p += (x[t * D_IN + i]! - w.b_dec[i]!) * gated.W_enc[f * D_IN + i]!;
    return p + gated.b_gate[f]! > 0 ? Math.max(0, Math.exp(gated.r_mag[f]!) * p + gated.b_mag[f]!) : 0;
  });
}

const reconOf = (acts: Float64Array, w: SaeWeights): Float64Array =>
  Float64Array.from({ length: N * D_IN }, (_, at) => {
    const [t, i] = [Math.floor(at / D_IN), at % D_IN];
    let sum = w.b_dec[i]!;
    for (let f = 0; f < D_SAE; f++) sum += acts[t * D_SAE + f]! * w.W_dec[f * D_IN + i]!;
    return sum;
  });

const norms = (w: SaeWeights): number[] =>
  Array.from({ length: D_SAE }, (_, f) => Math.hypot(...w.W_dec.subarray(f * D_IN, (f + 1) * D_IN)));
/** f32 weights, sums of 55 products of size 1. */
const expectClose = (got: Float64Array, want: Float64Array): void =>
  got.forEach((v, i) => {
    expect(Math.abs(v - want[i]!)).toBeLessThan(2e-6 * (1 + Math.abs(want[i]!)));
  });

for (const [name, rule, gated] of [
  ['relu', { kind: 'relu' }, false],
  ['threshold', { kind: 'threshold' }, false],
  ['gated', { kind: 'threshold' }, true],
] as const satisfies readonly (readonly [string, ActRuleSpec, boolean])[])
  test(`${name}: free decoder norms are folded into the encoder, and the output stays`, () => {
    const rng = makeRng('rows');
    const x = Float64Array.from({ length: N * D_IN }, () => rng.normal());
    const fold = (unitNorm: boolean): SaeWeights =>
      foldedWeights(checkpoint(gated), rule, { applyBDecToInput: true, unitNorm });
    const [kept, folded] = [fold(true), fold(false)];
    norms(folded).forEach((n, f) => {
      expect(Math.abs(n - (f === 3 ? 0 : 1)), `norm of row ${f}`).toBeLessThan(1e-6);
      expect(Math.abs(norms(kept)[f]! - 1)).toBeGreaterThan(1e-3);
    });
    expect(Array.from(actsOf(x, kept), Boolean)).toEqual(Array.from(actsOf(x, folded), Boolean));
    const want = reconOf(actsOf(x, kept), kept);
    expectClose(reconOf(actsOf(x, folded), folded), want);
    expect(actsOf(x, folded).filter((a) => a > 0).length).toBeGreaterThan(10);
    // What leaves at export says the same as its folded form; the logarithm of the ratio is not scaled.
    expect(folded.gated?.r_mag).toEqual(kept.gated?.r_mag);
    if (folded.gated) expectClose(reconOf(gatedActsOf(x, folded, folded.gated), folded), want);
  });

test('topk keeps its norms, since they would change which features are kept', () => {
  const rule: ActRuleSpec = { kind: 'topk', k: 3 };
  const fold = (unitNorm: boolean) =>
    foldedWeights(checkpoint(false), rule, { applyBDecToInput: true, unitNorm });
  expect(fold(false)).toEqual(fold(true));
});

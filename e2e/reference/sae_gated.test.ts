import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { type GatedRefParams, gatedGradsRef, gatedLossRef } from './sae_gated.ts';

test('the gradients of the gated oracle are the slopes of its loss, with the decoder of the gate path held still', () => {
  const c = { n: 7, d_in: 5, d_sae: 13, lambda: 0.4 };
  const rng = makeRng('gated differences');
  const draw = (n: number, scale: number): Float64Array =>
    Float64Array.from({ length: n }, () => scale * rng.normal());
  const w: GatedRefParams = {
    W_enc: draw(c.d_sae * c.d_in, 1),
    b_gate: draw(c.d_sae, 0.3),
    b_mag: draw(c.d_sae, 0.3),
    r_mag: draw(c.d_sae, 0.3),
    W_dec: draw(c.d_sae * c.d_in, 1),
    b_dec: draw(c.d_in, 0.3),
  };
  const x = draw(c.n * c.d_in, 1);
  const g = gatedGradsRef(x, w, c);
  const h = 1e-6;
  for (const name of Object.keys(w) as (keyof GatedRefParams)[])
    for (let i = 0; i < w[name].length; i++) {
      const at = (by: number): number => {
        const moved = { ...w, [name]: w[name].map((v, j) => (j === i ? v + by : v)) };
        // The encoder sees the moved b_dec in both paths; what is added at the end of the gate path stays.
        return gatedLossRef(x, moved, c, w).loss;
      };
      const slope = (at(h) - at(-h)) / (2 * h);
      // f64 loss of about 50: rounding 1e-14 / h = 1e-8, third derivative h² = 1e-12.
      expect(Math.abs(slope - g[name][i]!), `${name}[${i}]`).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
    }
});

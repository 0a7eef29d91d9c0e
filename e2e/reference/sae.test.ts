import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { chooseRef, gradsRef, lossRef, type SaeRefParams } from './sae.ts';

test('the gradients of the oracle are the slopes of its loss, with the choice held constant', () => {
  const c = { n: 7, d_in: 5, d_sae: 13, k: 3, k_aux: 2, auxWeight: 0.7, p: 1 };
  const rng = makeRng('finite differences');
  const draw = (n: number, scale: number): Float64Array =>
    Float64Array.from({ length: n }, () => scale * rng.normal());
  const w: SaeRefParams = {
    W_enc: draw(c.d_sae * c.d_in, 1),
    b_enc: draw(c.d_sae, 0.3),
    W_dec: draw(c.d_sae * c.d_in, 1),
    b_dec: draw(c.d_in, 0.3),
  };
  const x = draw(c.n * c.d_in, 1);
  const choice = chooseRef(x, w, c, (f) => f % 3 === 0);
  expect(choice.aux.length).toBeGreaterThan(5);
  const g = gradsRef(x, w, c, choice);
  const h = 1e-6;
  for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const)
    for (let i = 0; i < w[name].length; i++) {
      const at = (by: number): number => {
        const moved = { ...w, [name]: w[name].map((v, j) => (j === i ? v + by : v)) };
        return lossRef(x, moved, c, choice).loss;
      };
      const slope = (at(h) - at(-h)) / (2 * h);
      // f64 loss of about 10: rounding 1e-15·10/h = 1e-8, third derivative h² = 1e-12.
      expect(Math.abs(slope - g[name][i]!), `${name}[${i}]`).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
    }
});

import type { Entry } from './sae.ts';

/** A batch decoded by nested prefixes of its dictionary, in f64; rows of W_dec are features [d_sae, d_in]. */
export interface PrefixProblem {
  readonly n: number;
  readonly d_in: number;
  readonly ends: readonly number[];
  readonly x: ArrayLike<number>;
  readonly W_dec: ArrayLike<number>;
  readonly b_dec: ArrayLike<number>;
  readonly entries: readonly Entry[];
}

/** recon_h − x [n, d_in] of the features below `end`. */
function missRef(p: PrefixProblem, end: number): Float64Array {
  const out = new Float64Array(p.n * p.d_in);
  for (let i = 0; i < out.length; i++) out[i] = (p.b_dec[i % p.d_in] as number) - (p.x[i] as number);
  for (const { row, f, val } of p.entries)
    if (f < end)
      for (let c = 0; c < p.d_in; c++) out[row * p.d_in + c]! += val * (p.W_dec[f * p.d_in + c] as number);
  return out;
}

/** Σ_h (1/G)·(1/n)·Σ‖recon_h − x‖² (sae-training.md 6.6). */
export function prefixLossRef(p: PrefixProblem): number {
  let loss = 0;
  for (const end of p.ends)
    loss += missRef(p, end).reduce((sum, v) => sum + v * v, 0) / (p.n * p.ends.length);
  return loss;
}

/** S_h [n, d_in] = Σ_{g ≥ h} (2 ÷ (G·n))·(recon_g − x) for every prefix h. */
export function suffixSumsRef(p: PrefixProblem): Float64Array[] {
  const unit = 2 / (p.n * p.ends.length);
  const sums = p.ends.map((end) => missRef(p, end).map((v) => v * unit));
  for (let h = sums.length - 2; h >= 0; h--)
    sums[h] = (sums[h] as Float64Array).map((v, i) => v + (sums[h + 1]?.[i] as number));
  return sums;
}

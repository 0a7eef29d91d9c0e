// Plain f64 loops of the gated SAE: the oracle of its kernels. Never tuned.

type V = Float64Array;

/** Parameters of a gated SAE; rows of W_enc and W_dec are features [d_sae, d_in]. */
export interface GatedRefParams {
  readonly W_enc: V;
  readonly b_gate: V;
  readonly b_mag: V;
  readonly r_mag: V;
  readonly W_dec: V;
  readonly b_dec: V;
}
export interface GatedRefSizes {
  readonly n: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly lambda: number;
}
export interface GatedRefPaths {
  /** [n, d_sae] (x − b_dec)·W_encᵀ. */
  readonly p: V;
  /** [n, d_sae] acts, 1[p + b_gate > 0]·ReLU(exp(r_mag)·p + b_mag), and open gates, ReLU(p + b_gate). */
  readonly acts: V;
  readonly open: V;
}

/** Both paths of a batch x [n, d_in]. */
export function gatedPathsRef(x: ArrayLike<number>, w: GatedRefParams, c: GatedRefSizes): GatedRefPaths {
  const [p, acts, open] = [0, 1, 2].map(() => new Float64Array(c.n * c.d_sae)) as [V, V, V];
  for (let t = 0; t < c.n; t++)
    for (let f = 0; f < c.d_sae; f++) {
      let sum = 0;
      for (let i = 0; i < c.d_in; i++) sum += (x[t * c.d_in + i]! - w.b_dec[i]!) * w.W_enc[f * c.d_in + i]!;
      const at = t * c.d_sae + f;
      p[at] = sum;
      open[at] = Math.max(0, sum + w.b_gate[f]!);
      acts[at] = open[at]! > 0 ? Math.max(0, Math.exp(w.r_mag[f]!) * sum + w.b_mag[f]!) : 0;
    }
  return { p, acts, open };
}

const errors = (x: ArrayLike<number>, code: V, W_dec: V, b_dec: V, c: GatedRefSizes): V =>
  Float64Array.from({ length: c.n * c.d_in }, (_, at) => {
    const [t, i] = [Math.floor(at / c.d_in), at % c.d_in];
    let recon = b_dec[i]!;
    for (let f = 0; f < c.d_sae; f++) recon += code[t * c.d_sae + f]! * W_dec[f * c.d_in + i]!;
    return recon - x[at]!;
  });

const squares = (v: V): number => v.reduce((s, e) => s + e * e, 0);

/**
 * mse + λ·mean Σ open + mean ‖open·W_dec + b_dec − x‖², the decoder of the last term held at `frozen`
 * (Rajamanoharan 2024, arXiv 2404.16014).
 */
export function gatedLossRef(
  x: ArrayLike<number>,
  w: GatedRefParams,
  c: GatedRefSizes,
  frozen: Pick<GatedRefParams, 'W_dec' | 'b_dec'>,
): { loss: number; mse: number; penalty: number; gate: number } {
  const { acts, open } = gatedPathsRef(x, w, c);
  const mse = squares(errors(x, acts, w.W_dec, w.b_dec, c)) / c.n;
  const gate = squares(errors(x, open, frozen.W_dec, frozen.b_dec, c)) / c.n;
  const penalty = (c.lambda * open.reduce((s, v) => s + v, 0)) / c.n;
  return { loss: mse + gate + penalty, mse, gate, penalty };
}

/** Gradients of gatedLossRef by every parameter. */
export function gatedGradsRef(x: ArrayLike<number>, w: GatedRefParams, c: GatedRefSizes): GatedRefParams {
  const { p, acts, open } = gatedPathsRef(x, w, c);
  const { n, d_in, d_sae } = c;
  const R = errors(x, acts, w.W_dec, w.b_dec, c).map((v) => (2 * v) / n);
  const shadow = errors(x, open, w.W_dec, w.b_dec, c).map((v) => (2 * v) / n);
  const zero = (of: V): V => new Float64Array(of.length);
  const g = {
    W_enc: zero(w.W_enc),
    b_gate: zero(w.b_gate),
    b_mag: zero(w.b_mag),
    r_mag: zero(w.r_mag),
    W_dec: zero(w.W_dec),
    b_dec: zero(w.b_dec),
  };
  R.forEach((v, at) => {
    g.b_dec[at % d_in]! += v;
  });
  for (let t = 0; t < n; t++)
    for (let f = 0; f < d_sae; f++) {
      const at = t * d_sae + f;
      if (open[at]! <= 0) continue;
      const scale = Math.exp(w.r_mag[f]!);
      let [d_mag, d_gate] = [0, c.lambda / n];
      for (let i = 0; i < d_in; i++) {
        d_gate += shadow[t * d_in + i]! * w.W_dec[f * d_in + i]!;
        if (acts[at]! > 0) d_mag += R[t * d_in + i]! * w.W_dec[f * d_in + i]!;
        g.W_dec[f * d_in + i]! += acts[at]! * R[t * d_in + i]!;
      }
      g.b_gate[f]! += d_gate;
      g.b_mag[f]! += d_mag;
      g.r_mag[f]! += scale * p[at]! * d_mag;
      for (let i = 0; i < d_in; i++) {
        const d_p = d_gate + scale * d_mag;
        g.W_enc[f * d_in + i]! += (x[t * d_in + i]! - w.b_dec[i]!) * d_p;
        g.b_dec[i]! -= w.W_enc[f * d_in + i]! * d_p;
      }
    }
  return g;
}

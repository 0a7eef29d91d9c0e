// f64 oracle of AdamW: naive, never tuned.

export interface AdamState {
  readonly p: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}
export interface AdamOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

/** The state after step `step` (from 1) with gradient clip·g. */
export function adam(s: AdamState, g: ArrayLike<number>, step: number, o: AdamOptions, clip = 1): AdamState {
  const grad = Float64Array.from(g, (x) => clip * x);
  const m = s.m.map((x, i) => o.beta1 * x + (1 - o.beta1) * (grad[i] as number));
  const v = s.v.map((x, i) => o.beta2 * x + (1 - o.beta2) * (grad[i] as number) ** 2);
  const p = s.p.map((x, i) => {
    const mean = (m[i] as number) / (1 - o.beta1 ** step);
    const root = Math.sqrt((v[i] as number) / (1 - o.beta2 ** step));
    return x - o.lr * o.weightDecay * x - (o.lr * mean) / (root + o.eps);
  });
  return { p, m, v };
}

/** √Σ g² over all tensors. */
export function globalNorm(gs: readonly ArrayLike<number>[]): number {
  let sum = 0;
  for (const g of gs) for (let i = 0; i < g.length; i++) sum += (g[i] as number) ** 2;
  return Math.sqrt(sum);
}

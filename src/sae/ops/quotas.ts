import { WorkbenchError } from '#base/errors.ts';

/** Zipf-Mandelbrot law: density of rank r = 1, 2, … in proportion to (r + q)^−s. */
export interface ZipfLaw {
  readonly s: number;
  readonly q: number;
}

/** Shares of `count` ranks by the law, not normalised; rank 1 first. */
export const zipfShares = ({ s, q }: ZipfLaw, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, r) => (r + 1 + q) ** -s);

/**
 * Whole quotas low ≤ m_i ≤ high that sum to `total`, near total·share_i ÷ Σ share (decision 23, largest remainder).
 *
 * Real quotas are clamped to the bounds and what clamping leaves goes to the free ones in proportion, the side that is
 * further out first; then floors, and the largest fractions get one more, ties to the lower index.
 * @throws WorkbenchError('format') when no quotas within the bounds sum to `total`.
 */
export function largestRemainder(
  shares: ArrayLike<number>,
  total: number,
  low: number,
  high: number,
): Uint32Array<ArrayBuffer> {
  const count = shares.length;
  if (total < low * count || total > high * count)
    throw new WorkbenchError(
      'format',
      `Quotas of ${low} to ${high} for ${count} features cannot sum to ${total}.`,
    );
  const out = new Float64Array(count);
  let free = Array.from({ length: count }, (_, i) => i);
  let rest = total;
  const settle = (which: readonly number[], value: number): void => {
    for (const i of which) out[i] = value;
    rest -= value * which.length;
    const gone = new Set(which);
    free = free.filter((i) => !gone.has(i));
  };
  while (free.length > 0) {
    const unit = rest / free.reduce((sum, i) => sum + (shares[i] as number), 0);
    for (const i of free) out[i] = unit * (shares[i] as number);
    const over = free.filter((i) => (out[i] as number) > high);
    const under = free.filter((i) => (out[i] as number) < low);
    if (over.length + under.length === 0) break;
    const excess = over.reduce((sum, i) => sum + (out[i] as number) - high, 0);
    const lack = under.reduce((sum, i) => sum + low - (out[i] as number), 0);
    if (excess >= lack) settle(over, high);
    else settle(under, low);
  }
  const fraction = new Map(free.map((i) => [i, (out[i] as number) % 1]));
  for (const i of free) out[i] = Math.floor(out[i] as number);
  const left = total - out.reduce((sum, v) => sum + v, 0);
  free.sort((a, b) => (fraction.get(b) as number) - (fraction.get(a) as number) || a - b);
  for (const i of free.slice(0, left)) out[i] = (out[i] as number) + 1;
  return Uint32Array.from(out);
}

/** Features by falling density, ties to the lower feature. */
export const ranked = (density: ArrayLike<number>): number[] =>
  Array.from({ length: density.length }, (_, f) => f).sort(
    (a, b) => (density[b] as number) - (density[a] as number) || a - b,
  );

/** Share of the firing features that the fit takes: the low end falls off the law (sae-training.md 4.2). */
const FITTED = 0.8;

/**
 * The law that fits densities best: least squares of log density against log(rank + q), over the densest 80 % of the
 * features that fire; q is searched, s follows from it. Fewer than three such features, or flat ones: the fallback.
 */
export function fitZipf(density: ArrayLike<number>, fallback: ZipfLaw): ZipfLaw {
  const logs = Array.from(density)
    .filter((d) => d > 0)
    .sort((a, b) => b - a)
    .map((d) => Math.log(d));
  const y = logs.slice(0, Math.floor(logs.length * FITTED));
  if (y.length < 3 || (y[0] as number) - (y.at(-1) as number) < 1e-9) return fallback;
  let best = { s: fallback.s, q: fallback.q, error: Number.POSITIVE_INFINITY };
  for (let i = 0; i <= 200; i++) {
    const q = i === 0 ? 0 : 0.01 * (y.length / 0.01) ** ((i - 1) / 199);
    const line = regress(y, q);
    if (line.error < best.error) best = { s: line.s, q, error: line.error };
  }
  return best.s > 0 ? { s: best.s, q: best.q } : fallback;
}

/** y_r ≈ c − s·log(r + 1 + q): slope and squared error. */
function regress(y: readonly number[], q: number): { s: number; error: number } {
  const x = y.map((_, r) => Math.log(r + 1 + q));
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  y.forEach((v, r) => {
    const [dx, dy] = [(x[r] as number) - mx, v - my];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  });
  return { s: -xy / xx, error: yy - (xy * xy) / xx };
}

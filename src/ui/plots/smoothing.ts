/**
 * Exponential moving average with bias correction: m_t = s·m_(t−1) + (1−s)·y_t, shown as m_t ÷ (1 − s^t).
 *
 * `smooth` s in 0..0.99 (clamped). Non-finite values leave the average as it is and come out as NaN, so gaps stay gaps.
 */
export function smoothSeries(ys: ArrayLike<number>, smooth: number): Float64Array {
  const s = Math.min(0.99, Math.max(0, smooth));
  const out = new Float64Array(ys.length);
  let m = 0;
  let weight = 0;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] as number;
    if (!Number.isFinite(y)) {
      out[i] = Number.NaN;
      continue;
    }
    m = s * m + (1 - s) * y;
    weight = s * weight + (1 - s);
    out[i] = m / weight;
  }
  return out;
}

/** Index of the x nearest to `x` in ascending `xs`; undefined of an empty list. */
export function nearestIndex(xs: ArrayLike<number>, x: number): number | undefined {
  if (xs.length === 0) return undefined;
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((xs[mid] as number) < x) low = mid + 1;
    else high = mid;
  }
  const before = low - 1;
  if (before >= 0 && x - (xs[before] as number) <= (xs[low] as number) - x) return before;
  return low;
}

import type { Histogram } from '#engine/protocol/features.ts';

const LOWEST = -8;
const BINS = 40;

/** Histogram of log10 density over −8..0, forty bins; features that never fired are left out. */
export function logDensityHistogram(density: ArrayLike<number>): Histogram {
  const edges = Float32Array.from({ length: BINS + 1 }, (_, i) => LOWEST + (i * -LOWEST) / BINS);
  const counts = new Float64Array(BINS);
  for (let f = 0; f < density.length; f++) {
    const d = density[f] as number;
    if (!(d > 0)) continue;
    const bin = Math.floor(((Math.log10(d) - LOWEST) / -LOWEST) * BINS);
    const i = Math.max(0, Math.min(BINS - 1, bin));
    counts[i] = (counts[i] as number) + 1;
  }
  return { edges, counts };
}

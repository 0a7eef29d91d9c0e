import { type ScaleContinuousNumeric, scaleLinear, scaleSymlog } from 'd3';

/** Linear counts, or log10(1 + count), so that empty bins stay at zero and one token is still seen. */
export type CountScale = 'linear' | 'log';

/** Scale from a count to pixels above the base line, [0, height]. */
export function countScale(
  kind: CountScale,
  max: number,
  height: number,
): ScaleContinuousNumeric<number, number> {
  const scale = kind === 'log' ? scaleSymlog().constant(1) : scaleLinear();
  return scale.domain([0, Math.max(1, max)]).range([0, height]);
}

/** Values for the count axis: powers of ten on a log scale, else about three round numbers. 0 is left out. */
export function countTicks(kind: CountScale, max: number): number[] {
  if (kind === 'linear') {
    return scaleLinear()
      .domain([0, Math.max(1, max)])
      .ticks(3)
      .filter((t) => t > 0);
  }
  const top = Math.floor(Math.log10(Math.max(1, max)));
  const step = Math.max(1, Math.ceil(top / 3));
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => 10 ** (i * step));
}

/** Bin of a value in ascending edges (bins + 1 of them); the last bin includes its upper edge; undefined outside. */
export function binOf(edges: ArrayLike<number>, value: number): number | undefined {
  const bins = edges.length - 1;
  if (bins < 1 || !(value >= (edges[0] as number)) || value > (edges[bins] as number)) return undefined;
  let low = 0;
  let high = bins - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if ((edges[mid] as number) <= value) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** Sum of the counts. */
export function totalOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] as number;
  return sum;
}

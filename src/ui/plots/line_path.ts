import { extent, line } from 'd3';

/** One curve: ys over xs, both in data units; NaN is a gap. */
export interface Curve {
  readonly id: string;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
}

/** 'linear', or log10; a log axis leaves out values that are not positive. */
export type AxisScale = 'linear' | 'log';

/** Range of the values that the scale can show, widened when it is a single value; [0, 1] when there are none. */
export function domainOf(values: Iterable<ArrayLike<number>>, scale: AxisScale): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const ys of values) {
    const shown = Array.from(ys).filter((v) => Number.isFinite(v) && (scale === 'linear' || v > 0));
    const [a, b] = extent(shown);
    if (a === undefined || b === undefined) continue;
    low = Math.min(low, a);
    high = Math.max(high, b);
  }
  if (low > high) return scale === 'log' ? [1, 10] : [0, 1];
  if (low < high) return [low, high];
  if (scale === 'log') return [low / 2, low * 2];
  return low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, low + Math.abs(low) * 0.1];
}

/** SVG path of a curve through two scales; points that a scale cannot show are gaps. */
export function pathOf(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: (v: number) => number,
  y: (v: number) => number,
): string {
  const index = Array.from({ length: Math.min(xs.length, ys.length) }, (_, i) => i);
  const px = (i: number) => x(xs[i] as number);
  const py = (i: number) => y(ys[i] as number);
  const draw = line<number>(px, py).defined((i) => Number.isFinite(px(i)) && Number.isFinite(py(i)));
  return draw(index) ?? '';
}

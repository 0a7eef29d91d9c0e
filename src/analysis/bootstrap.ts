import { makeRng } from '#base/rng.ts';
import type { EvalSums } from './metrics.ts';

/** A figure with the range that 95 % of resamplings fall into. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Figures of one evaluation batch or of all of them, as ratios of sums. */
export type BatchFigure = 'ceRecovered' | 'deltaCe' | 'explainedVariance' | 'l0' | 'mse';

/** Resamplings of an interval. */
const DRAWS = 1000;

/**
 * A figure from the sums of several batches taken together (decisions 14 to 16): sums are added first and divided once,
 * so a long batch counts for more than a short one.
 */
export function pooledFigure(batches: readonly EvalSums[], figure: BatchFigure): number {
  const sum = (of: (s: EvalSums) => number): number => batches.reduce((total, s) => total + of(s), 0);
  switch (figure) {
    case 'ceRecovered':
      return (
        (sum((s) => s.nats.zero) - sum((s) => s.nats.spliced)) /
        (sum((s) => s.nats.zero) - sum((s) => s.nats.clean))
      );
    case 'deltaCe':
      return (sum((s) => s.nats.spliced) - sum((s) => s.nats.clean)) / sum((s) => s.predictions);
    case 'explainedVariance':
      return 1 - sum((s) => s.error) / sum((s) => s.deviation);
    case 'l0':
      return sum((s) => s.firings) / sum((s) => s.tokens);
    case 'mse':
      return sum((s) => s.error) / sum((s) => s.tokens);
  }
}

/**
 * Percentile bootstrap over evaluation batches (Efron 1979): batches are drawn with replacement 1,000 times, from a
 * seeded stream, and `statistic` sees the numbers of the drawn ones.
 *
 * @returns NaN bounds when there are fewer than two batches.
 */
export function bootstrap(
  count: number,
  statistic: (drawn: readonly number[]) => number,
  seed = 0,
): Interval {
  const value = statistic(Array.from({ length: count }, (_, i) => i));
  if (count < 2) return { value, low: Number.NaN, high: Number.NaN };
  const rng = makeRng(seed).fork('bootstrap');
  const draws = Float64Array.from({ length: DRAWS }, () =>
    statistic(Array.from({ length: count }, () => rng.int(count))),
  ).sort();
  const at = (share: number): number => draws[Math.round(share * (DRAWS - 1))] as number;
  return { value, low: at(0.025), high: at(0.975) };
}

/** A figure of one SAE with its interval. */
export function figureInterval(batches: readonly EvalSums[], figure: BatchFigure, seed = 0): Interval {
  return bootstrap(batches.length, (drawn) => pooledFigure(pick(batches, drawn), figure), seed);
}

/**
 * a − b in a figure, both measured on the same batches: each resampling draws the same batches for both, so what the
 * text has in common cancels (a paired bootstrap).
 */
export function pairedDifference(
  a: readonly EvalSums[],
  b: readonly EvalSums[],
  figure: BatchFigure,
  seed = 0,
): Interval {
  return bootstrap(
    Math.min(a.length, b.length),
    (drawn) => pooledFigure(pick(a, drawn), figure) - pooledFigure(pick(b, drawn), figure),
    seed,
  );
}

/** Several seeds of one variant: batches drawn once for all, the mean of the seeds' figures. */
export function pairedDifferenceOfSeeds(
  a: readonly (readonly EvalSums[])[],
  b: readonly (readonly EvalSums[])[],
  figure: BatchFigure,
  seed = 0,
): Interval {
  const mean = (runs: readonly (readonly EvalSums[])[], drawn: readonly number[]): number =>
    runs.reduce((total, run) => total + pooledFigure(pick(run, drawn), figure), 0) / runs.length;
  const count = Math.min(...[...a, ...b].map((run) => run.length));
  return bootstrap(count, (drawn) => mean(a, drawn) - mean(b, drawn), seed);
}

const pick = (batches: readonly EvalSums[], drawn: readonly number[]): EvalSums[] =>
  drawn.map((i) => batches[i] as EvalSums);

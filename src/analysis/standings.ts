import { type BatchFigure, figureInterval, type Interval, pairedDifference } from './bootstrap.ts';
import type { EvalSums } from './metrics.ts';

/** Two SAEs count as equal in L0 when they differ by at most this share of the larger. */
export const EQUAL_L0 = 0.05;

/** How one SAE stands among others that were measured on the same batches. */
export interface Standing {
  readonly l0: Interval;
  readonly explainedVariance: Interval;
  /** NaN where only reconstruction was measured. */
  readonly ceRecovered: Interval;
  /** Others of equal L0 (within 5 %). */
  readonly equals: readonly number[];
  /** The best of them and of itself by `figure`; itself when it leads or is alone. */
  readonly leader: number;
  /** Own figure minus the leader's, by a paired bootstrap over evaluation batches; absent for a leader. */
  readonly behind?: Interval | undefined;
}

/**
 * Compares SAEs at equal L0: a figure at another L0 is no comparison, since every figure rises with L0. Who leads within
 * the group and by how much, with the 95 % interval of a bootstrap over batches that draws the same batches for both.
 *
 * @param all for each SAE its sums by evaluation batch (`Evaluation.batches`), all over the same windows.
 */
export function standings(
  all: readonly (readonly EvalSums[])[],
  figure: Extract<BatchFigure, 'ceRecovered' | 'explainedVariance'> = 'ceRecovered',
): readonly Standing[] {
  const rows = all.map((batches) => ({
    l0: figureInterval(batches, 'l0'),
    explainedVariance: figureInterval(batches, 'explainedVariance'),
    ceRecovered: figureInterval(batches, 'ceRecovered'),
  }));
  return rows.map((row, i) => {
    const equals = rows.flatMap((other, j) =>
      j !== i && isEqualL0(row.l0.value, other.l0.value) ? [j] : [],
    );
    const score = (j: number): number => (rows[j] as (typeof rows)[number])[figure].value;
    const leader = equals.reduce((best, j) => (score(j) > score(best) ? j : best), i);
    const sumsOf = (j: number): readonly EvalSums[] => all[j] as readonly EvalSums[];
    const behind = leader === i ? undefined : pairedDifference(sumsOf(i), sumsOf(leader), figure);
    return { ...row, equals, leader, ...(behind && { behind }) };
  });
}

/** True when two L0 differ by at most 5 % of the larger. */
export const isEqualL0 = (a: number, b: number): boolean => Math.abs(a - b) <= EQUAL_L0 * Math.max(a, b);

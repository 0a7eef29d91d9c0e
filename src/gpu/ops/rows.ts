import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;
export type ReduceOf = 'sum' | 'sum_squares';

/** out[i, :] = table[idx[i], :]; an idx >= rows of the table gives a row of zeros. table [r, d], idx [n], out [n, d]. */
export declare function gatherRows(rec: Recorder, t: { table: F; idx: Tensor<'u32'>; out: F }): void;
/** out[n, :] = x[n, :] + alpha·row. x, out [n, d]; row [d]; out another buffer than x. */
export declare function addRow(rec: Recorder, t: { x: F; row: F; alpha: number; out: F }): void;
/** out[n, :] = factors[n]·x[n, :]. x, out [n, d]; factors [n]; out another buffer than x. */
export declare function scaleRows(rec: Recorder, t: { x: F; factors: F; out: F }): void;
/** out[d] (+)= scale·Σ_n x[n, d] or Σ_n x²; rows in ascending order. The bias gradient with scale 1. */
export declare function reduceColumns(
  rec: Recorder,
  t: { x: F; out: F; of?: ReduceOf; scale?: number; accumulate?: boolean },
): void;
/** out[n] (+)= scale·Σ_d x[n, d] or Σ_d x². */
export declare function reduceRows(
  rec: Recorder,
  t: { x: F; out: F; of?: ReduceOf; scale?: number; accumulate?: boolean },
): void;
/** f32 elements of scratch that `reduceAll` and `globalNorm` need for `count` tensors. */
export declare const partialsLength: (count: number) => number;
/** out[0] = scale·Σ over all elements of all tensors, in a fixed order. partials: scratch [partialsLength(xs.length)]. */
export declare function reduceAll(
  rec: Recorder,
  t: { xs: readonly F[]; of?: ReduceOf; scale?: number; partials: F; out: F },
): void;

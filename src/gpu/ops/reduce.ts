import { dims } from '#base/dims.ts';
import { ceilDiv } from '#base/num.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import lib from '#shaders/lib/reduce.wgsl?raw';
import source from '#shaders/util/reduce.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import { size, type Tensor } from '../tensor.ts';
import { elementWindows, laneGrid, rowLanes, windowOf } from './grid.ts';

type F = Tensor<'f32'>;
export type ReduceOf = 'sum' | 'sum_squares';

/** PARTIALS of util/reduce.wgsl. */
const PARTIALS = 1024;
const shared = {
  source,
  lib: [flatId, lib],
  params: ['n', 'd', 'squares', 'root', 'accumulate', 'at', 'scale'],
} as const;

export const reduceColumnsKernel = defineKernel({
  ...shared,
  name: 'util/reduce/columns',
  entry: 'columns',
  tensors: ['x', 'out'],
  grid: ({ d }) => [ceilDiv(d, 64)],
  doc: 'out[c] (+)= scale·Σ_n x[n, c], or of squares; rows ascending.',
});
export const reduceRowsKernel = defineKernel({
  ...shared,
  name: 'util/reduce/rows',
  entry: 'rows',
  tensors: ['x', 'out'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'out[n] (+)= scale·Σ_c x[n, c], or of squares.',
});
export const partialsKernel = defineKernel({
  ...shared,
  name: 'util/reduce/partials',
  entry: 'partials',
  tensors: ['x', 'out'],
  grid: () => [PARTIALS / 64],
  doc: '1,024 partial sums of one tensor, in a fixed order; `total` adds them up.',
});
export const totalKernel = defineKernel({
  ...shared,
  name: 'util/reduce/total',
  entry: 'total',
  tensors: ['x', 'out'],
  constants: { LANES: 64 },
  grid: () => [1],
  doc: 'out[0] = scale·Σ x, or scale·√Σ x; one workgroup.',
});

interface ReduceOptions {
  readonly of?: ReduceOf;
  readonly scale?: number;
  readonly accumulate?: boolean;
}
const optionParams = (o: ReduceOptions) => ({
  squares: o.of === 'sum_squares' ? 1 : 0,
  scale: o.scale ?? 1,
  accumulate: o.accumulate ? 1 : 0,
  root: 0,
  at: 0,
});

/** out[d] (+)= scale·Σ_n x[n, d] or Σ_n x²; rows in ascending order. The bias gradient with scale 1. */
export function reduceColumns(rec: Recorder, t: { x: F; out: F } & ReduceOptions): void {
  const { x, out } = t;
  const { n, d } = dims('reduceColumns', { x: [x, 'n d'], out: [out, 'd'] });
  rec.run(reduceColumnsKernel, { tensors: { x, out }, params: { n, d, ...optionParams(t) } });
}

/** out[n] (+)= scale·Σ_d x[n, d] or Σ_d x². */
export function reduceRows(rec: Recorder, t: { x: F; out: F } & ReduceOptions): void {
  const { x, out } = t;
  const { n, d } = dims('reduceRows', { x: [x, 'n d'], out: [out, 'n'] });
  rec.run(reduceRowsKernel, {
    tensors: { x, out },
    params: { n, d, ...optionParams(t) },
    constants: rowLanes(rec),
  });
}

/** f32 elements of scratch that `reduceAll` and `globalNorm` need for `count` tensors within the binding limit. */
export const partialsLength = (count: number): number => count * PARTIALS;

/** The same for tensors of these sizes, of which some may exceed the limit and go through in windows. */
export const partialsLengthOf = (sizes: readonly number[], maxBindingBytes: number): number =>
  partialsLength(sizes.reduce((sum, n) => sum + [...elementWindows(n, maxBindingBytes)].length, 0));

/**
 * out[0] = scale·Σ over all elements of all tensors (root: scale·√Σ), in a fixed order.
 * partials: scratch [partialsLength(xs.length)] (partialsLengthOf where a tensor exceeds the binding limit); out [1].
 */
export function reduceAll(
  rec: Recorder,
  t: {
    xs: readonly F[];
    of?: ReduceOf;
    scale?: number;
    root?: boolean;
    partials: F;
    out: F;
    maxBindingBytes?: number;
  },
): void {
  const { partials, out } = t;
  const limit = t.maxBindingBytes ?? rec.caps.maxBindingBytes;
  const xs = t.xs.flatMap((x) => [...elementWindows(size(x.shape), limit)].map((w) => windowOf(x, w)));
  dims('reduceAll', { partials: [partials, `${partialsLength(xs.length)}`], out: [out, '1'] });
  const options = optionParams(t);
  xs.forEach((x, i) => {
    rec.run(partialsKernel, {
      tensors: { x, out: partials },
      params: { ...options, n: size(x.shape), d: 0, at: i * PARTIALS, scale: 1 },
    });
  });
  rec.run(totalKernel, {
    tensors: { x: partials, out },
    params: { ...options, n: partialsLength(xs.length), d: 0, root: t.root ? 1 : 0 },
    constants: rowLanes(rec),
  });
}

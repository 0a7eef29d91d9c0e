import { dims } from '#base/dims.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/util/rows.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { flatGrid } from './grid.ts';

type F = Tensor<'f32'>;

const shared = { source, lib: [flatId], params: ['n', 'd', 'rows', 'alpha'] } as const;

export const gatherKernel = defineKernel({
  ...shared,
  name: 'util/rows/gather',
  entry: 'gather',
  tensors: ['x', 'idx', 'out'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'out[i, :] = table[idx[i], :], zeros where idx[i] is outside.',
});
export const addRowKernel = defineKernel({
  ...shared,
  name: 'util/rows/add_row',
  entry: 'add_row',
  tensors: ['x', 'row', 'out'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'out[n, :] = x[n, :] + alpha·row.',
});
export const scaleRowsKernel = defineKernel({
  ...shared,
  name: 'util/rows/scale_rows',
  entry: 'scale_rows',
  tensors: ['x', 'factors', 'out'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'out[n, :] = factors[n]·x[n, :].',
});

/** out[i, :] = table[idx[i], :]; an idx >= rows of the table gives a row of zeros. table [r, d], idx [n], out [n, d]. */
export function gatherRows(rec: Recorder, t: { table: F; idx: Tensor<'u32'>; out: F }): void {
  const { table, idx, out } = t;
  const { n, d, r } = dims('gatherRows', { table: [table, 'r d'], idx: [idx, 'n'], out: [out, 'n d'] });
  rec.run(gatherKernel, { tensors: { x: table, idx, out }, params: { n, d, rows: r, alpha: 0 } });
}

/** out[n, :] = x[n, :] + alpha·row. x, out [n, d]; row [d]; out another buffer than x. */
export function addRow(rec: Recorder, t: { x: F; row: F; alpha: number; out: F }): void {
  const { x, row, alpha, out } = t;
  const { n, d } = dims('addRow', { x: [x, 'n d'], row: [row, 'd'], out: [out, 'n d'] });
  rec.run(addRowKernel, { tensors: { x, row, out }, params: { n, d, rows: 0, alpha } });
}

/** out[n, :] = factors[n]·x[n, :]. x, out [n, d]; factors [n]; out another buffer than x. */
export function scaleRows(rec: Recorder, t: { x: F; factors: F; out: F }): void {
  const { x, factors, out } = t;
  const { n, d } = dims('scaleRows', { x: [x, 'n d'], factors: [factors, 'n'], out: [out, 'n d'] });
  rec.run(scaleRowsKernel, { tensors: { x, factors, out }, params: { n, d, rows: 0, alpha: 0 } });
}

import { dims } from '#base/dims.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/util/rows.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import { rowChunks, type Tensor } from '../tensor.ts';
import { flatGrid } from './grid.ts';

type F = Tensor<'f32'>;

const shared = { source, lib: [flatId], params: ['n', 'd', 'rows', 'alpha', 'first', 'keep'] } as const;

/** Values of the fields that only gather reads. */
const UNUSED = { rows: 0, first: 0, keep: 0 } as const;

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

/**
 * out[i, :] = table[idx[i], :]; an idx >= rows of the table gives a row of zeros. table [r, d], idx [n], out [n, d].
 * A table over the binding limit is read in windows of rows; tests make the limit small.
 */
export function gatherRows(
  rec: Recorder,
  t: { table: F; idx: Tensor<'u32'>; out: F; maxBindingBytes?: number },
): void {
  const { table, idx, out } = t;
  const { n, d } = dims('gatherRows', { table: [table, 'r d'], idx: [idx, 'n'], out: [out, 'n d'] });
  for (const c of rowChunks(table, t.maxBindingBytes ?? rec.caps.maxBindingBytes))
    rec.run(gatherKernel, {
      tensors: { x: c.rows, idx, out },
      params: { n, d, rows: c.count, alpha: 0, first: c.from, keep: c.from > 0 ? 1 : 0 },
    });
}

/** out[n, :] = x[n, :] + alpha·row. x, out [n, d]; row [d]; out another buffer than x. */
export function addRow(rec: Recorder, t: { x: F; row: F; alpha: number; out: F }): void {
  const { x, row, alpha, out } = t;
  const { n, d } = dims('addRow', { x: [x, 'n d'], row: [row, 'd'], out: [out, 'n d'] });
  rec.run(addRowKernel, { tensors: { x, row, out }, params: { n, d, ...UNUSED, alpha } });
}

/** out[n, :] = factors[n]·x[n, :]. x, out [n, d]; factors [n]; out another buffer than x. */
export function scaleRows(rec: Recorder, t: { x: F; factors: F; out: F }): void {
  const { x, factors, out } = t;
  const { n, d } = dims('scaleRows', { x: [x, 'n d'], factors: [factors, 'n'], out: [out, 'n d'] });
  rec.run(scaleRowsKernel, { tensors: { x, factors, out }, params: { n, d, ...UNUSED, alpha: 0 } });
}

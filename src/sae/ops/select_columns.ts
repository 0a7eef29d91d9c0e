import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/select_columns.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import type { Named } from '../space.ts';
import { selectThreads } from './select.ts';
import { scanCounts } from './transpose.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const common = { source, lib: [flatId], params: ['n', 'most'], constants: { T: 64, D_SAE: 64 } } as const;

export const columnCutsKernel = defineKernel({
  ...common,
  name: 'sae/select_columns/columns',
  entry: 'columns',
  tensors: ['score', 'quotas', 'cuts'],
  grid: (_, { D_SAE }) => flatGrid(D_SAE),
  doc: 'The last kept score of each feature over a batch, by its quota (Feature Choice, Ayonrinde 2024). Exact.',
});
export const columnCountKernel = defineKernel({
  ...common,
  name: 'sae/select_columns/count',
  entry: 'count',
  tensors: ['score', 'cuts', 'row_start'],
  grid: ({ n }) => [n],
  doc: 'Entries that each row keeps.',
});
export const columnEmitKernel = defineKernel({
  ...common,
  name: 'sae/select_columns/emit',
  entry: 'emit',
  tensors: ['score', 'pre_acts', 'cuts', 'row_start', 'idx', 'val', 'scalars'],
  grid: ({ n }) => [n],
  doc: 'The entries that features keep, rows and features ascending, and the share of slots left empty.',
});

/** Scratch of `selectColumns`. */
export const columnScratch = (d_sae: number): Named => ({ column_cuts: [[d_sae, 2], 'u32'] });

export interface SelectColumns {
  /** [n, d_sae]; an entry with score ≤ 0 is never chosen. */
  readonly score: F;
  /** [n, d_sae]; for plain activations the same tensor as score. */
  readonly pre_acts: F;
  /** [d_sae], summing to at most n·slots. */
  readonly quotas: U;
  /** Its first n rows and n·slots entries are filled. */
  readonly code: SparseCode;
  readonly slots: number;
  /** Tensor of `columnScratch`. */
  readonly cuts: U;
  /** scalars[8] becomes the share of the slots that no positive score fills. */
  readonly scalars: F;
}

/**
 * Feature f keeps its min(quotas[f], positive) largest scores of the batch, ties to the lower row; val = pre_acts there.
 * rowStart[n] is n·slots: entries that nothing fills belong to the last row and hold val 0, idx 0. Nothing is read back.
 * @throws WorkbenchError('shape') when the code has no room.
 */
export function selectColumns(rec: Recorder, t: SelectColumns): void {
  const { n, d_sae } = dims('sae/select_columns', {
    score: [t.score, 'n d_sae'],
    pre_acts: [t.pre_acts, 'n d_sae'],
    quotas: [t.quotas, 'd_sae'],
    cuts: [t.cuts, 'd_sae 2'],
  });
  const most = n * t.slots;
  if (most > t.code.cap || n + 1 > (t.code.rowStart.shape[0] ?? 0))
    throw new WorkbenchError(
      'shape',
      `sae/select_columns: ${n} rows of ${t.slots} slots do not fit a code of ${t.code.cap} entries`,
    );
  const { score, pre_acts, quotas, cuts, scalars } = t;
  const { rowStart: row_start, idx, val } = t.code;
  const call = { params: { n, most }, constants: { T: selectThreads(rec.caps, d_sae), D_SAE: d_sae } };
  rec.run(columnCutsKernel, { ...call, tensors: { score, quotas, cuts } });
  rec.run(columnCountKernel, { ...call, tensors: { score, cuts, row_start } });
  scanCounts(rec, view(row_start, { shape: [n + 1] }));
  rec.run(columnEmitKernel, {
    ...call,
    tensors: { score, pre_acts, cuts, row_start, idx, val, scalars },
  });
}

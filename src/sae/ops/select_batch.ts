import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import { ceilDiv } from '#base/num.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/select_batch.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import type { Named } from '../space.ts';
import { selectThreads } from './select.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const PER = 4096;
const common = {
  source,
  lib: [flatId],
  params: ['n', 'most', 'shift'],
  constants: { T: 64, D_SAE: 64, PER },
} as const;

export const batchHistogramKernel = defineKernel({
  ...common,
  name: 'sae/select_batch/histogram',
  entry: 'histogram',
  tensors: ['score', 'bins', 'cut'],
  grid: ({ n }, { D_SAE, PER }) => foldGrid(ceilDiv(n * D_SAE, PER)),
  doc: 'Histogram of one 8-bit digit of the scores of a whole batch.',
});
export const batchPickKernel = defineKernel({
  ...common,
  name: 'sae/select_batch/pick',
  entry: 'pick',
  tensors: ['bins', 'cut'],
  grid: () => [1],
  doc: 'The digit in which the last kept score of the batch lies.',
});
export const batchCountKernel = defineKernel({
  ...common,
  name: 'sae/select_batch/count',
  entry: 'count',
  tensors: ['score', 'cut', 'rows'],
  grid: ({ n }) => [n],
  doc: 'Scores above and at the cut in each row.',
});
export const batchPlaceKernel = defineKernel({
  ...common,
  name: 'sae/select_batch/place',
  entry: 'place',
  tensors: ['cut', 'rows', 'row_start'],
  grid: () => [1],
  doc: 'Where the entries of each row begin, and how many ties it keeps.',
});
export const batchEmitKernel = defineKernel({
  ...common,
  name: 'sae/select_batch/emit',
  entry: 'emit',
  tensors: ['score', 'pre_acts', 'cut', 'rows', 'row_start', 'idx', 'val'],
  grid: ({ n }) => [n],
  doc: 'The largest positive scores of a whole batch (BatchTopK, Bussmann 2024). Exact, ties to the lower row-major index.',
});

/** Scratch of `selectBatch` for batches of n rows. */
export const batchScratch = (n: number): Named => ({
  batch_bins: [[256], 'u32'],
  batch_cut: [[2], 'u32'],
  batch_rows: [[n, 2], 'u32'],
});

export interface SelectBatch {
  /** [n, d_sae]; an entry with score ≤ 0 is never chosen. */
  readonly score: F;
  /** [n, d_sae]; for plain activations the same tensor as score. */
  readonly pre_acts: F;
  /** Its first n rows and n·slots entries are filled. */
  readonly code: SparseCode;
  /** Entries that a row has on average: n·slots are kept. */
  readonly slots: number;
  /** Tensors of `batchScratch`. */
  readonly bins: U;
  readonly cut: U;
  readonly rows: U;
}

/**
 * Keeps the min(n·slots, positive scores) largest scores of the batch, ties to the lower row-major index; val =
 * pre_acts there. rowStart[n] is n·slots: entries that nothing fills belong to the last row and hold val 0, idx 0.
 * Exact for every n and slots ≤ d_sae (decision 23); nothing is read back.
 * @throws WorkbenchError('shape') when the code has no room.
 */
export function selectBatch(rec: Recorder, t: SelectBatch): void {
  const { n, d_sae } = dims('sae/select_batch', {
    score: [t.score, 'n d_sae'],
    pre_acts: [t.pre_acts, 'n d_sae'],
    bins: [t.bins, '256'],
    cut: [t.cut, '2'],
    rows: [t.rows, 'n 2'],
  });
  const most = n * t.slots;
  if (t.slots < 1 || t.slots > d_sae || most > t.code.cap || n + 1 > (t.code.rowStart.shape[0] ?? 0))
    throw new WorkbenchError(
      'shape',
      `sae/select_batch: ${n} rows of ${t.slots} slots (d_sae ${d_sae}) do not fit a code of ${t.code.cap} entries`,
    );
  const { score, pre_acts, bins, cut, rows } = t;
  const { rowStart: row_start, idx, val } = t.code;
  // Digits are counted in 256 bins, so a workgroup of few invocations gains nothing there.
  const call = (shift: number) => ({ params: { n, most, shift }, constants: { T: 64, D_SAE: d_sae } });
  rec.clear(bins);
  rec.clear(cut);
  for (const shift of [24, 16, 8, 0]) {
    rec.run(batchHistogramKernel, { ...call(shift), tensors: { score, bins, cut } });
    rec.run(batchPickKernel, { ...call(shift), tensors: { bins, cut } });
  }
  const row = {
    params: { n, most, shift: 0 },
    constants: { T: selectThreads(rec.caps, d_sae), D_SAE: d_sae },
  };
  rec.run(batchCountKernel, { ...row, tensors: { score, cut, rows } });
  rec.run(batchPlaceKernel, { ...row, tensors: { cut, rows, row_start } });
  rec.run(batchEmitKernel, { ...row, tensors: { score, pre_acts, cut, rows, row_start, idx, val } });
}

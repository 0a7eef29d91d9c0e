import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import decodeSource from '#shaders/sae/decode_rows.wgsl?raw';
import thresholdSource from '#shaders/sae/select_threshold.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import { selectThreads } from './select.ts';
import { scanCounts } from './transpose.ts';

type F = Tensor<'f32'>;

const threshold = {
  source: thresholdSource,
  lib: [flatId],
  params: ['n', 'cap'],
  constants: { T: 64, D_SAE: 64, RELU: 1 },
} as const;

export const thresholdDenseKernel = defineKernel({
  ...threshold,
  name: 'sae/select_threshold/dense',
  entry: 'dense',
  tensors: ['pre_acts', 'theta', 'acts'],
  grid: ({ n }, { D_SAE }) => flatGrid(n * D_SAE),
  doc: 'acts = pre_acts above theta, else 0 (relu with theta 0).',
});
export const thresholdCountKernel = defineKernel({
  ...threshold,
  name: 'sae/select_threshold/count',
  entry: 'count',
  tensors: ['pre_acts', 'theta', 'row_start'],
  grid: ({ n }) => [n],
  doc: 'Entries of each row above theta.',
});
export const thresholdEmitKernel = defineKernel({
  ...threshold,
  name: 'sae/select_threshold/emit',
  entry: 'emit',
  tensors: ['pre_acts', 'theta', 'row_start', 'idx', 'val'],
  grid: ({ n }) => [n],
  doc: 'The entries above theta, rows and features ascending.',
});

/** theta absent: relu. */
const constantsOf = (
  rec: Recorder,
  theta: F | undefined,
  d_sae: number,
): Record<'T' | 'D_SAE' | 'RELU', number> => ({
  T: selectThreads(rec.caps, d_sae),
  D_SAE: d_sae,
  RELU: theta ? 0 : 1,
});

/** acts[n, d_sae] = pre_acts where above theta [d_sae] (and 0), else 0. */
export function thresholdDense(rec: Recorder, t: { pre_acts: F; acts: F; theta: F | undefined }): void {
  const { n, d_sae } = dims('sae/threshold_dense', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    acts: [t.acts, 'n d_sae'],
    theta: [t.theta ?? { shape: [t.pre_acts.shape[1] ?? 0], label: 'none' }, 'd_sae'],
  });
  rec.run(thresholdDenseKernel, {
    tensors: { pre_acts: t.pre_acts, theta: t.theta ?? t.pre_acts, acts: t.acts },
    params: { n, cap: 0 },
    constants: constantsOf(rec, t.theta, d_sae),
  });
}

/** The code of all entries above theta; entries beyond code.cap are dropped, rowStart counts them all the same. */
export function thresholdCode(
  rec: Recorder,
  t: { pre_acts: F; code: SparseCode; theta: F | undefined },
): void {
  const { n, d_sae } = dims('sae/threshold_code', { pre_acts: [t.pre_acts, 'n d_sae'] });
  const { rowStart, idx, val, cap } = t.code;
  const theta = t.theta ?? t.pre_acts;
  const call = { params: { n, cap }, constants: constantsOf(rec, t.theta, d_sae) };
  rec.run(thresholdCountKernel, { ...call, tensors: { pre_acts: t.pre_acts, theta, row_start: rowStart } });
  scanCounts(rec, rowStart);
  rec.run(thresholdEmitKernel, {
    ...call,
    tensors: { pre_acts: t.pre_acts, theta, row_start: rowStart, idx, val },
  });
}

export const decodeRowsKernel = defineKernel({
  name: 'sae/decode_rows',
  lib: [flatId],
  source: decodeSource,
  tensors: ['W_dec', 'b_dec', 'row_start', 'idx', 'val', 'recon'],
  params: ['n', 'd_in', 'cap'],
  grid: ({ n, d_in }) => flatGrid(n * d_in),
  doc: 'recon = code·W_dec + b_dec, gathered.',
});

/** recon [n, d_in] from the code of n rows; W_dec [d_sae, d_in], b_dec [d_in]. */
export function decodeRows(rec: Recorder, t: { W_dec: F; b_dec: F; code: SparseCode; recon: F }): void {
  const { n, d_in } = dims('sae/decode_rows', {
    W_dec: [t.W_dec, 'd_sae d_in'],
    b_dec: [t.b_dec, 'd_in'],
    recon: [t.recon, 'n d_in'],
  });
  rec.run(decodeRowsKernel, {
    tensors: {
      W_dec: t.W_dec,
      b_dec: t.b_dec,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      recon: t.recon,
    },
    params: { n, d_in, cap: t.code.cap },
  });
}

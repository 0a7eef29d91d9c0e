import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/gradient_score.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import { selectThreads } from './select.ts';

type F = Tensor<'f32'>;

const common = {
  source,
  lib: [flatId],
  params: ['n', 'beta', 'k', 'at'],
  constants: { T: 64, D_SAE: 64, PRODUCT: 0 },
} as const;
const perRow = ({ n }: { readonly n: number }): readonly [number] => [n];

export const gradientSumKernel = defineKernel({
  ...common,
  name: 'sae/gradient_score/sum',
  entry: 'sum',
  tensors: ['score', 'sums'],
  grid: perRow,
  doc: 'Sum of projected gradients |d_i . g| of each token.',
});
export const gradientMeanKernel = defineKernel({
  ...common,
  name: 'sae/gradient_score/mean',
  entry: 'mean',
  tensors: ['sums', 'mean_q'],
  grid: () => [1],
  doc: 'Mean projected gradient of a batch.',
});
export const gradientWeighKernel = defineKernel({
  ...common,
  name: 'sae/gradient_score/weigh',
  entry: 'weigh',
  tensors: ['pre_acts', 'score', 'mean_q'],
  grid: ({ n }, { D_SAE }) => flatGrid(n * D_SAE),
  doc: 'Acts weighed by their projected gradient (Gradient SAEs, Olmo 2024).',
});
export const gradientOffKernel = defineKernel({
  ...common,
  name: 'sae/gradient_score/off',
  entry: 'off',
  tensors: ['pre_acts', 'sums', 'row_start', 'idx', 'val'],
  grid: perRow,
  doc: 'Chosen entries of each token that plain TopK would not have chosen.',
});
export const gradientOffShareKernel = defineKernel({
  ...common,
  name: 'sae/gradient_score/off_share',
  entry: 'off_share',
  tensors: ['sums', 'scalars'],
  grid: () => [1],
  doc: 'Their share of all chosen entries.',
});

/**
 * score [n, d_sae]: d_i·g_t in, s out (gradient_score.wgsl); beta undefined stands for the limit s = z·q. sums [n, 2] and
 * mean_q [1] are scratch.
 */
export function gradientScore(
  rec: Recorder,
  t: { pre_acts: F; score: F; sums: F; mean_q: F; beta: number | undefined },
): void {
  const { n, d_sae } = dims('sae/gradient_score', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    score: [t.score, 'n d_sae'],
    sums: [t.sums, 'n 2'],
  });
  const { pre_acts, score, sums, mean_q, beta } = t;
  const call = {
    params: { n, beta: beta ?? 0, k: 0, at: 0 },
    constants: { T: selectThreads(rec.caps, d_sae), D_SAE: d_sae, PRODUCT: beta === undefined ? 1 : 0 },
  };
  rec.run(gradientSumKernel, { ...call, tensors: { score, sums } });
  rec.run(gradientMeanKernel, { ...call, tensors: { sums, mean_q } });
  rec.run(gradientWeighKernel, { ...call, tensors: { pre_acts, score, mean_q } });
}

/** scalars[at] = share of the entries of `code` (first n rows) that are not among the k largest pre_acts of their row. */
export function offTopk(
  rec: Recorder,
  t: { pre_acts: F; code: SparseCode; sums: F; scalars: F; k: number; at: number },
): void {
  const { n, d_sae } = dims('sae/gradient_score/off', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    sums: [t.sums, 'n 2'],
  });
  const { pre_acts, sums, scalars, k, at } = t;
  const { rowStart: row_start, idx, val } = t.code;
  const call = {
    params: { n, beta: 0, k, at },
    constants: { T: selectThreads(rec.caps, d_sae), D_SAE: d_sae, PRODUCT: 0 },
  };
  rec.run(gradientOffKernel, { ...call, tensors: { pre_acts, sums, row_start, idx, val } });
  rec.run(gradientOffShareKernel, { ...call, tensors: { sums, scalars } });
}

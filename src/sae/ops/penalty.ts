import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid, foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/penalty.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import type { Named } from '../space.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const common = {
  source,
  lib: [flatId],
  params: ['rows', 'weight', 'scale'],
  constants: { T: 32, D4: 16, D_SAE: 64, NORMS: 1, KIND: 0 },
} as const;
const perFeature = (_: unknown, { D_SAE }: { readonly D_SAE: number }) => flatGrid(D_SAE);

export const penaltyNormsKernel = defineKernel({
  ...common,
  name: 'sae/penalty/norms',
  entry: 'norms',
  tensors: ['W_dec', 'norm'],
  grid: perFeature,
  doc: 'Norms of the decoder rows, or 1.',
});
export const penaltySlopesKernel = defineKernel({
  ...common,
  name: 'sae/penalty/slopes',
  entry: 'slopes',
  tensors: ['norm', 'row_start', 'idx', 'val', 'dz'],
  grid: ({ rows }) => foldGrid(rows),
  doc: "The sparsity penalty's slope by each act (L1, tanh).",
});
export const penaltyRowsKernel = defineKernel({
  ...common,
  name: 'sae/penalty/rows',
  entry: 'rows',
  tensors: ['norm', 'start', 'pairs', 'pull', 'penalty'],
  grid: perFeature,
  doc: 'The penalty of each feature and its slope by the norm of the decoder row.',
});
export const penaltyTotalKernel = defineKernel({
  ...common,
  name: 'sae/penalty/total',
  entry: 'total',
  tensors: ['penalty', 'scalars'],
  grid: () => [1],
  doc: 'The penalty of the batch.',
});

/** Scratch of the penalty of one step. */
export const penaltyScratch = (d_sae: number): Named => ({
  dec_norm: [[d_sae], 'f32'],
  penalty: [[d_sae], 'f32'],
});

/** What is added to the loss: lambda ÷ n · Σ over entries of f·n_f, tanh(scale·f·n_f) or 1. */
export interface Penalty {
  /** lambda ÷ n of this step. */
  readonly weight: number;
  /** n_f = ‖d_f‖; false: 1. */
  readonly norms: boolean;
  /** l1: f·n_f; tanh: tanh(tanhScale·f·n_f); step: 1, whose slope only thresholds feel. */
  readonly kind: 'l1' | 'tanh' | 'step';
  readonly tanhScale?: number | undefined;
}

const constantsOf = (p: Penalty, d_sae: number, d_pad: number) => ({
  D4: d_pad / 4,
  D_SAE: d_sae,
  NORMS: p.norms ? 1 : 0,
  KIND: { l1: 0, tanh: 1, step: 2 }[p.kind],
});

/** norm [d_sae], and dz [cap] += the slopes of the penalty by the acts of the code. */
export function penaltySlopes(
  rec: Recorder,
  t: { W_dec: F; norm: F; code: SparseCode; dz: F; penalty: Penalty },
): void {
  const { d_sae, d_pad } = dims('sae/penalty', { W_dec: [t.W_dec, 'd_sae d_pad'], norm: [t.norm, 'd_sae'] });
  const { rowStart: row_start, idx, val } = t.code;
  const { weight, tanhScale: scale = 0 } = t.penalty;
  const rows = (row_start.shape[0] as number) - 1;
  const call = { params: { rows, weight, scale }, constants: constantsOf(t.penalty, d_sae, d_pad) };
  rec.run(penaltyNormsKernel, { ...call, tensors: { W_dec: t.W_dec, norm: t.norm } });
  rec.run(penaltySlopesKernel, { ...call, tensors: { norm: t.norm, row_start, idx, val, dz: t.dz } });
}

/** pull [≥ d_sae] for adam_rows and scalars[8] = the penalty, from the pairs by feature. */
export function penaltyRows(
  rec: Recorder,
  t: { norm: F; start: U; pairs: U; pull: F; sums: F; scalars: F; penalty: Penalty },
): void {
  const { d_sae } = dims('sae/penalty', { norm: [t.norm, 'd_sae'], sums: [t.sums, 'd_sae'] });
  const { weight, tanhScale: scale = 0 } = t.penalty;
  const call = { params: { rows: 0, weight, scale }, constants: constantsOf(t.penalty, d_sae, 4) };
  const { norm, start, pairs, pull, sums: penalty, scalars } = t;
  rec.run(penaltyRowsKernel, { ...call, tensors: { norm, start, pairs, pull, penalty } });
  rec.run(penaltyTotalKernel, { ...call, tensors: { penalty, scalars } });
}

import { dims } from '#base/dims.ts';
import { roundUp } from '#base/num.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid, foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { BINDING_ALIGN, type Tensor, view } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/gated.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import type { Named } from '../space.ts';
import { selectThreads } from './select.ts';
import { scanCounts } from './transpose.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const common = {
  source,
  lib: [flatId],
  params: ['n', 'weight', 'segments'],
  constants: { T: 64, D4: 16, D_SAE: 64, ROW: 64 },
} as const;
const perRow = ({ n }: { readonly n: number }) => foldGrid(2 * n);

export const gatedCountKernel = defineKernel({
  ...common,
  name: 'sae/gated/count',
  entry: 'count',
  tensors: ['pre_acts', 'b_gate', 'b_mag', 'r_mag', 'row_start'],
  grid: perRow,
  doc: 'Acts and open gates of each token of a gated SAE.',
});
export const gatedEmitKernel = defineKernel({
  ...common,
  name: 'sae/gated/emit',
  entry: 'emit',
  tensors: ['pre_acts', 'b_gate', 'b_mag', 'r_mag', 'row_start', 'idx', 'val'],
  grid: perRow,
  doc: 'The code of a gated SAE: acts, then open gates, features ascending (Rajamanoharan 2024).',
});
export const gatedGradientsKernel = defineKernel({
  ...common,
  name: 'sae/gated/gradients',
  entry: 'gradients',
  tensors: ['b_mag', 'r_mag', 'start', 'by_val', 'by_dz', 'grads'],
  grid: (_, { D_SAE }) => flatGrid(D_SAE),
  doc: 'Gradients of the gate, magnitude and rescaling of each feature; the pairs become those of the encoder and decoder.',
});
export const gatedTotalKernel = defineKernel({
  ...common,
  name: 'sae/gated/total',
  entry: 'total',
  tensors: ['grads', 'part', 'scalars'],
  grid: () => [1],
  doc: 'Penalty on open gates, and the error of their reconstruction.',
});

/** The encoder's own parameters of a gated SAE, each [d_sae]. */
export interface GatedOwn {
  readonly b_gate: F;
  readonly b_mag: F;
  /** A logarithm: acts are exp(r_mag)·p + b_mag. */
  readonly r_mag: F;
}

/** Rows of grads begin where a kernel can bind them. */
const rowOf = (d_sae: number): number => roundUp(d_sae, BINDING_ALIGN / 4);

/** Scratch of a step: gradients by b_gate, b_mag and r_mag, and the penalty of each feature. */
export const gatedScratch = (d_sae: number): Named => ({ gated_grads: [[4, rowOf(d_sae)], 'f32'] });

/** code of 2·n rows from pre_acts [n, d_sae] without bias: acts of the n tokens, then their open gates. */
export function gatedCode(rec: Recorder, t: { pre_acts: F; own: GatedOwn; code: SparseCode }): void {
  const { n, d_sae } = dims('sae/gated', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    b_gate: [t.own.b_gate, 'd_sae'],
    b_mag: [t.own.b_mag, 'd_sae'],
    r_mag: [t.own.r_mag, 'd_sae'],
  });
  const { rowStart: row_start, idx, val } = t.code;
  const call = {
    params: { n, weight: 0, segments: 0 },
    constants: { T: selectThreads(rec.caps, d_sae), D4: 1, D_SAE: d_sae, ROW: rowOf(d_sae) },
  };
  const read = { pre_acts: t.pre_acts, ...t.own };
  rec.run(gatedCountKernel, { ...call, tensors: { ...read, row_start } });
  scanCounts(rec, row_start);
  rec.run(gatedEmitKernel, { ...call, tensors: { ...read, row_start, idx, val } });
}

/**
 * grads (`gatedScratch`) and scalars[8 .. 9] from the pairs by feature and `part`, the open gates' column_stats; by_val and by_dz
 * become the pairs that adam_rows and adam_b_enc sum. weight = λ ÷ n.
 */
export function gatedGradients(
  rec: Recorder,
  t: {
    own: GatedOwn;
    start: U;
    by_val: U;
    by_dz: U;
    grads: F;
    part: F;
    scalars: F;
    n: number;
    weight: number;
  },
): void {
  const { d_sae, segments, d_pad } = dims('sae/gated', {
    grads: [t.grads, '4 row'],
    part: [t.part, 'segments 4 d_pad'],
    r_mag: [t.own.r_mag, 'd_sae'],
  });
  const call = {
    params: { n: t.n, weight: t.weight, segments },
    constants: {
      T: rec.caps.class === 'software' ? 64 : 256,
      D4: d_pad / 4,
      D_SAE: d_sae,
      ROW: rowOf(d_sae),
    },
  };
  const { b_mag, r_mag } = t.own;
  const { start, by_val, by_dz, grads, part, scalars } = t;
  rec.run(gatedGradientsKernel, { ...call, tensors: { b_mag, r_mag, start, by_val, by_dz, grads } });
  rec.run(gatedTotalKernel, { ...call, tensors: { grads, part, scalars } });
}

/** Gradients by b_gate (0), b_mag (1) or r_mag (2) as a tensor [d_sae]. */
export const gatedGrad = (grads: F, i: 0 | 1 | 2, d_sae: number): F =>
  view(grads, { shape: [d_sae], byteOffset: 4 * i * (grads.shape[1] as number) });

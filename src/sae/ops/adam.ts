import { dims } from '#base/dims.ts';
import { ceilDiv } from '#base/num.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid, foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import bDecSource from '#shaders/sae/adam_b_dec.wgsl?raw';
import bEncSource from '#shaders/sae/adam_b_enc.wgsl?raw';
import rowsSource from '#shaders/sae/adam_rows.wgsl?raw';
import pullSource from '#shaders/sae/bias_pull.wgsl?raw';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const ADAM = ['lr', 'beta1', 'rest1', 'beta2', 'rest2', 'c1', 'c2', 'eps'] as const;
/** One step of Adam: rest = 1 − beta, c = 1 ÷ (1 − beta^t), computed in f64. */
export type AdamStep = Readonly<Record<(typeof ADAM)[number], number>>;

/** Numbers of step t (1-based). */
export function adamStep(
  t: number,
  o: { readonly lr: number; readonly beta1: number; readonly beta2: number; readonly eps: number },
): AdamStep {
  return {
    lr: o.lr,
    beta1: o.beta1,
    rest1: 1 - o.beta1,
    beta2: o.beta2,
    rest2: 1 - o.beta2,
    c1: 1 / (1 - o.beta1 ** t),
    c2: 1 / (1 - o.beta2 ** t),
    eps: o.eps,
  };
}

/** A parameter and its two moments, all of one shape. */
export interface Moments {
  readonly w: F;
  readonly m: F;
  readonly v: F;
}

/** The selected pairs by feature: feature f owns [start[f], start[f + 1]) of `pairs`, (row, bits of a weight) each. */
export interface PairList {
  readonly start: U;
  /** [cap, 2] */
  readonly pairs: U;
}

export const adamRowsKernel = defineKernel({
  name: 'sae/adam_rows',
  lib: [flatId],
  source: rowsSource,
  tensors: ['source', 'start', 'pairs', 'scalars', 'W', 'm', 'v', 'row_norm'],
  params: ['norm_at', ...ADAM],
  constants: { WX: 32, Q: 1, D4: 16, W_LEN: 4, D_SAE: 64, PROJECT: 1, NORM: 1, PULL: 0 },
  grid: (_, { D_SAE }) => foldGrid(D_SAE),
  doc: 'Sparse gradient of one feature row, projection, Adam and renormalisation in one pass; the gradient is not stored.',
});

/**
 * Invocations of a feature: one a vec4 of columns. Where a row sum is needed, software adapters take four, since every
 * further four cost a coroutine switch at each barrier.
 */
function rowInvocations(rec: Recorder, D4: number, sums: boolean): number {
  return Math.min(D4, sums && rec.caps.class === 'software' ? 4 : 256);
}

/** W [d_sae, d_pad] by its pairs and `source` [rows, d_pad]. `project`: rows keep unit norm. `norm`: ‖g‖² is kept. */
export function adamRows(
  rec: Recorder,
  t: {
    source: F;
    list: PairList;
    scalars: F;
    param: Moments;
    row_norm: F;
    normAt: number;
    project: boolean;
    norm: boolean;
    /** row_norm holds a factor for each feature: the row times it is added to the gradient. */
    pull?: boolean;
    adam: AdamStep;
  },
): void {
  const { d_sae, d_pad } = dims('sae/adam_rows', {
    W: [t.param.w, 'd_sae d_pad'],
    m: [t.param.m, 'd_sae d_pad'],
    v: [t.param.v, 'd_sae d_pad'],
    source: [t.source, 'rows d_pad'],
  });
  const D4 = d_pad / 4;
  const WX = rowInvocations(rec, D4, t.project || t.norm);
  rec.run(adamRowsKernel, {
    tensors: {
      source: t.source,
      start: t.list.start,
      pairs: t.list.pairs,
      scalars: t.scalars,
      W: t.param.w,
      m: t.param.m,
      v: t.param.v,
      row_norm: t.row_norm,
    },
    params: { norm_at: t.normAt, ...t.adam },
    constants: {
      WX,
      Q: ceilDiv(D4, WX),
      D4,
      W_LEN: d_sae * D4,
      D_SAE: d_sae,
      PROJECT: t.project ? 1 : 0,
      NORM: t.norm ? 1 : 0,
      PULL: t.pull ? 1 : 0,
    },
  });
}

export const adamBEncKernel = defineKernel({
  name: 'sae/adam_b_enc',
  lib: [flatId],
  source: bEncSource,
  tensors: ['start', 'pairs', 'scalars', 'b_enc', 'm', 'v', 'g_b_enc', 'bits'],
  params: ['d_sae', ...ADAM],
  constants: { WORDS: 1 },
  grid: ({ d_sae }) => flatGrid(d_sae),
  doc: 'Gradient of b_enc from the selected pairs, and Adam on it; clears the bitset of the step.',
});

/** b_enc [d_sae]; g_b_enc keeps the gradient for bias_pull and the norm. */
export function adamBEnc(
  rec: Recorder,
  t: { list: PairList; scalars: F; param: Moments; g_b_enc: F; bits: U; adam: AdamStep },
): void {
  const { d_sae, words } = dims('sae/adam_b_enc', {
    b_enc: [t.param.w, 'd_sae'],
    g_b_enc: [t.g_b_enc, 'd_sae'],
    bits: [t.bits, 'd_sae words'],
  });
  rec.run(adamBEncKernel, {
    tensors: {
      start: t.list.start,
      pairs: t.list.pairs,
      scalars: t.scalars,
      b_enc: t.param.w,
      m: t.param.m,
      v: t.param.v,
      g_b_enc: t.g_b_enc,
      bits: t.bits,
    },
    params: { d_sae, ...t.adam },
    constants: { WORDS: words },
  });
}

/** Features of one partial sum of bias_pull. */
const PULL_SEGMENT = 64;
/** Rows of bias_pull's partial sums for a dictionary of d_sae features. */
export const pullSegments = (d_sae: number): number => ceilDiv(d_sae, PULL_SEGMENT);

export const biasPullKernel = defineKernel({
  name: 'sae/bias_pull',
  lib: [flatId],
  source: pullSource,
  tensors: ['g_b_enc', 'W_enc', 'part'],
  params: ['d_sae'],
  constants: { D4: 16, W_LEN: 4, SEGMENT: PULL_SEGMENT },
  grid: ({ d_sae }, { D4, SEGMENT }) => flatGrid(ceilDiv(d_sae, SEGMENT) * D4),
  doc: 'Partial sums of g_b_enc·W_enc: the part of the b_dec gradient that comes through the encoder input.',
});

/** part [pullSegments(d_sae), d_pad] from g_b_enc [d_sae] and W_enc before its update. */
export function biasPull(rec: Recorder, t: { g_b_enc: F; W_enc: F; part: F }): void {
  const { d_sae, d_pad } = dims('sae/bias_pull', {
    g_b_enc: [t.g_b_enc, 'd_sae'],
    W_enc: [t.W_enc, 'd_sae d_pad'],
    part: [t.part, 'segments d_pad'],
  });
  rec.run(biasPullKernel, {
    tensors: t,
    params: { d_sae },
    constants: { D4: d_pad / 4, W_LEN: (d_sae * d_pad) / 4 },
  });
}

export const adamBDecKernel = defineKernel({
  name: 'sae/adam_b_dec',
  source: bDecSource,
  tensors: ['err_sum', 'part', 'scalars', 'b_dec', 'm', 'v', 'g_b_dec'],
  params: ['segments', ...ADAM],
  constants: { D4: 16 },
  grid: (_, { D4 }) => [ceilDiv(D4, 64)],
  doc: 'Gradient of b_dec (output bias and, with p = 1, input shift) and Adam on it.',
});

/** b_dec [d_pad]; `part` absent stands for p = 0. */
export function adamBDec(
  rec: Recorder,
  t: { err_sum: F; part: F | undefined; scalars: F; param: Moments; g_b_dec: F; adam: AdamStep },
): void {
  const { d_pad } = dims('sae/adam_b_dec', {
    err_sum: [t.err_sum, 'd_pad'],
    b_dec: [t.param.w, 'd_pad'],
    g_b_dec: [t.g_b_dec, 'd_pad'],
  });
  rec.run(adamBDecKernel, {
    tensors: {
      err_sum: t.err_sum,
      part: t.part ?? t.err_sum,
      scalars: t.scalars,
      b_dec: t.param.w,
      m: t.param.m,
      v: t.param.v,
      g_b_dec: t.g_b_dec,
    },
    params: { segments: t.part?.shape[0] ?? 0, ...t.adam },
    constants: { D4: d_pad / 4 },
  });
}

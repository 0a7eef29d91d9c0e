import { dims } from '#base/dims.ts';
import { ceilDiv } from '#base/num.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import batchSource from '#shaders/sae/batch_stats.wgsl?raw';
import columnSource from '#shaders/sae/column_stats.wgsl?raw';
import endSource from '#shaders/sae/step_end.wgsl?raw';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const SEGMENT = 32;
/** Segments of rows of column_stats for a batch of n. */
export const statSegments = (n: number): number => ceilDiv(n, SEGMENT);

/** Slots of `scalars`, see batch_stats.wgsl. */
export const SCALARS = 16;
/** Values of one slot of the metrics ring, see step_end.wgsl. */
export const RING_WIDTH = 12;
/** First of the three scalars that are a variant's own figures, before the number of resampled features; step_end copies them to the end of the ring's slot. */
export const FIGURES_AT = 8;

export const columnStatsKernel = defineKernel({
  name: 'sae/column_stats',
  lib: [flatId],
  source: columnSource,
  tensors: ['err', 'x', 'part'],
  params: ['n', 'from_row'],
  constants: { D4: 16, SEGMENT, WITH_X: 1 },
  grid: ({ n }, { D4, SEGMENT }) => flatGrid(ceilDiv(n, SEGMENT) * D4),
  doc: 'Partial column sums of err, err², x and x² by segments of rows.',
});

/** part [statSegments(n), 4, d_pad] over rows fromRow .. of err and all rows of x [n, d_pad]. */
export function columnStats(
  rec: Recorder,
  t: { err: F; x: F; part: F; fromRow: number; withX: boolean },
): void {
  const { n, d_pad } = dims('sae/column_stats', {
    x: [t.x, 'n d_pad'],
    err: [t.err, 'rows d_pad'],
    part: [t.part, 'segments 4 d_pad'],
  });
  rec.run(columnStatsKernel, {
    tensors: { err: t.err, x: t.x, part: t.part },
    params: { n, from_row: t.fromRow },
    constants: { D4: d_pad / 4, WITH_X: t.withX ? 1 : 0 },
  });
}

export const batchStatsKernel = defineKernel({
  name: 'sae/batch_stats',
  source: batchSource,
  tensors: ['part', 'err_sum', 'scalars'],
  params: ['n', 'segments', 'aux_weight', 'always'],
  constants: { D4: 16, T: 64 },
  grid: () => [1],
  doc: 'Column sum of err, squared error, variances of the input and of the residual, unit of AuxK.',
});

/** err_sum [d_pad] and scalars [16] from the partial sums of a batch of n rows. `always`: AuxK needs no dead feature. */
export function batchStats(
  rec: Recorder,
  t: { part: F; err_sum: F; scalars: F; n: number; auxWeight: number; always?: boolean },
): void {
  const { segments, d_pad } = dims('sae/batch_stats', {
    part: [t.part, 'segments 4 d_pad'],
    err_sum: [t.err_sum, 'd_pad'],
    scalars: [t.scalars, '16'],
  });
  rec.run(batchStatsKernel, {
    tensors: { part: t.part, err_sum: t.err_sum, scalars: t.scalars },
    params: { n: t.n, segments, aux_weight: t.auxWeight, always: t.always ? 1 : 0 },
    constants: { D4: d_pad / 4, T: rec.caps.class === 'software' ? 64 : 256 },
  });
}

export const stepEndKernel = defineKernel({
  name: 'sae/step_end',
  source: endSource,
  tensors: ['row_norm', 'g_b_enc', 'g_b_dec', 'last_fired', 'hits', 'aux_part', 'scalars', 'ring'],
  params: ['d_sae', 'n', 'slot', 'dead_limit', 'aux_segments', 'clip'],
  constants: { T: 64, D4: 16, CLIP: 1 },
  grid: () => [1],
  doc: 'Metrics of the step into the ring; gradient factor and dead count for the next step.',
});

/** ring [slots, 12]; `aux_part` absent: no AuxK; clip 0: off. */
export function stepEnd(
  rec: Recorder,
  t: {
    row_norm: F;
    g_b_enc: F;
    g_b_dec: F;
    last_fired: U;
    hits: U;
    aux_part: F | undefined;
    scalars: F;
    ring: F;
    n: number;
    slot: number;
    deadLimit: number;
    clip: number;
  },
): void {
  const { d_sae, d_pad } = dims('sae/step_end', {
    g_b_enc: [t.g_b_enc, 'd_sae'],
    g_b_dec: [t.g_b_dec, 'd_pad'],
    hits: [t.hits, 'd_sae'],
    ring: [t.ring, 'slots 12'],
  });
  rec.run(stepEndKernel, {
    tensors: {
      row_norm: t.row_norm,
      g_b_enc: t.g_b_enc,
      g_b_dec: t.g_b_dec,
      last_fired: t.last_fired,
      hits: t.hits,
      aux_part: t.aux_part ?? t.g_b_dec,
      scalars: t.scalars,
      ring: t.ring,
    },
    params: {
      d_sae,
      n: t.n,
      slot: t.slot,
      dead_limit: t.deadLimit,
      aux_segments: t.aux_part?.shape[0] ?? 0,
      clip: t.clip,
    },
    constants: { T: rec.caps.class === 'software' ? 64 : 256, D4: d_pad / 4, CLIP: t.clip > 0 ? 1 : 0 },
  });
}

import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import auxSource from '#shaders/sae/decode_aux.wgsl?raw';
import decodeSource from '#shaders/sae/decode_sparse.wgsl?raw';
import prepareSource from '#shaders/sae/prepare_batch.wgsl?raw';
import type { SparseCode } from '../sae.ts';

type F = Tensor<'f32'>;

export const prepareBatchKernel = defineKernel({
  name: 'sae/prepare_batch',
  lib: [flatId],
  source: prepareSource,
  tensors: ['x', 'b_dec', 'xs', 'xc'],
  params: ['n', 'from_row', 'scale', 'p'],
  constants: { D_IN: 64, D_PAD: 64 },
  grid: ({ n }, { D_PAD }) => flatGrid(n * D_PAD),
  doc: 'Scales a window of rows, subtracts b_dec and pads columns to a multiple of 4.',
});

/** xs = scale·x[fromRow ..], xc = xs − p·b_dec; x [rows, d_in], xs and xc [n, d_pad]. */
export function prepareBatch(
  rec: Recorder,
  t: { x: F; fromRow: number; b_dec: F; xs: F; xc: F; scale: number; p: boolean },
): void {
  const { n, d_in, d_pad } = dims('sae/prepare_batch', {
    x: [t.x, 'rows d_in'],
    b_dec: [t.b_dec, 'd_pad'],
    xs: [t.xs, 'n d_pad'],
    xc: [t.xc, 'n d_pad'],
  });
  rec.run(prepareBatchKernel, {
    tensors: { x: t.x, b_dec: t.b_dec, xs: t.xs, xc: t.xc },
    params: { n, from_row: t.fromRow, scale: t.scale, p: t.p ? 1 : 0 },
    constants: { D_IN: d_in, D_PAD: d_pad },
  });
}

/** Invocations of a row: one a vec4 of columns. */
export const rowWidth = (d_pad: number): number => Math.min(d_pad / 4, 64);

export const decodeSparseKernel = defineKernel({
  name: 'sae/decode_sparse',
  source: decodeSource,
  tensors: ['W_dec', 'b_dec', 'x', 'row_start', 'idx', 'val', 'err'],
  params: ['n', 'from_row', 'scale'],
  constants: { WX: 32, D4: 16, W_LEN: 4 },
  grid: ({ n }) => [n],
  doc: 'err = scale·(recon − x) with recon gathered from the chosen rows of W_dec.',
});

/** err[fromRow .. + n) = scale·(recon − x) of the code's rows from `fromRow` (0) on. x [n, d_pad], err [rows, d_pad]. */
export function decodeSparse(
  rec: Recorder,
  t: { W_dec: F; b_dec: F; x: F; code: SparseCode; err: F; scale: number; fromRow?: number },
): void {
  const { d_sae, d_pad, n } = dims('sae/decode_sparse', {
    W_dec: [t.W_dec, 'd_sae d_pad'],
    b_dec: [t.b_dec, 'd_pad'],
    x: [t.x, 'n d_pad'],
    err: [t.err, 'rows d_pad'],
  });
  rec.run(decodeSparseKernel, {
    tensors: {
      W_dec: t.W_dec,
      b_dec: t.b_dec,
      x: t.x,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      err: t.err,
    },
    params: { n, from_row: t.fromRow ?? 0, scale: t.scale },
    constants: { WX: rowWidth(d_pad), D4: d_pad / 4, W_LEN: (d_sae * d_pad) / 4 },
  });
}

export const decodeAuxKernel = defineKernel({
  name: 'sae/decode_aux',
  source: auxSource,
  tensors: ['W_dec', 'row_start', 'idx', 'val', 'scalars', 'err'],
  params: ['n', 'unscale'],
  constants: { WX: 32, D4: 16, W_LEN: 4 },
  grid: ({ n }) => [n],
  doc: 'Gradient of AuxK by its reconstruction: dead features decode what the chosen ones left over (Gao 2024).',
});

/** err[n + r] = unit·(aux recon − e) from the code's rows n + r; err [2·n, d_pad]. */
export function decodeAux(
  rec: Recorder,
  t: { W_dec: F; code: SparseCode; scalars: F; err: F; n: number },
): void {
  const { d_sae, d_pad } = dims('sae/decode_aux', {
    W_dec: [t.W_dec, 'd_sae d_pad'],
    err: [t.err, 'rows d_pad'],
  });
  rec.run(decodeAuxKernel, {
    tensors: {
      W_dec: t.W_dec,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      scalars: t.scalars,
      err: t.err,
    },
    params: { n: t.n, unscale: t.n / 2 },
    constants: { WX: rowWidth(d_pad), D4: d_pad / 4, W_LEN: (d_sae * d_pad) / 4 },
  });
}

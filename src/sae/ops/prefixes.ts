import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import prefixLib from '#shaders/lib/prefix.wgsl?raw';
import decodeSource from '#shaders/sae/decode_prefixes.wgsl?raw';
import endSource from '#shaders/sae/prefix_end.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import { rowWidth } from './decode.ts';

type F = Tensor<'f32'>;

/** Prefixes that lib/prefix.wgsl has room for. */
export const MAX_PREFIXES = 8;
const NONE = 4294967295;

/** Constants of lib/prefix.wgsl: no ends stand for one reconstruction by the whole dictionary. */
export const prefixConstants = (
  ends: readonly number[],
): Record<'LEVELS' | 'E0' | 'E1' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6', number> => {
  const inner = ends.slice(0, -1);
  const at = (h: number): number => inner[h] ?? NONE;
  return {
    LEVELS: ends.length,
    ...{ E0: at(0), E1: at(1), E2: at(2), E3: at(3), E4: at(4), E5: at(5), E6: at(6) },
  };
};

export const decodePrefixesKernel = defineKernel({
  name: 'sae/decode_prefixes',
  lib: [prefixLib],
  source: decodeSource,
  tensors: ['W_dec', 'b_dec', 'x', 'row_start', 'idx', 'val', 'err', 'row_loss'],
  params: ['n', 'rows'],
  constants: { WX: 32, D4: 16, W_LEN: 4, ...prefixConstants([]) },
  grid: ({ n }) => [n],
  doc: 'Errors of nested prefixes of the dictionary and their suffix sums (Matryoshka, Bussmann 2025).',
});

/**
 * err [rows + ends.length·n, d_pad] of the batch's n rows (decode_prefixes.wgsl) and row_loss [n]; ends ascend, the
 * last one is d_sae. Entries of a row must ascend by feature.
 */
export function decodePrefixes(
  rec: Recorder,
  t: { W_dec: F; b_dec: F; x: F; code: SparseCode; err: F; row_loss: F; ends: readonly number[] },
): void {
  const { d_sae, d_pad, n } = dims('sae/decode_prefixes', {
    W_dec: [t.W_dec, 'd_sae d_pad'],
    b_dec: [t.b_dec, 'd_pad'],
    x: [t.x, 'n d_pad'],
    err: [t.err, 'all d_pad'],
    row_loss: [t.row_loss, 'n'],
  });
  rec.run(decodePrefixesKernel, {
    tensors: {
      W_dec: t.W_dec,
      b_dec: t.b_dec,
      x: t.x,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      err: t.err,
      row_loss: t.row_loss,
    },
    params: { n, rows: (t.code.rowStart.shape[0] as number) - 1 },
    constants: {
      WX: rowWidth(d_pad),
      D4: d_pad / 4,
      W_LEN: (d_sae * d_pad) / 4,
      ...prefixConstants(t.ends),
    },
  });
}

export const prefixEndKernel = defineKernel({
  name: 'sae/prefix_end',
  source: endSource,
  tensors: ['part', 'row_loss', 'err_sum', 'scalars'],
  params: ['n', 'segments'],
  constants: { D4: 16, T: 64 },
  grid: () => [1],
  doc: 'Gradient by the decoder bias over all prefixes, and the mean loss of the prefixes.',
});

/** err_sum [d_pad] from the column sums of the first prefix's err; scalars[8] = mean of row_loss [n]. */
export function prefixEnd(rec: Recorder, t: { part: F; row_loss: F; err_sum: F; scalars: F }): void {
  const { n, segments, d_pad } = dims('sae/prefix_end', {
    part: [t.part, 'segments 4 d_pad'],
    row_loss: [t.row_loss, 'n'],
    err_sum: [t.err_sum, 'd_pad'],
    scalars: [t.scalars, '16'],
  });
  rec.run(prefixEndKernel, {
    tensors: t,
    params: { n, segments },
    constants: { D4: d_pad / 4, T: rec.caps.class === 'software' ? 16 : 256 },
  });
}

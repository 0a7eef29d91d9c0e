import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid, foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import prefixLib from '#shaders/lib/prefix.wgsl?raw';
import dzSource from '#shaders/sae/dz_mark.wgsl?raw';
import fillSource from '#shaders/sae/fill_pairs.wgsl?raw';
import fireSource from '#shaders/sae/fire_stats.wgsl?raw';
import scanSource from '#shaders/sae/scan_counts.wgsl?raw';
import type { SparseCode } from '../sae.ts';
import { prefixConstants } from './prefixes.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

/** Invocations of a row of the code. */
const ROW_T = 32;

export const dzMarkKernel = defineKernel({
  name: 'sae/dz_mark',
  lib: [flatId, prefixLib],
  source: dzSource,
  tensors: ['W_dec', 'err', 'row_start', 'idx', 'val', 'dz', 'bits'],
  params: ['rows', 'n'],
  constants: { T: ROW_T, D4: 16, W_LEN: 4, WORDS: 1, ...prefixConstants([]) },
  grid: ({ rows }) => foldGrid(rows),
  doc: 'Gradient by the act of each selected pair, and the bitset (feature, row) of the pairs.',
});

/** Nested prefixes of the dictionary and the batch's rows, by which err has further rows (prefixes.ts). */
export interface PrefixRows {
  readonly ends: readonly number[];
  readonly n: number;
}

/**
 * dz [cap] from err [≥ rows, d_pad], one row of err a row of the code, or by `prefixes`; bits [d_sae, ceil(rows ÷ 32)]
 * must be zero before.
 */
export function dzMark(
  rec: Recorder,
  t: { W_dec: F; err: F; code: SparseCode; dz: F; bits: U; prefixes?: PrefixRows | undefined },
): void {
  const rows = (t.code.rowStart.shape[0] as number) - 1;
  const { d_sae, d_pad, words } = dims('sae/dz_mark', {
    W_dec: [t.W_dec, 'd_sae d_pad'],
    err: [t.err, 'all d_pad'],
    bits: [t.bits, 'd_sae words'],
    dz: [t.dz, 'cap'],
  });
  rec.run(dzMarkKernel, {
    tensors: {
      W_dec: t.W_dec,
      err: t.err,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      dz: t.dz,
      bits: t.bits,
    },
    params: { rows, n: t.prefixes?.n ?? rows },
    constants: {
      D4: d_pad / 4,
      W_LEN: (d_sae * d_pad) / 4,
      WORDS: words,
      ...prefixConstants(t.prefixes?.ends ?? []),
    },
  });
}

export const fireStatsKernel = defineKernel({
  name: 'sae/fire_stats',
  lib: [flatId],
  source: fireSource,
  tensors: ['bits', 'start', 'hits', 'last_fired', 'fired'],
  params: ['d_sae', 'n', 'step'],
  constants: { WORDS: 1 },
  grid: ({ d_sae }) => flatGrid(d_sae),
  doc: 'Entries of each feature in the batch, its last firing and its firings so far.',
});

/** Counts into start [d_sae + 1]; hits, last_fired, fired [d_sae]; `n` rows of the batch, further ones are AuxK's. */
export function fireStats(
  rec: Recorder,
  t: { bits: U; start: U; hits: U; last_fired: U; fired: U; n: number; step: number },
): void {
  const { d_sae, words } = dims('sae/fire_stats', {
    bits: [t.bits, 'd_sae words'],
    hits: [t.hits, 'd_sae'],
    last_fired: [t.last_fired, 'd_sae'],
    fired: [t.fired, 'd_sae'],
  });
  rec.run(fireStatsKernel, {
    tensors: { bits: t.bits, start: t.start, hits: t.hits, last_fired: t.last_fired, fired: t.fired },
    params: { d_sae, n: t.n, step: t.step },
    constants: { WORDS: words },
  });
}

export const scanCountsKernel = defineKernel({
  name: 'sae/scan_counts',
  source: scanSource,
  tensors: ['start'],
  params: ['n'],
  constants: { T: 64 },
  grid: () => [1],
  doc: 'Exclusive prefix sums of u32 counts, in place.',
});

/** start [n + 1]: the counts in 0 .. n - 1 become starts, the last one the total. */
export function scanCounts(rec: Recorder, start: U): void {
  const n = (start.shape[0] ?? 1) - 1;
  rec.run(scanCountsKernel, {
    tensors: { start },
    params: { n },
    constants: { T: rec.caps.class === 'software' ? 64 : 256 },
  });
}

export const fillPairsKernel = defineKernel({
  name: 'sae/fill_pairs',
  lib: [flatId, prefixLib],
  source: fillSource,
  tensors: ['row_start', 'idx', 'val', 'dz', 'bits', 'start', 'by_val', 'by_dz'],
  params: ['rows', 'n'],
  constants: { T: ROW_T, WORDS: 1, ...prefixConstants([]) },
  grid: ({ rows }) => foldGrid(rows),
  doc: 'The code by feature, rows ascending, without a sort: places come from the bitset.',
});

/** by_val and by_dz [cap, 2] in the order of features; `rows` of the code, of which the first n are the batch's. */
export function fillPairs(
  rec: Recorder,
  t: {
    code: SparseCode;
    dz: F;
    bits: U;
    start: U;
    by_val: U;
    by_dz: U;
    rows: number;
    n: number;
    ends?: readonly number[] | undefined;
  },
): void {
  const { words } = dims('sae/fill_pairs', {
    bits: [t.bits, 'd_sae words'],
    by_val: [t.by_val, 'cap 2'],
    by_dz: [t.by_dz, 'cap 2'],
  });
  rec.run(fillPairsKernel, {
    tensors: {
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
      dz: t.dz,
      bits: t.bits,
      start: t.start,
      by_val: t.by_val,
      by_dz: t.by_dz,
    },
    params: { rows: t.rows, n: t.n },
    constants: { WORDS: words, ...prefixConstants(t.ends ?? []) },
  });
}

import { dims } from '#base/dims.ts';
import { ceilDiv } from '#base/num.ts';
import matmulAnySource from '#shaders/linalg/matmul_any.wgsl?raw';
import matmulNnSource from '#shaders/linalg/matmul_nn.wgsl?raw';
import matmulNtSource from '#shaders/linalg/matmul_nt.wgsl?raw';
import matmulShmSource from '#shaders/linalg/matmul_shm.wgsl?raw';
import matmulTnSource from '#shaders/linalg/matmul_tn.wgsl?raw';
import { defineKernel, type Grid } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import { rowAlignment, rows, type Tensor } from '../tensor.ts';

/** Which operand is transposed: NN = a·b, NT = a·bᵀ, TN = aᵀ·b. All matrices row-major. */
export type MatmulLayout = 'NN' | 'NT' | 'TN';
/** 'reg': register tiles, no workgroup memory; 'shm': shared-memory tile; 'any': the general form for all sizes. */
export type MatmulFamily = 'reg' | 'shm' | 'any';

export interface MatmulCall {
  readonly layout: MatmulLayout;
  /** [m, k]; TN: [k, m]. */
  readonly a: Tensor<'f32'>;
  /** NN and TN: [k, n]; NT: [n, k]. */
  readonly b: Tensor<'f32'>;
  /** [n], added to every row. */
  readonly bias?: Tensor<'f32'> | undefined;
  /** [m, n] */
  readonly out: Tensor<'f32'>;
  /** out += instead of out =. */
  readonly accumulate?: boolean | undefined;
  /** Forces a family where sizes allow it (tests and bench); the default follows the adapter. */
  readonly family?: MatmulFamily | undefined;
  /** Bytes of one binding; default the adapter's limit. Tests make it small. */
  readonly maxBindingBytes?: number | undefined;
}

const tensors = ['a', 'b', 'bias', 'out'] as const;
const params = ['m', 'n', 'k', 'a_ld', 'a_col', 'out_ld', 'out_col', 'has_bias', 'accumulate'] as const;
const tileGrid = ({ m, n }: { m: number; n: number }): Grid => [ceilDiv(n, 64), ceilDiv(m, 64)];

export const matmulNtKernel = defineKernel({
  name: 'linalg/matmul_nt',
  source: matmulNtSource,
  tensors,
  params,
  grid: tileGrid,
  doc: 'out[m, n] = Σ_k a[m, k]·b[n, k] (+ bias[n]) (+ out); register tile 16 × 16.',
});
export const matmulNtRaggedKernel = defineKernel({
  name: 'linalg/matmul_nt/ragged',
  source: matmulNtSource,
  entry: 'ragged',
  tensors: ['a', 'b', 'bias_ragged', 'out_ragged'],
  params,
  grid: tileGrid,
  doc: 'As matmul_nt, for any n.',
});
export const matmulNnKernel = defineKernel({
  name: 'linalg/matmul_nn',
  source: matmulNnSource,
  tensors,
  params,
  grid: tileGrid,
  doc: 'out[m, n] = Σ_k a[m, k]·b[k, n] (+ bias[n]) (+ out); register tile 16 × 16.',
});
export const matmulTnKernel = defineKernel({
  name: 'linalg/matmul_tn',
  source: matmulTnSource,
  tensors,
  params,
  grid: tileGrid,
  doc: 'out[m, n] = Σ_k a[k, m]·b[k, n] (+ bias[n]) (+ out); register tile 16 × 16.',
});
export const matmulShmKernel = defineKernel({
  name: 'linalg/matmul_shm',
  source: matmulShmSource,
  tensors,
  params,
  constants: { A_ALONG_K: 1, B_ALONG_K: 1 },
  grid: tileGrid,
  doc: 'out[m, n] = Σ_k A[m, k]·B[k, n] (+ bias[n]) (+ out); shared-memory tile 64 × 64 × 16 for hardware.',
});
export const matmulShmRaggedKernel = defineKernel({
  name: 'linalg/matmul_shm/ragged',
  source: matmulShmSource,
  entry: 'ragged',
  tensors: ['a', 'b', 'bias_ragged', 'out_ragged'],
  params,
  constants: { A_ALONG_K: 1, B_ALONG_K: 1 },
  grid: tileGrid,
  doc: 'As matmul_shm, for any n; b is [n, k].',
});
export const matmulAnyKernel = defineKernel({
  name: 'linalg/matmul_any',
  source: matmulAnySource,
  tensors,
  params: [
    'm',
    'n',
    'k',
    'a_at',
    'a_row',
    'a_k',
    'b_k',
    'b_col',
    'out_ld',
    'out_col',
    'has_bias',
    'accumulate',
  ],
  grid: ({ m, n }) => [ceilDiv(n, 32), ceilDiv(m, 32)],
  doc: 'out[m, n] = Σ_k A[m, k]·B[k, n] (+ bias[n]) (+ out) by strides, for every size; register tile 4 × 4.',
});

/**
 * out[m, n] = Σ_k A[m, k]·B[k, n] (+ bias[n]) (+ out), A and B transposed as `layout` says.
 *
 * All tensors are matrices: give a window (`view`) of anything of higher rank. Bindings over the adapter's limit are
 * split by rows. Fast when the contiguous dimensions are multiples of 4; correct for all sizes.
 * @throws WorkbenchError('shape')
 */
export function matmul(rec: Recorder, call: MatmulCall): void {
  const { layout, a, b, bias, out } = call;
  dims(`matmul ${layout}`, {
    a: [a, layout === 'TN' ? 'k m' : 'm k'],
    b: [b, layout === 'NT' ? 'n k' : 'k n'],
    ...(bias && { bias: [bias, 'n'] as const }),
    out: [out, 'm n'],
  });
  const limit = call.maxBindingBytes ?? rec.caps.maxBindingBytes;
  const outer = layout === 'TN' ? [out] : [a, out];
  const inner = layout === 'TN' ? [a, b] : [b];
  for (const r of spans(outer, limit)) for (const c of spans(inner, limit)) block(rec, call, r, c);
}

interface Span {
  readonly from: number;
  readonly count: number;
}

/** Windows of rows that all of `ts` (equal row counts) can bind, in multiples of 4 rows for the vec4 kernels. */
function spans(ts: readonly Tensor[], limit: number): Span[] {
  const n = ts[0]?.shape[0] ?? 0;
  if (ts.every((t) => t.byteLength <= limit)) return [{ from: 0, count: n }];
  // Alignments are powers of two, so the largest is a multiple of all.
  const align = Math.max(4, ...ts.map(rowAlignment));
  const fit = Math.min(...ts.map((t) => Math.floor((limit * n) / t.byteLength)));
  const step = Math.max(align, Math.floor(fit / align) * align);
  return Array.from({ length: ceilDiv(n, step) }, (_, i) => ({
    from: i * step,
    count: Math.min(step, n - i * step),
  }));
}

/** One dispatch: rows `r` of the result (of a too, unless TN) against rows `c` of b (of a too, if TN). */
function block(rec: Recorder, call: MatmulCall, r: Span, c: Span): void {
  const { layout } = call;
  const nt = layout === 'NT';
  const tn = layout === 'TN';
  const a = window(call.a, tn ? c : r);
  const b = window(call.b, c);
  const out = window(call.out, r);
  const later = !nt && c.from > 0;
  const p = {
    m: r.count,
    n: nt ? c.count : (call.b.shape[1] ?? 0),
    k: nt ? (call.b.shape[1] ?? 0) : c.count,
    a_ld: call.a.shape[1] ?? 0,
    a_col: tn ? r.from : nt ? 0 : c.from,
    out_ld: call.out.shape[1] ?? 0,
    out_col: nt ? c.from : 0,
    has_bias: call.bias && !later ? 1 : 0,
    accumulate: call.accumulate || later ? 1 : 0,
  };
  if (p.m === 0 || p.n === 0) return;
  // A binding must exist: without a bias, b stands in for it and is not read.
  const t = { a, b, bias: call.bias ?? b, out };
  const family = call.family ?? (rec.caps.class === 'software' ? 'reg' : 'shm');
  dispatch(rec, layout, t, p, family);
}

const window = (t: Tensor<'f32'>, s: Span): Tensor<'f32'> =>
  s.count === t.shape[0] ? t : rows(t, s.from, s.count);

type Operands = Readonly<Record<(typeof tensors)[number], Tensor<'f32'>>>;
type BlockParams = Readonly<Record<(typeof params)[number], number>>;

/**
 * Picks the kernel that the sizes allow. Software adapters run register tiles 2.5 to 8 times faster than staged ones;
 * hardware has cheap barriers.
 */
function dispatch(
  rec: Recorder,
  layout: MatmulLayout,
  t: Operands,
  p: BlockParams,
  family: MatmulFamily,
): void {
  const nt = layout === 'NT';
  const tn = layout === 'TN';
  const shm = family === 'shm';
  const inputs = p.a_ld % 4 === 0 && (nt ? p.k % 4 === 0 : p.n % 4 === 0);
  const whole = p.out_ld % 4 === 0;
  const constants = { A_ALONG_K: tn ? 0 : 1, B_ALONG_K: nt ? 1 : 0 };
  if (family === 'any' || !inputs || (!whole && !nt)) general(rec, layout, t, p);
  else if (!whole) {
    const ragged = { a: t.a, b: t.b, bias_ragged: t.bias, out_ragged: t.out };
    rec.run(shm ? matmulShmRaggedKernel : matmulNtRaggedKernel, { tensors: ragged, params: p });
  } else if (shm) rec.run(matmulShmKernel, { tensors: t, params: p, constants });
  else rec.run(nt ? matmulNtKernel : tn ? matmulTnKernel : matmulNnKernel, { tensors: t, params: p });
}

function general(rec: Recorder, layout: MatmulLayout, t: Operands, p: BlockParams): void {
  const { m, n, k, a_ld, a_col, out_ld, out_col, has_bias, accumulate } = p;
  const tn = layout === 'TN';
  const nt = layout === 'NT';
  rec.run(matmulAnyKernel, {
    tensors: t,
    params: {
      ...{ m, n, k, a_at: a_col, a_row: tn ? 1 : a_ld, a_k: tn ? a_ld : 1 },
      ...{ b_k: nt ? 1 : n, b_col: nt ? k : 1, out_ld, out_col, has_bias, accumulate },
    },
  });
}

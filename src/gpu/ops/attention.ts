import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import { ceilDiv } from '#base/num.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import reduce from '#shaders/lib/reduce.wgsl?raw';
import matmulSource from '#shaders/transformer/attn_matmul.wgsl?raw';
import softmaxSource from '#shaders/transformer/softmax_causal.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { laneGrid, rowLanes } from './grid.ts';

// q, z [batch, seq, n_heads, d_head]; k, v [batch, seq, n_kv_heads, d_head]; scores, pattern [batch, n_heads, seq, seq].
// Head h reads key/value head h / (n_heads / n_kv_heads). Row index dest, column index source, causal.
type F = Tensor<'f32'>;

export const attnMatmulKernel = defineKernel({
  name: 'transformer/attn_matmul',
  source: matmulSource,
  tensors: ['a', 'b', 'out'],
  params: [
    ...(['m', 'n', 'k', 'batches', 'heads', 'sum_heads', 'b_group'] as const),
    ...(['a_batch', 'a_head', 'a_row', 'a_i'] as const),
    ...(['b_batch', 'b_head', 'b_i', 'b_col', 'out_batch', 'out_head', 'out_row'] as const),
    ...(['causal', 'scale', 'fill'] as const),
  ],
  grid: ({ m, n, batches, heads }) => [ceilDiv(n, 32), ceilDiv(m, 64), batches * heads],
  doc: 'One product of causal attention by strides: scores, z and the gradients of q, k, v and pattern.',
});

const softmaxTensors = {
  name: 'transformer/softmax_causal',
  source: softmaxSource,
  lib: [flatId, reduce],
  params: ['n', 'seq'],
  constants: { LANES: 64 },
} as const;
export const softmaxKernel = defineKernel({
  ...softmaxTensors,
  name: 'transformer/softmax_causal/forward',
  entry: 'forward',
  tensors: ['scores', 'pattern'],
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'pattern[dest, s] = softmax over s <= dest of scores[dest, s], 0 above the diagonal.',
});
export const softmaxBackwardKernel = defineKernel({
  ...softmaxTensors,
  name: 'transformer/softmax_causal/backward',
  entry: 'backward',
  tensors: ['saved_pattern', 'd_pattern', 'd_scores'],
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'd_scores = pattern·(d_pattern − Σ_s pattern·d_pattern).',
});

/** scores[b, h, d, s] = scale·q[b, d, h]·k[b, s, h'] for s <= d, −1e30 above the diagonal; hook_attn_scores. */
export function attnScores(rec: Recorder, t: { q: F; k: F; scores: F; scale: number }): void {
  check('attnScores', { heads: t.q, kv: t.k, square: t.scores });
  outer(rec, { a: t.q, b: t.k, out: t.scores, scale: t.scale, fill: -1e30 });
}

/** pattern = softmax of each row of scores over s <= d, 0 above the diagonal; hook_pattern. */
export function attnSoftmax(rec: Recorder, t: { scores: F; pattern: F }): void {
  const { scores, pattern } = t;
  const { batch, n_heads, seq } = dims('attnSoftmax', {
    scores: [scores, 'batch n_heads seq seq'],
    pattern: [pattern, 'batch n_heads seq seq'],
  });
  rec.run(softmaxKernel, {
    tensors: { scores, pattern },
    params: { n: batch * n_heads * seq, seq },
    constants: rowLanes(rec),
  });
}

/** z[b, d, h] = Σ_{s <= d} pattern[b, h, d, s]·v[b, s, h']; hook_z. pattern must be 0 above the diagonal. */
export function attnMix(rec: Recorder, t: { pattern: F; v: F; z: F }): void {
  check('attnMix', { heads: t.z, kv: t.v, square: t.pattern });
  lower(rec, { a: t.pattern, b: t.v, out: t.z, scale: 1 });
}

/** d_pattern[b, h, d, s] = d_z[b, d, h]·v[b, s, h'] (0 above the diagonal). */
export function attnMixBackwardPattern(rec: Recorder, t: { v: F; d_z: F; d_pattern: F }): void {
  check('attnMixBackwardPattern', { heads: t.d_z, kv: t.v, square: t.d_pattern });
  outer(rec, { a: t.d_z, b: t.v, out: t.d_pattern, scale: 1, fill: 0 });
}

/** d_v[b, s, h'] = Σ_{h of h'} Σ_{d >= s} pattern[b, h, d, s]·d_z[b, d, h]. */
export function attnMixBackwardValue(rec: Recorder, t: { pattern: F; d_z: F; d_v: F }): void {
  check('attnMixBackwardValue', { heads: t.d_z, kv: t.d_v, square: t.pattern });
  upper(rec, { a: t.pattern, b: t.d_z, out: t.d_v, scale: 1 });
}

/** d_scores = pattern∘(d_pattern − Σ_s pattern∘d_pattern), 0 above the diagonal. */
export function attnSoftmaxBackward(rec: Recorder, t: { pattern: F; d_pattern: F; d_scores: F }): void {
  const { pattern, d_pattern, d_scores } = t;
  const { batch, n_heads, seq } = dims('attnSoftmaxBackward', {
    pattern: [pattern, 'batch n_heads seq seq'],
    d_pattern: [d_pattern, 'batch n_heads seq seq'],
    d_scores: [d_scores, 'batch n_heads seq seq'],
  });
  rec.run(softmaxBackwardKernel, {
    tensors: { saved_pattern: pattern, d_pattern, d_scores },
    params: { n: batch * n_heads * seq, seq },
    constants: rowLanes(rec),
  });
}

/** d_q[b, d, h] = scale·Σ_{s <= d} d_scores[b, h, d, s]·k[b, s, h']. d_scores must be 0 above the diagonal. */
export function attnScoresBackwardQuery(
  rec: Recorder,
  t: { k: F; d_scores: F; d_q: F; scale: number },
): void {
  check('attnScoresBackwardQuery', { heads: t.d_q, kv: t.k, square: t.d_scores });
  lower(rec, { a: t.d_scores, b: t.k, out: t.d_q, scale: t.scale });
}

/** d_k[b, s, h'] = scale·Σ_{h of h'} Σ_{d >= s} d_scores[b, h, d, s]·q[b, d, h]. */
export function attnScoresBackwardKey(rec: Recorder, t: { q: F; d_scores: F; d_k: F; scale: number }): void {
  check('attnScoresBackwardKey', { heads: t.q, kv: t.d_k, square: t.d_scores });
  upper(rec, { a: t.d_scores, b: t.q, out: t.d_k, scale: t.scale });
}

function check(op: string, t: { heads: F; kv: F; square: F }): void {
  const { n_heads, n_kv_heads } = dims(op, {
    heads: [t.heads, 'batch seq n_heads d_head'],
    kv: [t.kv, 'batch seq n_kv_heads d_head'],
    square: [t.square, 'batch n_heads seq seq'],
  });
  if (n_heads % n_kv_heads !== 0)
    throw new WorkbenchError(
      'shape',
      `${op}: ${n_heads} heads do not share ${n_kv_heads} key/value heads evenly`,
    );
}

interface Product {
  readonly a: F;
  readonly b: F;
  readonly out: F;
  readonly scale: number;
}
const MASK = 0;
const LOWER = 1;
const UPPER = 2;

/** Strides of [batch, seq, heads, d_head]. */
function perHead(t: F): { batch: number; head: number; pos: number; heads: number; d_head: number } {
  const [, seq = 0, heads = 0, d_head = 0] = t.shape;
  return { batch: seq * heads * d_head, head: d_head, pos: heads * d_head, heads, d_head };
}
/** Strides of [batch, n_heads, seq, seq]. */
function perPair(t: F): { batches: number; batch: number; head: number; heads: number; seq: number } {
  const [batches = 0, heads = 0, seq = 0] = t.shape;
  return { batches, batch: heads * seq * seq, head: seq * seq, heads, seq };
}

/** out[dest, source] = scale·a[dest]·b[source], `fill` above the diagonal. */
function outer(rec: Recorder, t: Product & { readonly fill: number }): void {
  const a = perHead(t.a);
  const b = perHead(t.b);
  const o = perPair(t.out);
  rec.run(attnMatmulKernel, {
    tensors: { a: t.a, b: t.b, out: t.out },
    params: {
      ...{ m: o.seq, n: o.seq, k: a.d_head, batches: o.batches, heads: o.heads },
      ...{ sum_heads: 1, b_group: a.heads / b.heads, causal: MASK, scale: t.scale, fill: t.fill },
      ...{ a_batch: a.batch, a_head: a.head, a_row: a.pos, a_i: 1 },
      ...{ b_batch: b.batch, b_head: b.head, b_i: 1, b_col: b.pos },
      ...{ out_batch: o.batch, out_head: o.head, out_row: o.seq },
    },
  });
}

/** out[dest] = scale·Σ_{source <= dest} a[dest, source]·b[source]. */
function lower(rec: Recorder, t: Product): void {
  const a = perPair(t.a);
  const b = perHead(t.b);
  const o = perHead(t.out);
  rec.run(attnMatmulKernel, {
    tensors: { a: t.a, b: t.b, out: t.out },
    params: {
      ...{ m: a.seq, n: o.d_head, k: a.seq, batches: a.batches, heads: a.heads },
      ...{ sum_heads: 1, b_group: a.heads / b.heads, causal: LOWER, scale: t.scale, fill: 0 },
      ...{ a_batch: a.batch, a_head: a.head, a_row: a.seq, a_i: 1 },
      ...{ b_batch: b.batch, b_head: b.head, b_i: b.pos, b_col: 1 },
      ...{ out_batch: o.batch, out_head: o.head, out_row: o.pos },
    },
  });
}

/** out[source] = scale·Σ_{heads that share out's head} Σ_{dest >= source} a[dest, source]·b[dest]. */
function upper(rec: Recorder, t: Product): void {
  const a = perPair(t.a);
  const b = perHead(t.b);
  const o = perHead(t.out);
  rec.run(attnMatmulKernel, {
    tensors: { a: t.a, b: t.b, out: t.out },
    params: {
      ...{ m: a.seq, n: o.d_head, k: a.seq, batches: a.batches, heads: o.heads },
      ...{ sum_heads: a.heads / o.heads, b_group: 1, causal: UPPER, scale: t.scale, fill: 0 },
      ...{ a_batch: a.batch, a_head: a.head, a_row: 1, a_i: a.seq },
      ...{ b_batch: b.batch, b_head: b.head, b_i: b.pos, b_col: 1 },
      ...{ out_batch: o.batch, out_head: o.head, out_row: o.pos },
    },
  });
}

import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/transformer/embed.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import { rowChunks, type Tensor, view } from '../tensor.ts';
import { fill } from './elementwise.ts';
import { flatGrid } from './grid.ts';
import { gatherRows } from './rows.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

const shared = {
  source,
  lib: [flatId],
  params: ['n', 'seq', 'd', 'rows', 'accumulate', 'from_row'],
} as const;

export const embedPositionsKernel = defineKernel({
  ...shared,
  name: 'transformer/embed/positions',
  entry: 'positions',
  tensors: ['W_pos', 'pos_embed'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'pos_embed[b, t, :] = W_pos[t, :].',
});
export const embedPositionsBackwardKernel = defineKernel({
  ...shared,
  name: 'transformer/embed/positions_backward',
  entry: 'positions_backward',
  tensors: ['d_embed', 'd_W_pos'],
  grid: ({ rows, d }) => flatGrid(rows * d),
  doc: 'd_W_pos[t, :] (+)= Σ_b d_embed[b, t, :].',
});
export const embedLinkKernel = defineKernel({
  ...shared,
  name: 'transformer/embed/link',
  entry: 'link',
  tensors: ['tokens', 'links'],
  grid: ({ n }) => flatGrid(n),
  doc: 'Links each position to the next one with the same token, so that gradients of W_E are added in order.',
});
export const embedTokensBackwardKernel = defineKernel({
  ...shared,
  name: 'transformer/embed/tokens_backward',
  entry: 'tokens_backward',
  tensors: ['tokens', 'saved_links', 'd_embed', 'd_W_E'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'd_W_E[v, :] += Σ over positions whose token is v of d_embed, in ascending order, without atomics.',
});

/** embed[b, t, :] = W_E[tokens[b, t], :]. tokens [batch, seq], W_E [d_vocab, d_model]; hook_embed. */
export function embedTokens(rec: Recorder, t: { tokens: U; W_E: F; embed: F }): void {
  const { batch, seq, d_model } = dims('embedTokens', {
    tokens: [t.tokens, 'batch seq'],
    W_E: [t.W_E, 'd_vocab d_model'],
    embed: [t.embed, 'batch seq d_model'],
  });
  const n = batch * seq;
  gatherRows(rec, {
    table: t.W_E,
    idx: view(t.tokens, { shape: [n] }),
    out: view(t.embed, { shape: [n, d_model] }),
  });
}

/** pos_embed[b, t, :] = W_pos[t, :]. W_pos [n_ctx, d_model], pos_embed [batch, seq, d_model]; hook_pos_embed. */
export function embedPositions(rec: Recorder, t: { W_pos: F; pos_embed: F }): void {
  const { W_pos, pos_embed } = t;
  const p = positionSizes('embedPositions', W_pos, pos_embed);
  rec.run(embedPositionsKernel, {
    tensors: { W_pos, pos_embed },
    params: { ...p, accumulate: 0, from_row: 0 },
  });
}

/** d_W_E[v, :] (+)= Σ over positions with tokens = v of d_embed, ascending, so bit-exact. links: scratch [batch*seq]. */
export function embedTokensBackward(
  rec: Recorder,
  t: { tokens: U; d_embed: F; d_W_E: F; links: U; accumulate?: boolean; maxBindingBytes?: number },
): void {
  const { tokens, d_embed, d_W_E, links } = t;
  const { batch, seq, d_model, d_vocab } = dims('embedTokensBackward', {
    tokens: [tokens, 'batch seq'],
    d_embed: [d_embed, 'batch seq d_model'],
    d_W_E: [d_W_E, 'd_vocab d_model'],
  });
  const n = batch * seq;
  dims('embedTokensBackward', { links: [links, `${n}`] });
  const maxBindingBytes = t.maxBindingBytes ?? rec.caps.maxBindingBytes;
  if (!t.accumulate) fill(rec, { value: 0, out: d_W_E, maxBindingBytes });
  const params = { n, seq, d: d_model, rows: d_vocab, accumulate: 1, from_row: 0 };
  rec.run(embedLinkKernel, { tensors: { tokens, links }, params });
  for (const c of rowChunks(d_W_E, maxBindingBytes))
    rec.run(embedTokensBackwardKernel, {
      tensors: { tokens, saved_links: links, d_embed, d_W_E: c.rows },
      params: { ...params, rows: c.count, from_row: c.from },
    });
}

/** d_W_pos[t, :] (+)= Σ_b d_embed[b, t, :]; rows past seq become 0 (or stay, when accumulating). */
export function embedPositionsBackward(
  rec: Recorder,
  t: { d_embed: F; d_W_pos: F; accumulate?: boolean },
): void {
  const { d_embed, d_W_pos } = t;
  const p = positionSizes('embedPositionsBackward', d_W_pos, d_embed);
  rec.run(embedPositionsBackwardKernel, {
    tensors: { d_embed, d_W_pos },
    params: { ...p, accumulate: t.accumulate ? 1 : 0, from_row: 0 },
  });
}

function positionSizes(
  op: string,
  W_pos: F,
  embed: F,
): { readonly n: number; readonly seq: number; readonly d: number; readonly rows: number } {
  const { batch, seq, d_model, n_ctx } = dims(op, {
    W_pos: [W_pos, 'n_ctx d_model'],
    embed: [embed, 'batch seq d_model'],
  });
  if (seq > n_ctx) throw new WorkbenchError('shape', `${op}: ${seq} positions, but W_pos has ${n_ctx} rows`);
  return { n: batch * seq, seq, d: d_model, rows: n_ctx };
}

import { dims } from '#base/dims.ts';
import type { Gpu } from '#gpu/device.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import type { HookEdit } from '#model/model.ts';
import { chunkRows, decodeCode, encodePreActs, makeCode, selectCode } from '#sae/inference.ts';
import type { Sae, SparseCode } from '#sae/sae.ts';
import source from '#shaders/analysis/replace_rows.wgsl?raw';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import { asRows, positionMask } from './site.ts';

type F = Tensor<'f32'>;

/** What stands in for an activation at the SAE's site, and the buffers that takes. Dispose when done. */
export interface SiteEdit extends Disposable {
  readonly edit: HookEdit;
}

/** Sizes of the runs that an edit serves; scratch is made for batch·seq rows. */
export interface EditSizes {
  readonly batch: number;
  readonly seq: number;
  /** Positions left as they are; default the SAE's (decision 15). */
  readonly excludedPositions?: readonly number[] | undefined;
}

/** pre_acts of a chunk at most, for rules without bound. */
const UNBOUND_BYTES = 16 * 2 ** 20;

export const replaceRowsKernel = defineKernel({
  name: 'analysis/replace_rows',
  source,
  lib: [flatId],
  tensors: ['x', 'source', 'keep', 'out'],
  params: ['n', 'd', 'seq', 'source_rows'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'out = x at kept positions, else what stands in: a reconstruction, zeros, or the mean.',
});

/** out[r] = keep[r mod seq] ? x[r] : source[r mod source_rows]. x, out [n, d]; source [n | 1, d]; keep [seq]. */
export function replaceRows(
  rec: Recorder,
  t: { x: F; source: F; keep: Tensor<'u32'>; out: F; seq: number },
): void {
  const { x, keep, out, seq } = t;
  const { n, d, source_rows } = dims('replaceRows', {
    x: [x, 'n d'],
    source: [t.source, 'source_rows d'],
    out: [out, 'n d'],
  });
  rec.run(replaceRowsKernel, {
    tensors: { x, source: t.source, keep, out },
    params: { n, d, seq, source_rows },
  });
}

/** Buffers of one SAE for up to n rows: pre_acts and a code for a chunk of them. */
export interface EncodeBuffers {
  readonly xc: F;
  readonly pre_acts: F;
  readonly code: SparseCode;
  /** Rows of a chunk; every chunk starts where a kernel may bind x. */
  readonly chunk: number;
}

/** Rows that go through the encoder at once: bound by pre_acts, and windows of any width can be bound there. */
export function encodeChunk(gpu: Gpu, sae: Sae, n: number): number {
  // A rule without bound gets a slot for every feature, so its code is twice as large as pre_acts.
  const fit = sae.actRule.kind === 'topk' ? chunkRows(gpu, sae) : chunkRows(gpu, sae, UNBOUND_BYTES);
  return Math.min(n, fit);
}

/** Buffers to encode up to n rows; they belong to `s`. */
export function encodeBuffers(gpu: Gpu, s: Scope, sae: Sae, n: number): EncodeBuffers {
  const chunk = encodeChunk(gpu, sae, n);
  return {
    chunk,
    xc: s.tensor('xc', [chunk, sae.d_in], 'f32'),
    pre_acts: s.tensor('pre_acts', [chunk, sae.d_sae], 'f32'),
    // As many slots as a row can need, so that nothing is ever cut.
    code: makeCode(s, sae, chunk, sae.d_sae),
  };
}

/** recon[n, d_in] = SAE(x), chunk by chunk. */
export function recordRecon(rec: Recorder, sae: Sae, t: { x: F; recon: F; buffers: EncodeBuffers }): void {
  const { n } = dims('recordRecon', { x: [t.x, 'n d_in'], recon: [t.recon, 'n d_in'] });
  const { chunk, xc, pre_acts, code } = t.buffers;
  for (let from = 0; from < n; from += chunk) {
    const count = Math.min(chunk, n - from);
    const pre = rows(pre_acts, 0, count);
    encodePreActs(rec, sae, { x: rows(t.x, from, count), xc: rows(xc, 0, count), pre_acts: pre });
    const part = { ...code, rowStart: view(code.rowStart, { shape: [count + 1] }) };
    selectCode(rec, sae, { pre_acts: pre, code: part });
    decodeCode(rec, sae, { code: part, recon: rows(t.recon, from, count) });
  }
}

/** x → recon = SAE(x) at every position that is not excluded. */
export function spliceEdit(gpu: Gpu, sae: Sae, sizes: EditSizes): SiteEdit {
  const n = sizes.batch * sizes.seq;
  const s = gpu.scope('splice');
  const buffers = encodeBuffers(gpu, s, sae, n);
  const recon = s.tensor('recon', [n, sae.d_in], 'f32');
  const out = s.tensor('spliced', [n, sae.d_in], 'f32');
  const keep = keepMask(s, sizes.seq, sizes.excludedPositions ?? sae.excludedPositions);
  const edit: HookEdit = (rec, act) => {
    const x = asRows(act, sae.d_in);
    const count = x.shape[0] as number;
    const y = rows(recon, 0, count);
    recordRecon(rec, sae, { x, recon: y, buffers });
    const to = rows(out, 0, count);
    replaceRows(rec, { x, source: y, keep, out: to, seq: act.shape[1] as number });
    return view(to, { shape: act.shape });
  };
  return { edit, [Symbol.dispose]: () => s[Symbol.dispose]() };
}

/** x → `value` [d_in] (zeros when absent: zero ablation; the mean of x: mean ablation), excluded positions stay. */
export function ablationEdit(
  gpu: Gpu,
  sizes: EditSizes & {
    readonly d_in: number;
    readonly excludedPositions: readonly number[];
    readonly value?: Float32Array<ArrayBuffer> | undefined;
  },
): SiteEdit {
  const { batch, seq, d_in } = sizes;
  const s = gpu.scope('ablation');
  const value = s.upload('value', [1, d_in], 'f32', sizes.value ?? new Float32Array(d_in));
  const out = s.tensor('ablated', [batch * seq, d_in], 'f32');
  const keep = keepMask(s, seq, sizes.excludedPositions);
  const edit: HookEdit = (rec, act) => {
    const x = asRows(act, d_in);
    const to = rows(out, 0, x.shape[0] as number);
    replaceRows(rec, { x, source: value, keep, out: to, seq: act.shape[1] as number });
    return view(to, { shape: act.shape });
  };
  return { edit, [Symbol.dispose]: () => s[Symbol.dispose]() };
}

function keepMask(s: Scope, seq: number, positions: readonly number[]): Tensor<'u32'> {
  return s.upload('keep', [seq], 'u32', positionMask(seq, positions));
}

import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel, Run } from '#model/model.ts';
import { denseActs, encodePreActs } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import source from '#shaders/analysis/dfa.wgsl?raw';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import { rowsOfRun, zSiteOf } from './site.ts';

type F = Tensor<'f32'>;

/** Direct feature attribution of one feature at one position (decision 17); the protocol's Dfa. */
export interface DfaResult {
  readonly feature: number;
  readonly dest: number;
  readonly act: number;
  readonly preAct: number;
  /** [n_heads, seq]: A_k[dest, s]·((v_k[s] − b_V,k)·w_k); 0 for s > dest. */
  readonly byHeadAndSource: { readonly shape: readonly [number, number]; readonly data: Float32Array };
  /** b_enc − p·b_dec·w + Σ_k b_V,k·w_k. */
  readonly bias: number;
  /** Σ cells + bias − preAct. */
  readonly residual: number;
}

export const dfaKernel = defineKernel({
  name: 'analysis/dfa',
  source,
  lib: [flatId],
  tensors: ['pattern', 'v', 'b_V', 'W_enc', 'cells'],
  params: ['seq', 'n_heads', 'n_kv', 'd_head', 'feature', 'dest'],
  grid: ({ seq, n_heads }) => flatGrid(seq * n_heads),
  doc: 'cells[k, s] = pattern[k, dest, s]·((v[s, k] − b_V[k])·w[k]) of one feature and destination (Kissane 2024).',
});

/** cells [n_heads, seq] of `feature` at `dest`; pattern [n_heads, seq, seq], v [seq, n_kv, d_head], b_V [n_kv, d_head]. */
export function dfaCells(
  rec: Recorder,
  t: { pattern: F; v: F; b_V: F; W_enc: F; cells: F; feature: number; dest: number },
): void {
  const { pattern, v, b_V, W_enc, cells } = t;
  const { seq, n_heads, n_kv, d_head } = dims('dfaCells', {
    pattern: [pattern, 'n_heads seq seq'],
    v: [v, 'seq n_kv d_head'],
    b_V: [b_V, 'n_kv d_head'],
    cells: [cells, 'n_heads seq'],
  });
  dims('dfaCells', { W_enc: [W_enc, `d_sae ${n_heads * d_head}`] });
  rec.run(dfaKernel, {
    tensors: { pattern, v, b_V, W_enc, cells },
    params: { seq, n_heads, n_kv, d_head, feature: t.feature, dest: t.dest },
  });
}

/**
 * preAct = Σ_{k,s} A_k[dest, s]·((v_k[s] − b_V,k)·w_k) + bias, w = W_enc[feature], of the prompt `ids`.
 * Kissane et al. 2024, arXiv 2406.17759.
 *
 * |residual| ≤ 1e-5·Σ|cells| + 1e-6. Runs the model up to the site; the caller waits for one read-back.
 * @throws WorkbenchError('shape') for a feature, dest or site that does not exist.
 */
export async function attribute(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly feature: number; readonly dest: number },
): Promise<DfaResult> {
  const { ids, feature, dest } = call;
  const { site, layer } = zSiteOf(model.config, sae);
  if (!(feature >= 0 && feature < sae.d_sae))
    throw new WorkbenchError('shape', `attribute: no feature ${feature} of ${sae.d_sae}`);
  if (!(dest >= 0 && dest < ids.length))
    throw new WorkbenchError('shape', `attribute: no position ${dest} of ${ids.length}`);
  using s = gpu.scope('dfa');
  const patternHook: HookName = `blocks.${layer}.attn.hook_pattern`;
  const vHook: HookName = `blocks.${layer}.attn.hook_v`;
  using ws = model.workspace({ batch: 1, seq: ids.length, keep: [patternHook, vHook, site] });
  const rec = gpu.record('dfa');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const run = model.forward(rec, ws, tokens, { stopAt: site });
  const cells = s.tensor('cells', [model.config.n_heads, ids.length], 'f32');
  const b_V = valueBias(s, model, layer);
  const pattern = dropBatch(run.get(patternHook));
  dfaCells(rec, { pattern, v: dropBatch(run.get(vHook)), b_V, W_enc: sae.W_enc, cells, feature, dest });
  const row = encodeRow(rec, s, sae, { run, site, dest });
  await rec.submit();
  // The person who clicked waits for these.
  const [data, acts, pre_acts, bias] = await Promise.all([
    gpu.readF32(cells),
    gpu.readF32(view(row.acts, { shape: [1], byteOffset: 4 * feature })),
    gpu.readF32(view(row.pre_acts, { shape: [1], byteOffset: 4 * feature })),
    biasCell(gpu, model, sae, { b_V, feature }),
  ]);
  const preAct = pre_acts[0] as number;
  const sum = data.reduce((a, b) => a + b, 0);
  return {
    feature,
    dest,
    act: acts[0] as number,
    preAct,
    byHeadAndSource: { shape: [model.config.n_heads, ids.length], data },
    bias,
    residual: sum + bias - preAct,
  };
}

/** b_V of a layer [n_kv, d_head]; zeros for a family without value biases. */
function valueBias(s: Scope, model: LanguageModel, layer: number): F {
  const { n_kv_heads, d_head } = model.config;
  const name = `blocks.${layer}.attn.b_V`;
  const shape = [n_kv_heads, d_head];
  if (!model.weightNames.includes(name)) return s.zeros('b_V', shape, 'f32');
  return view(model.weight(name), { shape });
}

const dropBatch = (t: F): F => view(t, { shape: t.shape.slice(1) });

/** pre_acts and acts of one position, recorded: the whole row, because topk compares features. */
function encodeRow(
  rec: Recorder,
  s: Scope,
  sae: Sae,
  at: { readonly run: Run; readonly site: HookName; readonly dest: number },
): { readonly pre_acts: F; readonly acts: F } {
  const x = s.tensor('x', [1, sae.d_in], 'f32');
  rec.copy(view(rowsOfRun(at.run, at.site), { shape: [1, sae.d_in], byteOffset: 4 * sae.d_in * at.dest }), x);
  const pre_acts = s.tensor('pre_acts', [1, sae.d_sae], 'f32');
  const acts = s.tensor('acts', [1, sae.d_sae], 'f32');
  encodePreActs(rec, sae, { x, xc: s.tensor('xc', [1, sae.d_in], 'f32'), pre_acts });
  denseActs(rec, sae, { pre_acts, acts });
  return { pre_acts, acts };
}

/** b_enc − p·b_dec·w + Σ_k b_V,kv(k)·w_k, in f64. */
async function biasCell(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  t: { readonly b_V: F; readonly feature: number },
): Promise<number> {
  const { n_heads, n_kv_heads, d_head } = model.config;
  const [w, b_enc, b_dec, b_V] = await Promise.all([
    gpu.readF32(view(sae.W_enc, { shape: [sae.d_in], byteOffset: 4 * sae.d_in * t.feature })),
    gpu.readF32(view(sae.b_enc, { shape: [1], byteOffset: 4 * t.feature })),
    gpu.readF32(sae.b_dec),
    gpu.readF32(t.b_V),
  ]);
  let bias = b_enc[0] as number;
  const p = sae.applyBDecToInput ? 1 : 0;
  for (let i = 0; i < sae.d_in; i++) {
    const kv = Math.floor((Math.floor(i / d_head) * n_kv_heads) / n_heads);
    const value = b_V[kv * d_head + (i % d_head)] as number;
    bias += (value - p * (b_dec[i] as number)) * (w[i] as number);
  }
  return bias;
}

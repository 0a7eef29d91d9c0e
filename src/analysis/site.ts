import { WorkbenchError } from '#base/errors.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { size, type Tensor, view } from '#gpu/tensor.ts';
import type { ModelConfig } from '#model/config.ts';
import { type HookName, hookLayer, isHookOf } from '#model/hooks.ts';
import type { Run } from '#model/model.ts';

/** Width d_in of the activation at `site`, which an SAE reads row by row. */
export function siteWidth(config: ModelConfig, site: HookName): number {
  if (/\.attn\.hook_[qz]$/.test(site)) return config.n_heads * config.d_head;
  if (/\.attn\.hook_[kv]$/.test(site)) return config.n_kv_heads * config.d_head;
  if (/\.mlp\.hook_(pre|post)$/.test(site)) return config.d_mlp;
  if (/\.attn\.hook_(attn_scores|pattern)$/.test(site))
    throw new WorkbenchError('shape', `${site} has no rows that an SAE could read`);
  return config.d_model;
}

/**
 * The site of an SAE as a hook of this model.
 * @throws WorkbenchError('shape') when the model has no such hook or its width is not d_in.
 */
export function siteOf(
  config: ModelConfig,
  sae: { readonly id: string; readonly site: string; readonly d_in: number },
): HookName {
  if (!isHookOf(config, sae.site))
    throw new WorkbenchError('shape', `SAE ${sae.id}: this model has no hook ${sae.site}`, {
      hint: 'Load the model that this SAE was trained on.',
    });
  const width = siteWidth(config, sae.site);
  if (width !== sae.d_in)
    throw new WorkbenchError('shape', `SAE ${sae.id}: d_in ${sae.d_in}, but ${sae.site} has width ${width}`, {
      hint: 'Load the model that this SAE was trained on.',
    });
  return sae.site;
}

/**
 * Layer and hook of an SAE on hook_z, which alone has heads and sources.
 * @throws WorkbenchError('shape') for another site.
 */
export function zSiteOf(
  config: ModelConfig,
  sae: { readonly id: string; readonly site: string; readonly d_in: number },
): { readonly site: HookName; readonly layer: number } {
  const site = siteOf(config, sae);
  const layer = hookLayer(site);
  if (layer === undefined || !site.endsWith('.attn.hook_z'))
    throw new WorkbenchError('shape', `SAE ${sae.id}: ${site} is not an attn.hook_z`);
  return { site, layer };
}

/** The activation of a run as rows [batch·seq, width]. */
export function rowsOfRun(run: Run, site: HookName): Tensor<'f32'> {
  const act = run.get(site);
  const n = run.batch * run.seq;
  return view(act, { shape: [n, size(act.shape) / n] });
}

/** An activation as HookEdit gets it, seen as rows [n, d_in]. */
export function asRows(act: Tensor<'f32'>, d_in: number): Tensor<'f32'> {
  return view(act, { shape: [size(act.shape) / d_in, d_in] });
}

/** Rejects when the signal has fired. */
export function checkSignal(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new WorkbenchError('cancelled', `${what} was cancelled`);
}

/** Flags by position: 1 where a run keeps the clean activation. */
export function positionMask(seq: number, positions: readonly number[]): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(seq);
  for (const p of positions) if (p >= 0 && p < seq) mask[p] = 1;
  return mask;
}

/** Copies rows of one tensor behind each other into another, by buffer copies (any row may start anywhere). */
export function copyRows(
  rec: Recorder,
  call: {
    readonly from: Tensor<'f32'>;
    readonly to: Tensor<'f32'>;
    readonly toRow: number;
    readonly count: number;
  },
): void {
  const d = size(call.from.shape.slice(1));
  const byteOffset = call.toRow * d * 4;
  rec.copy(
    view(call.from, { shape: [call.count, d] }),
    view(call.to, { shape: [call.count, d], byteOffset }),
  );
}

/** Windows of one forward pass: short on software adapters, where a click waits for it, else `tokens`. */
export function windowsPerPass(caps: { readonly class: string }, seq: number, tokens: number): number {
  return Math.max(1, Math.floor((caps.class === 'software' ? Math.min(tokens, 512) : tokens) / seq));
}

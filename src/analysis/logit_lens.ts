import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { reduceColumns } from '#gpu/ops/reduce.ts';
import { gatherRows } from '#gpu/ops/rows.ts';
import { rowChunks, rows, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import { hookLayer } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';

type A = Float32Array<ArrayBuffer>;

/** The straight way from a site to the logits, with the final norm's scale taken as 1 (decision 18). */
export interface LogitLens {
  readonly d_in: number;
  readonly d_model: number;
  /**
   * What one unit of the site adds to the input of W_U, [d_in, d_model]: W_O (identity for a residual site), less its
   * mean over d_model, times γ_final. The norm subtracts the mean of what it is given, so the mean is not seen.
   */
  readonly write: A;
  /** Mean of the unembedding's columns over the vocabulary [d_model]: logits are centred. */
  readonly meanU: A;
}

const lenses = new WeakMap<LanguageModel, Map<string, Promise<LogitLens>>>();

/**
 * The lens of a site; read back once a model and site, then kept.
 * @throws WorkbenchError('shape') when the site has no direct way to the logits.
 */
export function logitLens(gpu: Gpu, model: LanguageModel, site: HookName): Promise<LogitLens> {
  let known = lenses.get(model);
  if (!known) {
    known = new Map();
    lenses.set(model, known);
  }
  let lens = known.get(site);
  if (!lens) {
    lens = makeLens(gpu, model, site);
    known.set(site, lens);
    // A failure is not kept: the next call may find the device in a better state.
    lens.catch(() => known.delete(site));
  }
  return lens;
}

async function makeLens(gpu: Gpu, model: LanguageModel, site: HookName): Promise<LogitLens> {
  const { d_model, norm } = model.config;
  const [write, meanU] = await Promise.all([siteWrite(gpu, model, site), meanUnembed(gpu, model)]);
  const d_in = write.length / d_model;
  if (norm.kind === 'none') return { d_in, d_model, write, meanU };
  const gain = await gpu.readF32(model.weight('ln_final.w'));
  for (let r = 0; r < d_in; r++) {
    const row = write.subarray(r * d_model, (r + 1) * d_model);
    const mean = row.reduce((a, b) => a + b, 0) / d_model;
    for (let c = 0; c < d_model; c++) row[c] = ((row[c] as number) - mean) * (gain[c] as number);
  }
  return { d_in, d_model, write, meanU };
}

/** What the site adds to the residual stream: the matrix behind it, or the identity. */
async function siteWrite(gpu: Gpu, model: LanguageModel, site: HookName): Promise<A> {
  const layer = hookLayer(site);
  if (site.endsWith('.attn.hook_z')) return gpu.readF32(model.weight(`blocks.${layer}.attn.W_O`));
  if (site.endsWith('.mlp.hook_post')) return gpu.readF32(model.weight(`blocks.${layer}.mlp.W_out`));
  if (!/\.hook_(resid_pre|resid_mid|resid_post|attn_out|mlp_out)$/.test(site))
    throw new WorkbenchError('shape', `${site} has no direct way to the logits`);
  const { d_model } = model.config;
  const identity = new Float32Array(d_model * d_model);
  for (let i = 0; i < d_model; i++) identity[i * d_model + i] = 1;
  return identity;
}

async function meanUnembed(gpu: Gpu, model: LanguageModel): Promise<A> {
  const { d_vocab, d_model } = model.config;
  using s = gpu.scope('mean W_U');
  const mean = s.tensor('mean', [d_model], 'f32');
  const rec = gpu.record('mean W_U');
  for (const { from, rows: x } of rowChunks(model.weight('W_U_T'), gpu.caps.maxBindingBytes))
    reduceColumns(rec, { x, out: mean, scale: 1 / d_vocab, accumulate: from > 0 });
  await rec.submit();
  return gpu.readF32(mean);
}

/** u[d_in] = write·(W_U[:, id] − mean_v W_U): the site's direction that raises logit `id` (f64 sums). */
export async function logitDirection(
  gpu: Gpu,
  model: LanguageModel,
  lens: LogitLens,
  id: number,
): Promise<A> {
  if (!(Number.isInteger(id) && id >= 0 && id < model.config.d_vocab))
    throw new WorkbenchError('shape', `logits: no token ${id} of ${model.config.d_vocab}`);
  const column = await gpu.readF32(rows(model.weight('W_U_T'), id, 1));
  const out = new Float32Array(lens.d_in);
  for (let r = 0; r < lens.d_in; r++) {
    let sum = 0;
    for (let c = 0; c < lens.d_model; c++)
      sum +=
        (lens.write[r * lens.d_model + c] as number) * ((column[c] as number) - (lens.meanU[c] as number));
    out[r] = sum;
  }
  return out;
}

/** Decoder rows of some features, [features.length, d_in] on the CPU; for lists that a person sees, not for loops. */
export async function decoderRows(gpu: Gpu, sae: Sae, features: ArrayLike<number>): Promise<A> {
  if (features.length === 0) return new Float32Array(0);
  using s = gpu.scope('decoder rows');
  const idx = s.upload('idx', [features.length], 'u32', Uint32Array.from(features));
  const out = s.tensor('rows', [features.length, sae.d_in], 'f32');
  const rec = gpu.record('decoder rows');
  gatherRows(rec, { table: view(sae.W_dec, { shape: [sae.d_sae, sae.d_in] }), idx, out });
  await rec.submit();
  return gpu.readF32(out);
}

/** Σ a[aFrom + i]·b[bFrom + i] over n entries, in f64. */
export function dotAt(
  a: ArrayLike<number>,
  aFrom: number,
  b: ArrayLike<number>,
  bFrom: number,
  n: number,
): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (a[aFrom + i] as number) * (b[bFrom + i] as number);
  return sum;
}

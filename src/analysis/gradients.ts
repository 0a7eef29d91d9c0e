import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { size, view } from '#gpu/tensor.ts';
import type { LanguageModel } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import { decoderRows, dotAt } from './logit_lens.ts';
import type { FeatureEffect } from './logits.ts';
import { rowsOfRun, siteOf } from './site.ts';

/** Decoder rows that are read back at once. */
const ROWS_AT_ONCE = 4096;

/**
 * Total effect of every active feature at every position on one logit: act·(d_f·∂logit/∂z[position]) (decision 18).
 *
 * `logit` is the token id, `at` the position whose prediction is asked about. First order: what the model's
 * linearisation at this prompt says. By position, then feature.
 * @throws WorkbenchError('shape') for a position or token that does not exist.
 */
export async function totalEffects(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly at: number; readonly logit: number },
): Promise<readonly FeatureEffect[]> {
  const { ids, at, logit } = call;
  if (!(at >= 0 && at < ids.length))
    throw new WorkbenchError('shape', `effects: no position ${at} of ${ids.length}`);
  const site = siteOf(model.config, sae);
  using s = gpu.scope('total effects');
  using ws = model.workspace({ batch: 1, seq: ids.length, keep: [site], grad: true });
  const rec = gpu.record('total effects');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const run = model.forward(rec, ws, tokens);
  const grads = model.backward(rec, run, { kind: 'logit', id: logit, row: at });
  const d_z = grads.at(site);
  await rec.submit();
  // The person who asked for the effects waits for both.
  const [code, gradient] = await Promise.all([
    encodeRows(gpu, sae, rowsOfRun(run, site)),
    gpu.readF32(view(d_z, { shape: [size(d_z.shape)] })),
  ]);
  const out: FeatureEffect[] = [];
  for (let from = 0; from < code.idx.length; from += ROWS_AT_ONCE) {
    const features = code.idx.subarray(from, from + ROWS_AT_ONCE);
    const decoder = await decoderRows(gpu, sae, features);
    for (const [e, feature] of features.entries()) {
      const act = code.val[from + e] as number;
      const position = rowOf(code.rowStart, from + e);
      const slope = dotAt(decoder, e * sae.d_in, gradient, position * sae.d_in, sae.d_in);
      out.push({ feature, position, act, effect: act * slope });
    }
  }
  return out;
}

/** The row that owns entry e: the last one that starts at or before it. */
function rowOf(rowStart: Uint32Array, e: number): number {
  let low = 0;
  let high = rowStart.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((rowStart[middle] as number) <= e) low = middle;
    else high = middle;
  }
  return low;
}

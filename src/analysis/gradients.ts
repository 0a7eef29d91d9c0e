import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import type { FeatureEffect } from './logits.ts';

/**
 * Total effect of every active feature at every position on one logit: act·(d_f·∂logit/∂z[position]) (decision 18).
 *
 * `logit` is the token id, `at` the position whose prediction is asked about. By position, then feature.
 */
export declare function totalEffects(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly at: number; readonly logit: number },
): Promise<readonly FeatureEffect[]>;

import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import type { Histogram, TokenEffect } from './index_store.ts';

/** What a feature does to the logits, from weights alone (decision 18). */
export interface LogitList {
  readonly feature: number;
  readonly top: readonly TokenEffect[];
  readonly bottom: readonly TokenEffect[];
  readonly histogram: Histogram;
}

/**
 * effect[f, v] = d_f·W_O·(γ_final ∘ (W_U[:, v] − mean_v W_U)), logits per unit act at unit LN scale.
 *
 * Yields features from..from+count in order, in chunks.
 */
export declare function staticLogits(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  options?: {
    readonly from?: number | undefined;
    readonly count?: number | undefined;
    /** Length of both lists; default 10. */
    readonly top?: number | undefined;
    readonly bins?: number | undefined;
  },
): AsyncGenerator<readonly LogitList[], void, void>;

/** The static effect of every feature on token `id`, [d_sae]. */
export declare function featuresByToken(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  id: number,
): Promise<Float32Array<ArrayBuffer>>;

/**
 * Direct effect on logit `id` at position `at` of each active feature there: act·d_f·W_O·(γ_final ∘ centred W_U[:, id]) ÷ σ,
 * σ the final norm's scale at that position. Largest first.
 */
export declare function directEffects(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly at: number; readonly id: number },
): Promise<readonly FeatureEffect[]>;

/** Effect in logits of one active feature at one position. */
export interface FeatureEffect {
  readonly feature: number;
  readonly position: number;
  readonly act: number;
  readonly effect: number;
}

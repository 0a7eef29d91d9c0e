import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';

/** Direct feature attribution of one feature at one position (decision 17); the protocol's Dfa. */
export interface DfaResult {
  readonly feature: number;
  readonly dest: number;
  readonly act: number;
  readonly preAct: number;
  /** [n_heads, dest + 1 … seq]: A_k[dest, s]·((v_k[s] − b_V,k)·w_k); 0 for s > dest. */
  readonly byHeadAndSource: { readonly shape: readonly [number, number]; readonly data: Float32Array };
  /** b_enc − p·b_dec·w + Σ_k b_V,k·w_k. */
  readonly bias: number;
  /** Σ cells + bias − preAct. */
  readonly residual: number;
}

/**
 * preAct = Σ_{k,s} A_k[dest, s]·((v_k[s] − b_V,k)·w_k) + bias, w = W_enc[feature], of the prompt `ids`.
 * Kissane et al. 2024, arXiv 2406.17759.
 *
 * |residual| ≤ 1e-5·Σ|cells| + 1e-6.
 * @throws WorkbenchError('shape') for a feature, dest or site that does not exist.
 */
export declare function attribute(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly feature: number; readonly dest: number },
): Promise<DfaResult>;

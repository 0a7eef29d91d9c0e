import type { Tensor } from '#gpu/tensor.ts';

/** All that inference needs to know about a finished SAE (decision 3). */
export type ActRule =
  | { readonly kind: 'relu' }
  | { readonly kind: 'topk'; readonly k: number }
  /** acts = pre_acts where pre_acts > theta, else 0. */
  | { readonly kind: 'threshold'; readonly theta: Tensor<'f32'> };

/**
 * A finished (or running) SAE on the GPU. Rows are features (decision 2). Input scale is folded: x is in model units.
 *
 * pre_acts = (x − p·b_dec)·W_encᵀ + b_enc;  acts = actRule(pre_acts);  recon = acts·W_dec + b_dec.
 */
export interface Sae extends Disposable {
  readonly id: string;
  readonly d_in: number;
  readonly d_sae: number;
  readonly site: string;
  readonly variant: string;
  readonly actRule: ActRule;
  /** p: 1 when b_dec is subtracted from the input. */
  readonly applyBDecToInput: boolean;
  readonly excludedPositions: readonly number[];
  readonly W_enc: Tensor<'f32'>;
  readonly b_enc: Tensor<'f32'>;
  readonly W_dec: Tensor<'f32'>;
  readonly b_dec: Tensor<'f32'>;
}

/**
 * Selected entries by row: row t owns idx/val[rowStart[t] .. rowStart[t+1]). Rows ascend, features ascend in a row.
 *
 * Every val is > 0, or 0 in unused slots: a row of a TopK code always owns k slots, and where fewer pre_acts are
 * positive the last ones hold val 0 and idx 0. Readers skip val 0.
 */
export interface SparseCode {
  readonly rowStart: Tensor<'u32'>;
  readonly idx: Tensor<'u32'>;
  readonly val: Tensor<'f32'>;
  /** Entries that idx and val can hold. */
  readonly cap: number;
}

/** What a source hands out at once. */
export interface ActivationRows {
  /** [n, d_in] */
  readonly x: Tensor<'f32'>;
  /** [n, d_in]: gradient of the cross-entropy, summed over tokens, by x; there when the source was asked for it. */
  readonly g?: Tensor<'f32'> | undefined;
}

/** Rows of activations for training, pulled on demand; undefined when the source is exhausted. */
export interface ActivationSource {
  readonly d_in: number;
  /** True when every `next` brings gradients. */
  readonly hasGradient?: boolean | undefined;
  /** Where the source stands, for exact resume: block number and row in the block (decision 4). */
  readonly position: { readonly block: number; readonly row: number };
  /**
   * The next n rows; valid until the next call. Recorded work is submitted before it resolves. The stream
   * of rows does not depend on how it is cut: next(2·n) gives what next(n) gives twice. Fewer than n left: undefined.
   */
  next(n: number, signal: AbortSignal): Promise<ActivationRows | undefined>;
}

import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import type { TokenWindows } from './windows.ts';

export interface IndexOptions {
  /** Windows to index, from the first; default all. */
  readonly windows?: number | undefined;
  /** Windows of one forward pass; default about 2,048 tokens. */
  readonly batch?: number | undefined;
  /** Examples from the top of each feature; default 10. */
  readonly top?: number | undefined;
  /** Intervals of (0, max act] and examples drawn from each; default 4 and 4. */
  readonly intervals?: number | undefined;
  readonly perInterval?: number | undefined;
  /** Tokens shown before and after the chosen one; default 15 and 8. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
/** Work so far: tokens read (both passes together), then features written. */
export interface IndexProgress {
  readonly unit: 'tokens' | 'features';
  readonly done: number;
  readonly total: number;
}

/**
 * Builds the feature index of an SAE: the bytes of a safetensors file for `openIndex`.
 *
 * Two passes over the same tokens (the largest act first, then histogram and examples), exact and deterministic.
 */
export declare function buildIndex(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  windows: TokenWindows,
  options?: IndexOptions,
): AsyncGenerator<IndexProgress, Uint8Array<ArrayBuffer>, void>;

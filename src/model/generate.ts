import type { Rng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel, RunOptions } from './model.ts';

export interface GenerateOptions {
  /** The prompt, BOS included; at least one id. */
  readonly ids: readonly number[];
  /** New tokens at most; generation ends at n_ctx. */
  readonly tokens: number;
  /** 0 or absent: the likeliest token, ties to the lower id. */
  readonly temperature?: number | undefined;
  /** Needed when temperature > 0. */
  readonly rng?: Rng | undefined;
  readonly edit?: RunOptions['edit'];
  readonly signal?: AbortSignal | undefined;
}

/** Yields each new id; returns prompt and continuation together. */
export declare function generate(
  gpu: Gpu,
  model: LanguageModel,
  options: GenerateOptions,
): AsyncGenerator<number, readonly number[], void>;

import type { Citation } from '#base/citation.ts';
import type { FamilyId, ModelConfig } from './config.ts';

/** How a tensor of the file becomes a canonical weight. */
export type WeightTake =
  /** As it is. */
  | { readonly kind: 'same' }
  /** [a, b] to [b, a]. */
  | { readonly kind: 'transpose' }
  /** Columns from..from+count of the last axis. */
  | { readonly kind: 'columns'; readonly from: number; readonly count: number }
  /** [n_heads, a, b] to [a, n_heads*b]: a head-first weight side by side. */
  | { readonly kind: 'heads' };

/** Where one canonical weight lies in the checkpoint. */
export interface WeightRule {
  /** Name in the file, without the family's optional prefix. */
  readonly from: string;
  /** Shape in the file. */
  readonly fileShape: readonly number[];
  /** Shape on the GPU; the same number of values, unless `columns` takes a part. */
  readonly shape: readonly number[];
  readonly take: WeightTake;
}

/** An architecture: how config.json becomes a ModelConfig, and where each canonical weight is found. */
export interface Family {
  readonly id: FamilyId;
  readonly paper: Citation;
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** Prefixes that a file may put before every name; tried in order, '' included by the family itself. */
  readonly prefixes: readonly string[];
  readonly config: (json: Readonly<Record<string, unknown>>) => ModelConfig;
  readonly weights: (config: ModelConfig) => ReadonlyMap<string, WeightRule>;
}

import type { Safetensors } from '#io/safetensors.ts';

/** As the protocol's Histogram: bins + 1 edges. */
export interface Histogram {
  readonly edges: Float32Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}
/** As the protocol's Example, without its pieces (a tokenizer's work). */
export interface IndexExample {
  readonly ids: readonly number[];
  /** One act per token of the window. */
  readonly acts: Float32Array;
  /** Index in the window of the token the example was chosen for. */
  readonly at: number;
  /** Position of that token in its row (counted with BOS), and of the window's first token. */
  readonly position: number;
  readonly start: number;
  /** -1: among the top; else the interval (0 = lowest) it was drawn from. */
  readonly interval: number;
}
export interface TokenEffect {
  readonly id: number;
  /** Logits per unit act at unit LN scale (decision 18). */
  readonly effect: number;
}
/** All that the index says about one feature. */
export interface FeatureRecord {
  readonly feature: number;
  /** Share of indexed tokens with act > 0. */
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  /** 40 bins over (0, maxAct]. */
  readonly histogram: Histogram;
  readonly logitHistogram: Histogram;
  readonly examples: readonly IndexExample[];
  readonly topLogits: readonly TokenEffect[];
  readonly bottomLogits: readonly TokenEffect[];
  readonly headShare: Float32Array;
  readonly neighbours: readonly { readonly feature: number; readonly cosine: number }[];
}
/** Columns of the features table. */
export interface IndexTable {
  readonly nTokens: number;
  readonly n_heads: number;
  readonly density: Float32Array<ArrayBuffer>;
  readonly maxAct: Float32Array<ArrayBuffer>;
  /** [d_sae × n_heads] */
  readonly headShare: Float32Array<ArrayBuffer>;
  /** Id of the most promoted token of each feature. */
  readonly topToken: Uint32Array<ArrayBuffer>;
}

/** A feature index on disk or in memory: one feature is one range read. */
export interface FeatureIndex {
  readonly d_sae: number;
  readonly nTokens: number;
  /** Id of the SAE it was built for. */
  readonly sae: string;
  /** Reads the columns of all features. */
  table(): Promise<IndexTable>;
  /** @throws WorkbenchError('shape') when there is no such feature. */
  feature(feature: number): Promise<FeatureRecord>;
}

/**
 * Opens an index file.
 * @throws WorkbenchError('format') when it is not one, or of a newer version.
 */
export declare function openIndex(file: Safetensors): Promise<FeatureIndex>;

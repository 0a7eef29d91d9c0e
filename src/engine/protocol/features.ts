export interface Histogram {
  /** bins + 1 edges. */
  readonly edges: Float32Array;
  readonly counts: Float64Array;
}

export interface Example {
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
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

export interface LogitEffect {
  readonly id: number;
  readonly piece: string;
  /** d_i·W_O·(γ_final ∘ centred W_U), logits per unit act at unit LN scale (decision 18). */
  readonly effect: number;
}

export interface FeatureDashboard {
  readonly sae: string;
  readonly feature: number;
  /** Share of indexed tokens with act > 0, 0..1. */
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  readonly histogram: Histogram;
  readonly logitHistogram: Histogram;
  readonly examples: readonly Example[];
  readonly topLogits: readonly LogitEffect[];
  readonly bottomLogits: readonly LogitEffect[];
  /** ‖d_k‖ ÷ Σ_j ‖d_j‖ over heads k (Kissane 2024, eq. 2). */
  readonly headShare: Float32Array;
  readonly neighbours: readonly { readonly feature: number; readonly cosine: number }[];
}

/** Columns of the features table, one entry a feature. */
export interface FeatureTable {
  readonly sae: string;
  readonly nTokens: number;
  readonly density: Float32Array;
  readonly maxAct: Float32Array;
  readonly n_heads: number;
  /** [d_sae × n_heads]. */
  readonly headShare: Float32Array;
  /** The most promoted token of each feature. */
  readonly topToken: readonly string[];
}

import type { NdArray } from './common.ts';

/** op: 'scale' multiplies acts by value; 'clamp' sets them to value; 'add' adds value; 'ablate' sets 0. */
export interface Edit {
  readonly sae: string;
  readonly feature: number;
  readonly op: 'scale' | 'clamp' | 'add' | 'ablate';
  readonly value?: number | undefined;
  /** Heads whose slice of the decoder row is written; absent: all. */
  readonly heads?: readonly number[] | undefined;
  /** Positions counted with BOS; absent: every position. */
  readonly positions?: readonly number[] | undefined;
  /** The SAE's reconstruction error is always kept: z' = z + (acts' − acts)·W_dec. */
  readonly keepError?: true | undefined;
}

export interface Tokens {
  readonly ids: readonly number[];
  /** Exact text of each token; the page renders whitespace (rule 31). */
  readonly pieces: readonly string[];
}

export interface ForwardResult {
  readonly ids: readonly number[];
  /** Mean over predicted tokens, nats; NaN for fewer than two tokens. */
  readonly loss: number;
  readonly logits?: NdArray | undefined;
  readonly hooks: Readonly<Record<string, NdArray>>;
}

export type LossSpec = 'ce' | { readonly logit: number; readonly at: number };

export interface ActiveFeature {
  readonly feature: number;
  readonly act: number;
}

export interface Encoded extends Tokens {
  /** One entry per position, in order; acts > 0, largest first. */
  readonly tokens: readonly { readonly pos: number; readonly features: readonly ActiveFeature[] }[];
}

/** All that the prompt view needs, in one answer. */
export interface PromptReport extends Encoded {
  /** Tokens beyond n_ctx that were left out. */
  readonly leftOut: number;
  /** −log p of token t given those before it, nats; [0] is NaN. */
  readonly nats: Float32Array;
  /** Mean of nats[1..]. */
  readonly loss: number;
  /** For each position the ten likeliest next tokens, largest first. */
  readonly next: readonly (readonly NextToken[])[];
  /** Entropy of the next-token distribution at each position, nats. */
  readonly entropy: Float32Array;
  readonly ms: number;
}

export interface NextToken {
  readonly id: number;
  readonly piece: string;
  readonly p: number;
  readonly logit: number;
}

export interface EditReport {
  readonly clean: PromptReport;
  readonly edited: PromptReport;
  /** KL(clean ‖ edited) of the next-token distribution at each position, nats. */
  readonly kl: Float32Array;
  /** Seeded continuations of the whole prompt, same seed, without and with the edit. */
  readonly continuation?: { readonly clean: string; readonly edited: string } | undefined;
}

/** Direct feature attribution (decision 17). */
export interface Dfa {
  readonly feature: number;
  readonly dest: number;
  readonly act: number;
  readonly preAct: number;
  /** [n_heads, seq]: A_k[dest, s]·((v_k[s] − b_V,k)·w_k). */
  readonly byHeadAndSource: NdArray;
  /** b_enc − p·b_dec·w + Σ_k b_V,k·w_k. */
  readonly bias: number;
  /** Σ cells + bias − preAct. */
  readonly residual: number;
}

export interface GenerateResult {
  readonly ids: readonly number[];
  readonly text: string;
}

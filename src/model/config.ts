/** One file each in ./families. */
export type FamilyId = 'gpt2' | 'hooked_transformer';
/** As `ActivationName` of #gpu/ops/activation.ts. */
export type Activation = 'gelu' | 'gelu_new' | 'relu' | 'silu' | 'tanh' | 'quick_gelu';

/** Everything `forward.ts` needs to know about an architecture. Grows by mechanism, not by model. */
export interface ModelConfig {
  readonly family: FamilyId;
  readonly d_model: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_head: number;
  /** 0: attention-only blocks. */
  readonly d_mlp: number;
  readonly d_vocab: number;
  readonly n_ctx: number;
  readonly norm: { readonly kind: 'layer' | 'none'; readonly eps: number };
  readonly positions: { readonly kind: 'learned' };
  readonly mlp: { readonly act: Activation };
  /** scores = q·k × attnScale, normally 1/√d_head; per layer when scale_attn_by_inverse_layer_idx. */
  readonly attnScale: readonly number[];
  /** The unembedding is W_E, used backwards. */
  readonly tiedUnembed: boolean;
  /** logits += b_U. */
  readonly unembedBias: boolean;
  /** Undefined: prompts begin with their first token. */
  readonly bosId: number | undefined;
}

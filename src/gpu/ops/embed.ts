import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

/** embed[b, t, :] = W_E[tokens[b, t], :]. tokens [batch, seq], W_E [d_vocab, d_model]; hook_embed. */
export declare function embedTokens(rec: Recorder, t: { tokens: U; W_E: F; embed: F }): void;
/** pos_embed[b, t, :] = W_pos[t, :]. W_pos [n_ctx, d_model], pos_embed [batch, seq, d_model]; hook_pos_embed. */
export declare function embedPositions(rec: Recorder, t: { W_pos: F; pos_embed: F }): void;
/** d_W_E[v, :] (+)= Σ over positions with tokens = v of d_embed, ascending, so bit-exact. links: scratch [batch*seq]. */
export declare function embedTokensBackward(
  rec: Recorder,
  t: { tokens: U; d_embed: F; d_W_E: F; links: U; accumulate?: boolean },
): void;
/** d_W_pos[t, :] (+)= Σ_b d_embed[b, t, :]; rows past seq become 0 (or stay, when accumulating). */
export declare function embedPositionsBackward(
  rec: Recorder,
  t: { d_embed: F; d_W_pos: F; accumulate?: boolean },
): void;

import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

// q, z [batch, seq, n_heads, d_head]; k, v [batch, seq, n_kv_heads, d_head]; scores, pattern [batch, n_heads, seq, seq].
// Head h reads key/value head floor(h·n_kv_heads / n_heads). Row index dest, column index source, causal.
type F = Tensor<'f32'>;

/** scores[b, h, d, s] = scale·q[b, d, h]·k[b, s, h'] for s <= d, −1e30 above the diagonal; hook_attn_scores. */
export declare function attnScores(rec: Recorder, t: { q: F; k: F; scores: F; scale: number }): void;
/** pattern = softmax of each row of scores over s <= d, 0 above the diagonal; hook_pattern. */
export declare function attnSoftmax(rec: Recorder, t: { scores: F; pattern: F }): void;
/** z[b, d, h] = Σ_{s <= d} pattern[b, h, d, s]·v[b, s, h']; hook_z. */
export declare function attnMix(rec: Recorder, t: { pattern: F; v: F; z: F }): void;
/** d_pattern[b, h, d, s] = d_z[b, d, h]·v[b, s, h'] (0 above the diagonal). */
export declare function attnMixBackwardPattern(rec: Recorder, t: { v: F; d_z: F; d_pattern: F }): void;
/** d_v[b, s, h'] = Σ_{h of h'} Σ_{d >= s} pattern[b, h, d, s]·d_z[b, d, h]. */
export declare function attnMixBackwardValue(rec: Recorder, t: { pattern: F; d_z: F; d_v: F }): void;
/** d_scores = pattern∘(d_pattern − Σ_s pattern∘d_pattern), 0 above the diagonal. */
export declare function attnSoftmaxBackward(
  rec: Recorder,
  t: { pattern: F; d_pattern: F; d_scores: F },
): void;
/** d_q[b, d, h] = scale·Σ_{s <= d} d_scores[b, h, d, s]·k[b, s, h']. */
export declare function attnScoresBackwardQuery(
  rec: Recorder,
  t: { k: F; d_scores: F; d_q: F; scale: number },
): void;
/** d_k[b, s, h'] = scale·Σ_{h of h'} Σ_{d >= s} d_scores[b, h, d, s]·q[b, d, h]. */
export declare function attnScoresBackwardKey(
  rec: Recorder,
  t: { q: F; d_scores: F; d_k: F; scale: number },
): void;

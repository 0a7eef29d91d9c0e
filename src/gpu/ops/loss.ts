import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;

/**
 * lse[n] = log Σ_v exp(logits[n, v]); nats[n] = lse[n] − logits[n, targets[n]], natural logarithm.
 * A target >= d_vocab (0xffffffff) means "none": nats 0, gradient 0. logits [n, d_vocab]; targets, nats, lse [n].
 */
export declare function crossEntropy(
  rec: Recorder,
  t: { logits: F; targets: Tensor<'u32'>; nats: F; lse: F },
): void;
/** d_logits[n, v] = weights[n]·(exp(logits[n, v] − lse[n]) − [v = targets[n]]); lse from `crossEntropy`. */
export declare function crossEntropyBackward(
  rec: Recorder,
  t: { logits: F; targets: Tensor<'u32'>; weights: F; lse: F; d_logits: F },
): void;
/** kl[n] = Σ_v p·(log p − log q), p = softmax(p_logits), q = softmax(q_logits), in nats; logits [n, d_vocab]. */
export declare function klDivergence(rec: Recorder, t: { p_logits: F; q_logits: F; kl: F }): void;
/** entropy[n] = −Σ_v p·log p of p = softmax(logits[n]), in nats. */
export declare function entropy(rec: Recorder, t: { logits: F; entropy: F }): void;

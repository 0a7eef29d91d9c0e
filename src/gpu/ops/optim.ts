import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;

export interface AdamConfig {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** AdamW: p −= lr·weightDecay·p before the update. 0 is plain Adam. */
  readonly weightDecay: number;
}

/** norm[0] = √Σ g² over all tensors; fixed order. partials: scratch [partialsLength(gs.length)] of ./rows.ts. */
export declare function globalNorm(rec: Recorder, t: { gs: readonly F[]; partials: F; norm: F }): void;
/** clip[0] = min(1, maxNorm / norm[0]); 1 for a norm of 0. */
export declare function clipFactor(rec: Recorder, t: { norm: F; clip: F; maxNorm: number }): void;
/**
 * One AdamW step, fused. g ← clip·g; m ← β1·m + (1−β1)·g; v ← β2·v + (1−β2)·g²;
 * p ← p − lr·weightDecay·p − lr·(m / (1−β1^step)) / (√(v / (1−β2^step)) + eps).
 *
 * p, m, v, g of one size; step counts from 1; clip [1] is read on the GPU when given.
 * Kingma & Ba 2015, arXiv 1412.6980; Loshchilov & Hutter 2019, arXiv 1711.05101.
 */
export declare function adam(
  rec: Recorder,
  t: { p: F; m: F; v: F; g: F; clip?: F; step: number } & AdamConfig,
): void;

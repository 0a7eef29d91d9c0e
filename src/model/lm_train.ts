import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from './model.ts';

/** AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with warm-up, a constant part and a linear end. */
export interface LmTrainConfig {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Applied to matrices only: biases, gains and (by `decayEmbeddings`) embeddings are left out. */
  readonly weightDecay: number;
  readonly decayEmbeddings: boolean;
  /** Global gradient norm is clipped to this; Infinity: no clipping. */
  readonly clipNorm: number;
}
/** One step's data, [batch, seq] each. A target of 0xffffffff is not predicted; loss = Σ weights·nats. */
export interface LmBatch {
  readonly batch: number;
  readonly seq: number;
  readonly tokens: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
}
/** Loss before the step's update, nats; norm of the gradient before clipping. */
export interface LmStep {
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly lr: number;
}

/**
 * Trains every parameter of `model` in place, one step a batch; yields each step's numbers one step late.
 * `lr(step)` multiplies config.lr, step counts from 0.
 */
export declare function trainLm(
  gpu: Gpu,
  model: LanguageModel,
  config: LmTrainConfig,
  batches: AsyncIterable<LmBatch> | Iterable<LmBatch>,
  lr: (step: number) => number,
): AsyncGenerator<LmStep, void, void>;

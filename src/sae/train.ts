import type { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Checkpoint, CheckpointSink } from './checkpoint.ts';
import type { ConfigValue } from './config.ts';
import type { ActivationSource } from './sae.ts';
import type { SaeWeights } from './weights.ts';

/** What to train, resolved by the caller from the protocol's TrainJob. */
export interface SaeJob {
  readonly variant: string;
  /** Fields left out take the variant's defaults. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly d_sae: number;
  /** Training tokens in all; steps = floor(tokens ÷ batch). */
  readonly tokens: number;
  /** Tokens a step. */
  readonly batch: number;
  readonly seed: number;
}

/** As the protocol's StepMetrics, without tokensPerSecond being averaged: of the last submit. */
export interface SaeStepMetrics {
  /** mse + auxWeight·aux, mse in model units. */
  readonly loss: number;
  /** Squared error summed over d_in, mean over the batch's tokens, model units. */
  readonly mse: number;
  /** ‖ê − e‖² ÷ ‖e − mean e‖² of the dead features' reconstruction; 0 when none is dead. */
  readonly aux: number;
  readonly l0: number;
  readonly explainedVariance: number;
  readonly deadFraction: number;
  readonly lr: number;
  /** Global norm of this step's gradients (training units), before clipping. */
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
}

export type SaeTrainEvent =
  | {
      readonly type: 'step';
      readonly step: number;
      readonly tokens: number;
      readonly metrics: SaeStepMetrics;
      /** mse of every step since the last event, training units: the fingerprint of a run. */
      readonly losses: Float32Array;
    }
  | { readonly type: 'checkpoint'; readonly step: number; readonly tokens: number; readonly bytes: number }
  | { readonly type: 'warning'; readonly error: WorkbenchError };

export interface SaeTrainOptions {
  /** Goes on from here; job and source must be those of the run, the source standing at meta.position. */
  readonly resume?: Checkpoint | undefined;
  /** Seconds between checkpoints; default 30, 0 for none but the last. */
  readonly checkpointSeconds?: number | undefined;
  /** Asked before each submit: true shortens it to one step (decision 7). */
  readonly busy?: (() => boolean) | undefined;
  /** Awaited between two submits: interactive requests run here. */
  readonly yieldToInteractive?: (() => Promise<void>) | undefined;
  /** Upper bound of steps a submit; default 32. */
  readonly maxStepsPerSubmit?: number | undefined;
  /** Called when set to write a checkpoint at the next submit; returns true once per request. */
  readonly checkpointRequested?: (() => boolean) | undefined;
}

export interface SaeTrainResult {
  readonly step: number;
  readonly tokens: number;
  /** 'finished', 'exhausted' (the source ended early) or 'diverged' (the last good checkpoint is what remains). */
  readonly end: 'finished' | 'exhausted' | 'diverged';
  /** Folded, unpadded, in file layout: ready for export or `loadSae`. */
  readonly weights: SaeWeights;
  /** Firings a feature over the last dead window's tokens ÷ tokens, 0..1. */
  readonly density: Float32Array;
  readonly metrics: SaeStepMetrics | undefined;
}

/** Whether a job fits this adapter, and what it takes. */
export interface SaePlan {
  readonly fits: boolean;
  readonly refusal?: string | undefined;
  readonly gpuBytes: number;
  readonly checkpointBytes: number;
  readonly steps: number;
}

/** Bytes and steps of a job, before anything is allocated. @throws WorkbenchError('format') on a bad config. */
export declare function planSae(gpu: Pick<Gpu, 'caps'>, job: SaeJob, d_in: number): SaePlan;

/**
 * Trains an SAE. Not pulling is pause, `return()` is stop (every buffer is freed), the signal cuts a wait short.
 *
 * @throws WorkbenchError('out-of-memory') when the plan does not fit, 'cancelled' when the signal fires.
 */
export declare function trainSae(
  gpu: Gpu,
  job: SaeJob,
  source: ActivationSource,
  sink: CheckpointSink,
  signal: AbortSignal,
  options?: SaeTrainOptions,
): AsyncGenerator<SaeTrainEvent, SaeTrainResult, void>;

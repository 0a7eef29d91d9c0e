import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import type { TokenWindows } from './windows.ts';

/** As the protocol's Metric: each value carries its definition and the number of tokens it was measured on. */
export interface Metric {
  readonly value: number;
  readonly definition: string;
  readonly n: number;
}
/** As the protocol's MetricKey. */
export type MetricKey =
  | 'mse'
  | 'explainedVariance'
  | 'l0'
  | 'deadFraction'
  | 'ceClean'
  | 'ceSpliced'
  | 'ceZero'
  | 'ceMean'
  | 'ceRecovered'
  | 'ceRecoveredMean'
  | 'deltaCe'
  | 'kl';
export type Metrics = Readonly<Record<MetricKey, Metric>>;

export interface Evaluation {
  /** Excluded positions stay clean in every run and are not counted (decision 15). */
  readonly metrics: Metrics;
  /** The same with nothing excluded. */
  readonly all: Metrics;
  /** Firings ÷ tokens of each feature over the counted positions, [d_sae]. */
  readonly density: Float32Array<ArrayBuffer>;
  readonly tokens: number;
}
export interface EvaluateProgress {
  readonly done: number;
  readonly total: number;
}
export interface EvaluateOptions {
  /** Windows to use, from the first; default all. */
  readonly windows?: number | undefined;
  /** Windows of one forward pass; default about 2,048 tokens. */
  readonly batch?: number | undefined;
  /** Skips the runs of the whole model: mse, explained variance, l0 and dead fraction only; CE metrics are NaN. */
  readonly reconstructionOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All metrics of an SAE at its site over held-out windows (decisions 14 to 16, 22). CE in nats a token. */
export declare function evaluateSae(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  windows: TokenWindows,
  options?: EvaluateOptions,
): AsyncGenerator<EvaluateProgress, Evaluation, void>;

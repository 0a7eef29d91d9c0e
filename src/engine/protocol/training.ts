import type { Citation } from '#base/citation.ts';
import type { WireError } from '#base/errors.ts';
import type { Histogram } from './features.ts';
import type { Ability, Metrics } from './metrics.ts';
import type { SaeInfo } from './models.ts';
import type { PinsEvent } from './pins.ts';

/** A config field as data: the form, the validation and the help text come from it. */
export interface FieldInfo {
  readonly kind: 'number' | 'int' | 'choice' | 'flag';
  readonly label: string;
  readonly help: string;
  readonly default: number | string | boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly scale?: 'linear' | 'log' | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly unit?: string | undefined;
}

export interface VariantInfo {
  readonly id: string;
  readonly title: string;
  readonly paper: Citation;
  readonly fields: Readonly<Record<string, FieldInfo>>;
  readonly lossTerms: readonly string[];
  readonly presets: readonly {
    readonly title: string;
    readonly config: Readonly<Record<string, number | string | boolean>>;
  }[];
}

export interface TrainJob {
  readonly model?: string | undefined;
  readonly site: string;
  readonly variant: string;
  /** Fields that are left out take the variant's defaults. */
  readonly config?: Readonly<Record<string, number | string | boolean>> | undefined;
  readonly d_sae: number;
  /** Training tokens in all. */
  readonly tokens: number;
  /** Tokens per step. */
  readonly batch: number;
  readonly seed?: number | undefined;
  /** 'embedded', or a corpus id of this device. */
  readonly corpus?: string | undefined;
  readonly title?: string | undefined;
  /** Prompts of each ability that is measured after training; 0: none. Default: by the adapter's speed. */
  readonly abilityPrompts?: number | undefined;
}

export interface TrainPlan {
  readonly fits: boolean;
  /** Why not, and the largest that fits; absent when it fits. */
  readonly refusal?: string | undefined;
  readonly gpuBytes: number;
  readonly steps: number;
  /** Calibrated by a short run on this adapter, or undefined before the first. */
  readonly secondsPredicted?: number | undefined;
  readonly checkpointBytes: number;
}

export interface StepMetrics {
  /** Squared error summed over d_in, mean over tokens, model units, plus the terms below when they are on. */
  readonly loss: number;
  readonly mse: number;
  readonly aux: number;
  readonly l0: number;
  readonly explainedVariance: number;
  /** Share of features without a firing within the dead window (tokens given by the config). */
  readonly deadFraction: number;
  readonly lr: number;
  readonly tokensPerSecond: number;
}

export type TrainEvent =
  | { readonly type: 'start'; readonly run: RunInfo }
  | { readonly type: 'step'; readonly step: number; readonly tokens: number; readonly metrics: StepMetrics }
  /** Every few hundred steps: CE metrics and the log10-density histogram over recent tokens. */
  | {
      readonly type: 'evaluation';
      readonly step: number;
      readonly tokens: number;
      readonly metrics: Metrics;
      readonly density: Histogram;
    }
  | { readonly type: 'checkpoint'; readonly step: number; readonly tokens: number; readonly bytes: number }
  /** So many dead features began again from badly reconstructed inputs after this step. */
  | { readonly type: 'resampled'; readonly step: number; readonly tokens: number; readonly features: number }
  | PinsEvent
  | { readonly type: 'paused' | 'resumed'; readonly step: number }
  | { readonly type: 'abilities' | 'index'; readonly done: number; readonly total: number }
  | { readonly type: 'warning'; readonly error: WireError };

export interface TrainSummary {
  readonly run: string;
  readonly sae: SaeInfo;
  readonly metrics: Metrics;
  readonly abilities?: readonly Ability[] | undefined;
}

export type RunStatus = 'running' | 'paused' | 'interrupted' | 'stopped' | 'finished' | 'failed';

/** An event on a run's charts: at `step` it left the run `from`. */
export interface RunBranch {
  readonly from: string;
  readonly step: number;
  readonly changed: Readonly<Record<string, number | string | boolean>>;
}

export interface RunInfo {
  readonly id: string;
  readonly job: TrainJob;
  readonly status: RunStatus;
  readonly step: number;
  readonly steps: number;
  readonly tokens: number;
  readonly createdAt: string;
  readonly checkpointStep: number;
  readonly sae?: string | undefined;
  /** The run goes on from another one's checkpoint; `changed` are the fields that differ from there on. */
  readonly branch?: RunBranch | undefined;
  /** Features pinned during the run, so that a resumed one has them. */
  readonly pins?: readonly number[] | undefined;
  /** Thinned history, so that charts survive a reload. */
  readonly history: readonly {
    readonly step: number;
    readonly tokens: number;
    readonly metrics: StepMetrics;
  }[];
}

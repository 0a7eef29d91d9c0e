import type { WireError } from '#base/errors.ts';
import type { Ability } from './metrics.ts';
import type { ModelInfo } from './models.ts';
import type { FieldInfo, RunStatus, TrainPlan } from './training.ts';

/** A GPT-2 trained from scratch on Storyland, in the embedded model's tokens. What is left out takes its default. */
export type ModelJob = Readonly<Partial<Record<ModelJobField, number>>> & {
  readonly title?: string | undefined;
};

/** `tokens`: training tokens in all; `batch`: tokens per step, a multiple of n_ctx. */
export type ModelJobField =
  | 'n_layers'
  | 'd_model'
  | 'n_heads'
  | 'n_ctx'
  | 'tokens'
  | 'batch'
  | 'lr'
  | 'weightDecay'
  | 'seed';

export interface ModelRecipe {
  readonly fields: Readonly<Record<ModelJobField, FieldInfo>>;
  readonly presets: readonly {
    readonly title: string;
    /** When to take it. */
    readonly help: string;
    readonly job: Readonly<Record<ModelJobField, number>>;
  }[];
}

export interface ModelPlan extends TrainPlan {
  readonly parameters: number;
}

export interface ModelStepMetrics {
  /** Mean of −log p(next token) over the batch, weighted as the curriculum says, before the step's update; nats. */
  readonly loss: number;
  readonly lr: number;
  /** L2 norm of the gradient of all parameters, before clipping. */
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
}

export interface ModelEvaluation {
  readonly step: number;
  readonly tokens: number;
  /** Mean of −log p(next token) on Storyland documents that training never sees, nats. */
  readonly heldOutLoss: number;
  readonly abilities: readonly Ability[];
  /** Drawn from the current weights at temperature 0.8 after a BOS, with the same seed every time. */
  readonly sample: string;
}

export type ModelTrainEvent =
  | { readonly type: 'start'; readonly run: ModelRunInfo }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly tokens: number;
      readonly metrics: ModelStepMetrics;
    }
  | ({ readonly type: 'evaluation' } & ModelEvaluation)
  | { readonly type: 'checkpoint'; readonly step: number; readonly tokens: number; readonly bytes: number }
  | { readonly type: 'paused' | 'resumed'; readonly step: number }
  | { readonly type: 'warning'; readonly error: WireError };

export interface ModelRunInfo {
  readonly id: string;
  /** With every default filled in. */
  readonly job: Readonly<Record<ModelJobField, number>> & { readonly title?: string | undefined };
  readonly status: RunStatus;
  readonly step: number;
  readonly steps: number;
  readonly tokens: number;
  readonly createdAt: string;
  readonly checkpointStep: number;
  /** Id of the model it made. */
  readonly model?: string | undefined;
  readonly history: readonly {
    readonly step: number;
    readonly tokens: number;
    readonly metrics: ModelStepMetrics;
  }[];
  readonly evaluations: readonly ModelEvaluation[];
}

export interface ModelTrainSummary {
  readonly run: string;
  readonly model: ModelInfo;
  /** The last one. */
  readonly evaluation: ModelEvaluation;
}

import type { Citation } from '#base/citation.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { ConfigValue, Fields, SaeConfig } from './config.ts';
import type { SparseCode } from './sae.ts';

type F = Tensor<'f32'>;

/** Parameters as they are trained: rows are features, d_in padded to a multiple of 4 with zeros (`d_pad`). */
export interface SaeParams {
  /** [d_sae, d_pad] */
  readonly W_enc: F;
  /** [d_sae] */
  readonly b_enc: F;
  /** [d_sae, d_pad] */
  readonly W_dec: F;
  /** [d_pad] */
  readonly b_dec: F;
}

/** What a variant's selection sees of one step: pre_acts of one row chunk, and the code it fills. */
export interface SaeStep<C extends SaeConfig = SaeConfig> {
  readonly cfg: C;
  /** Tokens of the whole batch. */
  readonly n: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly params: SaeParams;
  /** [rows of the chunk, d_sae] */
  readonly pre_acts: F;
  /** First row of the chunk in the batch, and how many rows it has. */
  readonly chunk: { readonly from: number; readonly count: number };
  readonly code: SparseCode;
  /** 1-based number of this step. */
  readonly step: number;
}

/** The rule of inference as data; theta of a threshold rule is a tensor of the checkpoint. */
export type ActRuleSpec =
  | { readonly kind: 'relu' }
  | { readonly kind: 'topk'; readonly k: number }
  | { readonly kind: 'threshold' };

export interface Preset {
  readonly title: string;
  readonly config: Readonly<Record<string, ConfigValue>>;
}

/**
 * One way to train an SAE: how features are scored and allocated (decision 1). The step around it is shared.
 *
 * `allocate` is called once a row chunk and records kernels that fill `step.code` for the chunk's rows.
 */
export interface SaeVariant<C extends SaeConfig = SaeConfig, Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  readonly paper: Citation;
  readonly fields: Fields;
  readonly lossTerms: readonly string[];
  readonly presets: readonly Preset[];
  /** Slots that the code keeps for each token. */
  readonly slots: (cfg: C, d_sae: number) => number;
  /** Checks what one field alone cannot say; a sentence when it is refused. */
  readonly refuse?: (cfg: C, shape: { d_in: number; d_sae: number; batch: number }) => string | undefined;
  allocate(rec: Recorder, step: SaeStep<C>): void;
  actRule(cfg: C): ActRuleSpec;
}

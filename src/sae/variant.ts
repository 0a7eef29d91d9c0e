import type { Citation } from '#base/citation.ts';
import type { Rng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { ConfigValue, Fields, SaeConfig } from './config.ts';
import type { AdamStep } from './ops/adam.ts';
import type { Penalty } from './ops/penalty.ts';
import type { ActivationRows, SparseCode } from './sae.ts';
import type { Named, StepShape, StepSpace } from './space.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

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
  readonly shape: StepShape;
  /** Tokens of the whole batch. */
  readonly n: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly params: SaeParams;
  /** [rows of the chunk, d_sae] */
  readonly pre_acts: F;
  /** What is ranked: the same tensor as pre_acts, or the variant's `score`. */
  readonly score: F;
  /** First row of the chunk in the batch, and how many rows it has. */
  readonly chunk: { readonly from: number; readonly count: number };
  readonly code: SparseCode;
  /** 1-based number of this step, and how many the run has. */
  readonly step: number;
  readonly steps: number;
  readonly adam: AdamStep;
  /** Gradients by x: row fromRow of g [rows, d_in] belongs to the first row of the batch (not of the chunk). */
  readonly gradient?: { readonly g: F; readonly fromRow: number } | undefined;
  /** Any tensor of the run by name: the variant's own (`state`, `scratch`) and the shared ones of space.ts. */
  readonly f32: (name: string) => F;
  readonly u32: (name: string) => U;
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

/** Sizes that a config is checked against. */
export interface JobSizes {
  readonly d_in: number;
  readonly d_sae: number;
  readonly batch: number;
  readonly steps: number;
}

/** What host hooks see: the run stands still, all submitted work is done, buffers may be read and written. */
export interface SaeHost<C extends SaeConfig = SaeConfig> {
  readonly gpu: Gpu;
  readonly cfg: C;
  readonly space: StepSpace;
  readonly steps: number;
  /** x of the source times this is what the SAE is trained on. */
  readonly scale: number;
  /** A stream of this step alone, so that a resumed run draws the same. */
  readonly rng: Rng;
  /** The next n rows of the source, which are not trained on; undefined when it has no more. */
  next(n: number): Promise<ActivationRows | undefined>;
}

/**
 * One way to train an SAE: how features are scored and allocated (decision 1). The step around it is shared.
 *
 * `allocate` is called once a row chunk (once a step with `wholeBatch`) and records kernels that fill `step.code`.
 * Rows may own any number of entries, but rowStart[n] must be n·slots: unused entries (val 0, idx 0) belong to the
 * last row, so AuxK's rows begin where they always do.
 */
export interface SaeVariant<C extends SaeConfig = SaeConfig, Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  readonly paper: Citation;
  /** True for points of the grid that no paper has; `paper` then names what they are made of. */
  readonly ours?: boolean;
  readonly fields: Fields;
  readonly lossTerms: readonly string[];
  readonly presets: readonly Preset[];
  /** The shared step that runs it: sparse_step.ts, also for relu and threshold codes (decision 11 of docs/decisions). */
  readonly step: 'sparse';
  /** pre_acts of the whole batch exist at once. */
  readonly wholeBatch?: boolean;
  /** True when the source must deliver g beside x. */
  readonly needsGradient?: (cfg: C) => boolean;
  /** Slots that the code keeps for each token, on average over the batch. */
  readonly slots: (cfg: C, d_sae: number) => number;
  /** Features active for a token on average, which the dead window and the thresholds go by; default `slots`. */
  readonly sparsity?: (cfg: C, d_sae: number) => number;
  /** Checks what one field alone cannot say; a sentence when it is refused. */
  readonly refuse?: (cfg: C, sizes: JobSizes) => string | undefined;
  /** Own tensors kept in checkpoints, and own ones that a step forgets. Trained ones come with `.m` and `.v`. */
  readonly state?: (cfg: C, shape: StepShape) => Named;
  readonly scratch?: (cfg: C, shape: StepShape) => Named;
  /** First values of own state that is not zero; W_enc, W_dec, b_dec are set already and may be changed. */
  readonly init?: (host: SaeHost<C>) => void;
  /**
   * How theta [d_sae] comes about: one for all or one a feature, as the mean of the smallest kept acts while
   * training, then by the calibration pass (decision 24); 'each' needs own u32 state `quotas` [d_sae] (tokens of a
   * batch a feature may have). 'trained': the step updates state `theta`. Absent: the rule has no theta.
   */
  readonly theta?: 'shared' | 'each' | 'trained';
  /** Running densities `density_sum` [d_sae] are kept (ops/zipf.ts), before this step's firings. */
  readonly density?: boolean;
  /** The code has rows n .. 2·n − 1 too, open gates, which reconstruct x with the decoder held still (Gated). */
  readonly gate?: boolean;
  /** b_enc stays as it began: the variant has biases of its own. */
  readonly fixedBEnc?: boolean;
  /** Own trained numbers [d_sae] and the values with which a resampled feature's begin again. */
  readonly fresh?: (cfg: C) => Readonly<Record<string, number>>;
  /** Records kernels that fill scratch `score` [chunkRows, d_sae] and returns the chunk's rows; absent: pre_acts. */
  readonly score?: (rec: Recorder, step: SaeStep<C>) => F;
  allocate(rec: Recorder, step: SaeStep<C>): void;
  /** What is added to the loss for the acts of the code (ops/penalty.ts); figure 0 is then `penalty`. */
  readonly penalty?: (
    cfg: C,
    step: { readonly step: number; readonly steps: number; readonly n: number },
  ) => Penalty;
  /** Ends of the nested prefixes of the dictionary, ascending, the last one d_sae (Matryoshka); absent: [d_sae]. */
  readonly prefixes?: (cfg: C, d_sae: number) => readonly number[];
  /** Recorded when dz and the pairs by feature are there and no parameter has changed: gradients of own parameters. */
  readonly beforeUpdate?: (rec: Recorder, step: SaeStep<C>) => void;
  /** Recorded after the update of every step: densities and the like; pairs by feature are in start and by_val. */
  readonly afterStep?: (rec: Recorder, step: SaeStep<C>) => void;
  /** Figures of a step beside the shared ones, at most three: kernels write them to scalars[8 ..] before afterStep. */
  readonly figures?: readonly string[];
  /** Steps (1-based, ascending) before which `beforeStep` runs on the CPU. */
  readonly hostSteps?: (cfg: C, sizes: JobSizes) => readonly number[];
  readonly beforeStep?: (host: SaeHost<C>, step: number) => Promise<void>;
  /** Peak learning rate where the config says 0; absent: 2e-4·sqrt(16384 ÷ d_sae). */
  readonly autoLr?: (steps: number) => number;
  /** Times the learning rate of a step, e.g. a second warm-up. */
  readonly lrFactor?: (cfg: C, step: number, steps: number) => number;
  actRule(cfg: C): ActRuleSpec;
}

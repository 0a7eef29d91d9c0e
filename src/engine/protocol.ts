// Longer than 300 lines: the contract between page and worker is read as one page, and it holds types only.
import type { Interval } from '#analysis/bootstrap.ts';
import type { Metric, MetricKey } from '#analysis/metrics.ts';
import type { Standing } from '#analysis/standings.ts';
import type { TruthTable } from '#analysis/truth_table.ts';
import type { Ability } from '#base/ability.ts';
import type { Citation } from '#base/citation.ts';
import type { WireError } from '#base/errors.ts';
import type { PinChange, PinnedFeature, PinsEvent, PinWish } from './protocol/pins.ts';

/** Row-major array as it crosses the worker boundary. product.md calls this `Array`. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Text, or token ids taken as they are (no BOS is added to ids). */
export type Input = string | readonly number[];
/** Default of `bos` is ModelInfo.defaultPrependBos; only text is affected. */
export interface BosOption {
  readonly bos?: boolean | undefined;
}

export interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly f16: boolean;
  readonly subgroupSize: readonly [min: number, max: number] | undefined;
  readonly limits: Readonly<Record<string, number>>;
  /** A software adapter: works, slowly (decision 13). */
  readonly fallback: boolean;
}

/** Work done so far; `total` is absent while unknown. `unit` is 'bytes', 'tokens' or 'features'. */
export interface Progress {
  readonly type: 'progress';
  readonly what: string;
  readonly done: number;
  readonly total?: number | undefined;
  readonly unit: 'bytes' | 'tokens' | 'features' | 'steps';
}

export interface ModelConfigInfo {
  readonly family: string;
  readonly d_model: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly d_vocab: number;
  readonly n_ctx: number;
  readonly act: string;
  readonly tiedUnembed: boolean;
}
export interface ModelInfo {
  /** Content id; 'embedded' is an alias of the shipped model. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly bytes: number;
  readonly config: ModelConfigInfo;
  readonly defaultPrependBos: boolean;
  /** 'raw' (no folding): stated in metrics (decision 16). */
  readonly processing: 'raw';
  /** False when the folder had no tokenizer: prompts are token ids. */
  readonly hasTokenizer: boolean;
  /** A prompt worth showing first, when the model brings one. */
  readonly defaultPrompt?: string | undefined;
  /** The language whose ground truth is known, when the model speaks it. */
  readonly language?: 'storyland' | undefined;
  readonly loaded: boolean;
}

export interface SaeInfo {
  readonly id: string;
  readonly title: string;
  readonly model: string;
  /** Hook name, e.g. 'blocks.0.attn.hook_z'. */
  readonly site: string;
  readonly variant: string;
  readonly d_in: number;
  readonly d_sae: number;
  readonly actRule: ActRuleInfo;
  readonly source: string;
  readonly bytes: number;
  readonly createdAt?: string | undefined;
  /** Positions left out of training and metrics (decision 15). */
  readonly excludedPositions: readonly number[];
  readonly hasIndex: boolean;
  /** True when a truth table is stored: `truth` answers at once. */
  readonly hasTruth?: boolean | undefined;
  readonly metrics?: Metrics | undefined;
  /** What its model can do clean and with this SAE spliced in; absent until measured. */
  readonly abilities?: readonly Ability[] | undefined;
}
export type ActRuleInfo =
  | { readonly kind: 'relu' }
  | { readonly kind: 'topk'; readonly k: number }
  | { readonly kind: 'threshold' };

/** op: 'scale' multiplies acts by value; 'clamp' sets them to value; 'add' adds value; 'ablate' sets 0. */
export interface Edit {
  readonly sae: string;
  readonly feature: number;
  readonly op: 'scale' | 'clamp' | 'add' | 'ablate';
  readonly value?: number | undefined;
  /** Heads whose slice of the decoder row is written; absent: all. */
  readonly heads?: readonly number[] | undefined;
  /** Positions counted with BOS; absent: every position. */
  readonly positions?: readonly number[] | undefined;
  /** The SAE's reconstruction error is always kept: z' = z + (acts' − acts)·W_dec. */
  readonly keepError?: true | undefined;
}

export interface Tokens {
  readonly ids: readonly number[];
  /** Exact text of each token; the page renders whitespace (rule 31). */
  readonly pieces: readonly string[];
}
export interface ForwardResult {
  readonly ids: readonly number[];
  /** Mean over predicted tokens, nats; NaN for fewer than two tokens. */
  readonly loss: number;
  readonly logits?: NdArray | undefined;
  readonly hooks: Readonly<Record<string, NdArray>>;
}
export type LossSpec = 'ce' | { readonly logit: number; readonly at: number };

export interface ActiveFeature {
  readonly feature: number;
  readonly act: number;
}
export interface Encoded extends Tokens {
  /** One entry per position, in order; acts > 0, largest first. */
  readonly tokens: readonly { readonly pos: number; readonly features: readonly ActiveFeature[] }[];
}
/** All that the prompt view needs, in one answer. */
export interface PromptReport extends Encoded {
  /** Tokens beyond n_ctx that were left out. */
  readonly leftOut: number;
  /** −log p of token t given those before it, nats; [0] is NaN. */
  readonly nats: Float32Array;
  /** Mean of nats[1..]. */
  readonly loss: number;
  /** For each position the ten likeliest next tokens, largest first. */
  readonly next: readonly (readonly NextToken[])[];
  /** Entropy of the next-token distribution at each position, nats. */
  readonly entropy: Float32Array;
  readonly ms: number;
}
export interface NextToken {
  readonly id: number;
  readonly piece: string;
  readonly p: number;
  readonly logit: number;
}
export interface EditReport {
  readonly clean: PromptReport;
  readonly edited: PromptReport;
  /** KL(clean ‖ edited) of the next-token distribution at each position, nats. */
  readonly kl: Float32Array;
  /** Seeded continuations of the whole prompt, same seed, without and with the edit. */
  readonly continuation?: { readonly clean: string; readonly edited: string } | undefined;
}

/** Direct feature attribution (decision 17). */
export interface Dfa {
  readonly feature: number;
  readonly dest: number;
  readonly act: number;
  readonly preAct: number;
  /** [n_heads, seq]: A_k[dest, s]·((v_k[s] − b_V,k)·w_k). */
  readonly byHeadAndSource: NdArray;
  /** b_enc − p·b_dec·w + Σ_k b_V,k·w_k. */
  readonly bias: number;
  /** Σ cells + bias − preAct. */
  readonly residual: number;
}

export interface Histogram {
  /** bins + 1 edges. */
  readonly edges: Float32Array;
  readonly counts: Float64Array;
}
export interface Example {
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
  /** One act per token of the window. */
  readonly acts: Float32Array;
  /** Index in the window of the token the example was chosen for. */
  readonly at: number;
  /** Position of that token in its row (counted with BOS), and of the window's first token. */
  readonly position: number;
  readonly start: number;
  /** -1: among the top; else the interval (0 = lowest) it was drawn from. */
  readonly interval: number;
}
export interface LogitEffect {
  readonly id: number;
  readonly piece: string;
  /** d_i·W_O·(γ_final ∘ centred W_U), logits per unit act at unit LN scale (decision 18). */
  readonly effect: number;
}
export interface FeatureDashboard {
  readonly sae: string;
  readonly feature: number;
  /** Share of indexed tokens with act > 0, 0..1. */
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  readonly histogram: Histogram;
  readonly logitHistogram: Histogram;
  readonly examples: readonly Example[];
  readonly topLogits: readonly LogitEffect[];
  readonly bottomLogits: readonly LogitEffect[];
  /** ‖d_k‖ ÷ Σ_j ‖d_j‖ over heads k (Kissane 2024, eq. 2). */
  readonly headShare: Float32Array;
  readonly neighbours: readonly { readonly feature: number; readonly cosine: number }[];
}
/** Columns of the features table, one entry a feature. */
export interface FeatureTable {
  readonly sae: string;
  readonly nTokens: number;
  readonly density: Float32Array;
  readonly maxAct: Float32Array;
  readonly n_heads: number;
  /** [d_sae × n_heads]. */
  readonly headShare: Float32Array;
  /** The most promoted token of each feature. */
  readonly topToken: readonly string[];
}

export type {
  Ability,
  Interval,
  Metric,
  MetricKey,
  PinChange,
  PinnedFeature,
  PinsEvent,
  PinWish,
  Standing,
  TruthTable,
};
/** Decisions 14 to 16; what was not measured is absent. */
export type Metrics = Readonly<Partial<Record<MetricKey, Metric>>>;

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

/** One SAE of a race; what all share stands in RaceJob. */
export type RaceMember = Pick<TrainJob, 'variant' | 'config' | 'd_sae' | 'title'>;
/** Two to six SAEs trained side by side on the same rows; those of equal d_sae begin with equal weights. */
export type RaceJob = Omit<TrainJob, 'variant' | 'config' | 'd_sae' | 'title' | 'abilityPrompts'> & {
  readonly members: readonly RaceMember[];
  /** Held-out tokens of the last measurement; default as for a run. */
  readonly evaluationTokens?: number | undefined;
};
/** A member as it was measured, on the same held-out batches as the others. */
export interface RaceRow {
  readonly member: number;
  readonly step: number;
  readonly metrics: Metrics;
  /** Counts of log10 density. */
  readonly density: Histogram;
}
export type RaceEvent =
  | {
      readonly type: 'start';
      readonly race: string;
      readonly titles: readonly string[];
      readonly steps: number;
    }
  | {
      readonly type: 'step';
      readonly member: number;
      readonly step: number;
      readonly tokens: number;
      readonly metrics: StepMetrics;
    }
  | ({ readonly type: 'evaluation' } & RaceRow)
  /** All members were measured at this step: how they stand at equal L0. */
  | { readonly type: 'standings'; readonly step: number; readonly standings: readonly Standing[] }
  | { readonly type: 'paused' | 'resumed' }
  | { readonly type: 'ended'; readonly member: number; readonly error?: WireError | undefined }
  | { readonly type: 'warning'; readonly member: number; readonly error: WireError };
export interface RaceSummary {
  readonly race: string;
  /** By member; absent `sae`: it has no result, and `error` says why. */
  readonly members: readonly {
    readonly sae?: SaeInfo | undefined;
    readonly row?: RaceRow | undefined;
    readonly standing?: Standing | undefined;
    readonly error?: WireError | undefined;
  }[];
}

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

export interface StoredItem {
  readonly id: string;
  readonly kind: 'model' | 'sae' | 'run' | 'index' | 'corpus';
  readonly title: string;
  readonly bytes: number;
  /** False for the embedded pack. */
  readonly deletable: boolean;
}
export interface StorageInfo {
  /** 'opfs', or 'memory' in private windows: nothing survives the tab (decision 31). */
  readonly mode: 'opfs' | 'memory';
  /** False in a second tab: another one writes. */
  readonly writer: boolean;
  readonly usedBytes: number;
  readonly quotaBytes: number;
  readonly persisted: boolean;
  readonly items: readonly StoredItem[];
}
export interface GenerateResult {
  readonly ids: readonly number[];
  readonly text: string;
}
export type ExportFormat = 'saelens';
/** A name and bytes; files dropped on the page arrive like this. */
export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}
export type Source = string | readonly NamedFile[];

/** The whole contract of the engine worker: what goes in, comes out and streams, one line a request. */
export interface Api {
  adapter: { in: Record<string, never>; out: GpuInfo; event: never };
  models: { in: Record<string, never>; out: readonly ModelInfo[]; event: never };
  loadModel: { in: { source: Source }; out: ModelInfo; event: Progress };
  tokenize: { in: { text: string } & BosOption; out: Tokens; event: never };
  forward: {
    in: {
      input: Input;
      hooks?: readonly string[] | undefined;
      logits?: boolean | undefined;
      edits?: readonly Edit[] | undefined;
    } & BosOption;
    out: ForwardResult;
    event: never;
  };
  backward: {
    in: { input: Input; hooks: readonly string[]; loss: LossSpec } & BosOption;
    out: Readonly<Record<string, NdArray>>;
    event: never;
  };
  generate: {
    in: {
      input: Input;
      tokens: number;
      temperature?: number | undefined;
      seed?: number | undefined;
      edits?: readonly Edit[] | undefined;
    } & BosOption;
    out: GenerateResult;
    event: never;
  };
  saes: { in: Record<string, never>; out: readonly SaeInfo[]; event: never };
  loadSae: { in: { source: Source }; out: SaeInfo; event: Progress };
  encode: { in: { input: Input; sae: string } & BosOption; out: Encoded; event: never };
  decode: {
    in: { input: Input; sae: string } & BosOption;
    out: { readonly recon: NdArray; readonly x: NdArray };
    event: never;
  };
  /** Everything the prompt view shows. Without an SAE the lists of features are empty. */
  inspectPrompt: {
    in: { input: Input; sae?: string | undefined } & BosOption;
    out: PromptReport;
    event: never;
  };
  editPrompt: {
    in: {
      input: Input;
      sae: string;
      edits: readonly Edit[];
      continueTokens?: number | undefined;
      seed?: number | undefined;
    } & BosOption;
    out: EditReport;
    event: never;
  };
  pattern: {
    in: { input: Input; layer: number } & BosOption;
    /** [n_heads, dest, source]. */
    out: NdArray;
    event: never;
  };
  attribute: {
    in: { input: Input; sae: string; feature: number; dest: number } & BosOption;
    out: Dfa;
    event: never;
  };
  feature: { in: { sae: string; feature: number }; out: FeatureDashboard; event: never };
  featureTable: { in: { sae: string }; out: FeatureTable; event: never };
  /** Direct logit effect of every feature on one token; `token` is the text of one token or its id. */
  featuresByToken: {
    in: { sae: string; token: string | number };
    out: { readonly id: number; readonly piece: string; readonly effect: Float32Array };
    event: never;
  };
  variants: { in: Record<string, never>; out: readonly VariantInfo[]; event: never };
  planTrain: { in: TrainJob; out: TrainPlan; event: never };
  /** Ends when the run ends. Cancelling the call stops the run and keeps its last checkpoint. */
  train: { in: TrainJob; out: TrainSummary; event: TrainEvent };
  /** Takes an interrupted run up from its last checkpoint, exactly (decision 4). */
  resumeRun: { in: { run: string }; out: TrainSummary; event: TrainEvent };
  /**
   * A new run that goes on from the last checkpoint of another (paused, stopped, interrupted or diverged), with other
   * fields of its config, or more tokens: a change of lr or k in mid-run. Variant and sizes stay. Its history begins
   * with the other's.
   */
  branchRun: {
    in: {
      run: string;
      config?: TrainJob['config'];
      tokens?: number | undefined;
      title?: string | undefined;
    };
    out: TrainSummary;
    event: TrainEvent;
  };
  controlRun: {
    in: { run: string; action: 'pause' | 'resume' | 'stop' | 'checkpoint' };
    out: RunInfo | ModelRunInfo;
    event: never;
  };
  /** Pins and unpins features of a run that is being trained, at most eight; gives those that then are pinned. */
  pinFeatures: { in: { run: string } & PinChange; out: readonly number[]; event: never };
  /** Ends when every member has ended; cancelling the call drops them all. Their SAEs are stored. */
  race: { in: RaceJob; out: RaceSummary; event: RaceEvent };
  controlRace: {
    in: { race: string; action: 'pause' | 'resume' | 'stop' };
    out: Record<string, never>;
    event: never;
  };
  modelRecipe: { in: Record<string, never>; out: ModelRecipe; event: never };
  planModel: { in: ModelJob; out: ModelPlan; event: never };
  /** Trains a transformer from scratch; controlRun steers it as any run. The model is stored, not loaded. */
  trainModel: { in: ModelJob; out: ModelTrainSummary; event: ModelTrainEvent };
  /** Takes an interrupted run of a transformer up from its last checkpoint, exactly. */
  resumeModel: { in: { run: string }; out: ModelTrainSummary; event: ModelTrainEvent };
  modelRuns: { in: Record<string, never>; out: readonly ModelRunInfo[]; event: never };
  runs: { in: Record<string, never>; out: readonly RunInfo[]; event: never };
  /**
   * `edits` act in every run, before the SAE under evaluation reads or replaces its activation. `abilities` asks for the
   * model's abilities clean and spliced too (true, or prompts of each); edits leave them alone.
   */
  evaluate: {
    in: {
      sae: string;
      corpus?: string | undefined;
      tokens?: number | undefined;
      edits?: readonly Edit[] | undefined;
      abilities?: boolean | number | undefined;
    };
    out: Metrics & { readonly abilities?: readonly Ability[] | undefined };
    event: Progress;
  };
  /** Builds (or rebuilds) the feature index of an SAE. */
  buildIndex: {
    in: { sae: string; tokens?: number | undefined };
    out: { readonly nTokens: number; readonly bytes: number };
    event: Progress;
  };
  /**
   * Which ground-truth fact of Storyland, or conjunction of two, predicts best where each feature fires. A table
   * that is kept with the SAE is the answer; without one, or with `tokens`, it is measured on fresh text (only the
   * former is kept).
   */
  truth: { in: { sae: string; tokens?: number | undefined }; out: TruthTable; event: Progress };
  exportSae: {
    in: { sae: string; format: ExportFormat };
    out: Readonly<Record<string, Uint8Array>>;
    event: never;
  };
  /** Gives the page every file of the embedded pack, so that the next worker needs no network (decision 28). */
  seal: { in: Record<string, never>; out: { readonly files: number; readonly bytes: number }; event: never };
  storage: { in: Record<string, never>; out: StorageInfo; event: never };
  persist: { in: Record<string, never>; out: { readonly persisted: boolean }; event: never };
  deleteStored: { in: { id: string }; out: StorageInfo; event: never };
  /** For tests and `?debug=gpu`: what the device did; `destroyDevice` simulates a lost device. */
  debug: {
    in: { action: 'memory' | 'destroyDevice' | 'profile' };
    out: Readonly<Record<string, number>>;
    event: never;
  };
}
export type ApiName = keyof Api;

/** Every handler is a generator, so progress, cancellation and cleanup have one form. */
export type Handlers = {
  [K in ApiName]: (
    input: Api[K]['in'],
    signal: AbortSignal,
  ) => AsyncGenerator<Api[K]['event'], Api[K]['out'], void>;
};
export interface Call<K extends ApiName> extends AsyncIterable<Api[K]['event']> {
  readonly result: Promise<Api[K]['out']>;
  cancel(): void;
}

/** What only this tab's memory holds (private window, second tab, full disk); the page keeps it for the next worker. */
export interface Kept {
  readonly key: string;
  /** Absent: forgotten. */
  readonly value?: Blob | object | undefined;
}
/** Page to worker. `open` comes first and once. */
export type ToWorker =
  | { readonly kind: 'open'; readonly base: string; readonly kept: readonly Kept[] }
  | { readonly kind: 'call'; readonly id: number; readonly name: ApiName; readonly input: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  /** The page was frozen or woken by the browser: checkpoint, then say so. */
  | { readonly kind: 'freeze' | 'wake' };
/** Worker to page. `notice` is unsolicited. */
export type FromWorker =
  | { readonly kind: 'event'; readonly id: number; readonly event: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly out: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'keep'; readonly kept: Kept }
  | { readonly kind: 'notice'; readonly notice: Notice };
export type Notice =
  | { readonly type: 'ready'; readonly gpu: boolean; readonly error?: WireError | undefined }
  | { readonly type: 'device-lost'; readonly error: WireError }
  | { readonly type: 'network'; readonly gets: number; readonly hosts: readonly string[] }
  /** The client ended the worker and started another; `reason` is one sentence. */
  | { readonly type: 'restarted'; readonly reason: string }
  | { readonly type: 'storage-changed' };

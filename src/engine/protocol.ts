import type { WireError } from '#base/errors.ts';
import type { BosOption, GpuInfo, Input, NdArray, Progress, Source } from './protocol/common.ts';
import type { FeatureDashboard, FeatureTable } from './protocol/features.ts';
import type { Ability, Metrics, TruthTable } from './protocol/metrics.ts';
import type {
  ModelJob,
  ModelPlan,
  ModelRecipe,
  ModelRunInfo,
  ModelTrainEvent,
  ModelTrainSummary,
} from './protocol/model_training.ts';
import type { ExportFormat, ModelInfo, SaeInfo } from './protocol/models.ts';
import type { PinChange } from './protocol/pins.ts';
import type {
  Dfa,
  Edit,
  EditReport,
  Encoded,
  ForwardResult,
  GenerateResult,
  LossSpec,
  PromptReport,
  Tokens,
} from './protocol/prompts.ts';
import type { RaceEvent, RaceJob, RaceSummary } from './protocol/races.ts';
import type { StorageInfo } from './protocol/storage.ts';
import type {
  RunInfo,
  TrainEvent,
  TrainJob,
  TrainPlan,
  TrainSummary,
  VariantInfo,
} from './protocol/training.ts';

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

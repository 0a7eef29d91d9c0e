import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { ModelConfig } from './config.ts';
import type { HookName } from './hooks.ts';

/** Records what stands in for an activation (same shape). Runs on the GPU; must not read back. */
export type HookEdit = (rec: Recorder, act: Tensor<'f32'>) => Tensor<'f32'>;

export interface WorkspaceSpec {
  readonly batch: number;
  /** Longest row that will run; rounded up to a bucket (16, 32, 64, … n_ctx). */
  readonly seq: number;
  /** Activations that must survive the run; anything else may be reused by later layers. */
  readonly keep?: readonly HookName[];
  /** Keeps all that `backward` reads (no scores, no terms of the residual sums) and has room for gradients. */
  readonly grad?: boolean;
  /** Also gradients of all parameters. */
  readonly paramGrads?: boolean;
}
/** Buffers of one (batch, bucket, keep); made once, reused by every run, so a run allocates nothing. */
export interface Workspace extends Disposable {
  readonly spec: WorkspaceSpec;
  /** Rows of seq the buffers can hold. */
  readonly seqCapacity: number;
}

export interface RunOptions {
  readonly edit?: ReadonlyMap<HookName, HookEdit>;
  /** Do no work past this hook. */
  readonly stopAt?: HookName;
}
/** One recorded forward pass. Its tensors live in the workspace and hold until the workspace's next run. */
export interface Run {
  readonly workspace: Workspace;
  readonly batch: number;
  readonly seq: number;
  /** Shapes: resid [batch, seq, d_model], z/q/k/v [batch, seq, n_heads, d_head], pattern [batch, n_heads, seq, seq]. */
  get(hook: HookName): Tensor<'f32'>;
}
/** A scalar to differentiate. 'ce' is Σ weights·nats; 'logit' one logit at one flattened row (batch·seq). */
export type GradSeed =
  | { readonly kind: 'ce'; readonly targets: Tensor<'u32'>; readonly weights: Tensor<'f32'> }
  | { readonly kind: 'logit'; readonly id: number; readonly row: number };
export interface Grads {
  /** Gradient at a kept hook, same shape as the activation. */
  at(hook: HookName): Tensor<'f32'>;
  /** nats [batch*seq] of the seed's targets, a by-product of 'ce'; undefined for 'logit'. */
  readonly nats: Tensor<'f32'> | undefined;
  /** Gradient of a canonical weight; only with paramGrads. In a tied model W_U_T is W_E. */
  param(name: string): Tensor<'f32'>;
}

export interface LanguageModel extends Disposable {
  readonly config: ModelConfig;
  /** Content hash of config and weights; goes into SaeRef and share links. */
  readonly id: string;
  /**
   * Canonical TransformerLens-like names: W_E [d_vocab, d_model], W_pos [n_ctx, d_model], blocks.0.attn.W_Q
   * [d_model, n_heads*d_head], blocks.0.attn.W_O [n_heads*d_head, d_model], blocks.0.attn.b_O [d_model],
   * blocks.0.ln1.w, blocks.0.mlp.W_in [d_model, d_mlp], ln_final.w, … The unembedding is W_U_T [d_vocab, d_model]:
   * one vocabulary entry, one contiguous row; in a tied model it is the same tensor as W_E.
   * @throws WorkbenchError('internal') for a name the model does not have.
   */
  weight(name: string): Tensor<'f32'>;
  /** Every parameter once (no W_U_T in a tied model, though `weight('W_U_T')` answers there too). */
  readonly weightNames: readonly string[];
  workspace(spec: WorkspaceSpec): Workspace;
  /** tokens [batch, seq]. */
  forward(rec: Recorder, ws: Workspace, tokens: Tensor<'u32'>, options?: RunOptions): Run;
  /** Logits [count, d_vocab] of flattened rows from..from+count; valid until the next call on the same workspace. */
  logits(rec: Recorder, run: Run, rows: { readonly from: number; readonly count: number }): Tensor<'f32'>;
  /** Rows of logits that one call may ask for (memory bound, decision 9). */
  readonly logitsChunk: number;
  /** nats [batch*seq]: −log p(targets[row] | …), computed in chunks of rows. */
  crossEntropy(rec: Recorder, run: Run, targets: Tensor<'u32'>, nats: Tensor<'f32'>): void;
  /** Gradients of the seed at the kept hooks (and at all parameters with paramGrads). Needs a `grad` workspace. */
  backward(rec: Recorder, run: Run, seed: GradSeed): Grads;
}

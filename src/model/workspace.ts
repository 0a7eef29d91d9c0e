import type { Shape } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Scope } from '#gpu/scope.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import type { ModelConfig } from './config.ts';
import { type HookName, isHookOf, sameActivation } from './hooks.ts';
import type { Workspace, WorkspaceSpec } from './model.ts';

/** Smallest row length that a workspace is made for; lengths double from there to n_ctx. */
const FIRST_BUCKET = 16;

/** Terms of sums and scores: their gradients need no values, and scores are as large as patterns. */
const UNREAD_BY_BACKWARD = /hook_(embed|pos_embed|attn_scores|attn_out|mlp_out)$/;

/** The smallest of 16, 32, 64, … n_ctx that holds `seq` tokens. */
export function bucketOf(seq: number, n_ctx: number): number {
  let bucket = FIRST_BUCKET;
  while (bucket < seq) bucket *= 2;
  return Math.min(bucket, n_ctx);
}

/**
 * Named buffers of one (model, batch, bucket, keep), large enough for the longest row of the bucket.
 *
 * A buffer is made at the first use of its name and reused by every later run. An activation that is kept has a
 * buffer of its own; all others share one buffer a role across layers.
 */
export class TransformerWorkspace implements Workspace {
  readonly spec: WorkspaceSpec;
  readonly seqCapacity: number;
  /** Hooks that outlive a run, each with its other name if it has two. */
  readonly kept: ReadonlySet<HookName>;
  readonly #config: ModelConfig;
  readonly #scope: Scope;
  readonly #slots = new Map<string, Tensor>();
  #batch = 0;
  #seq = 0;
  #runs = 0;

  constructor(gpu: Gpu, config: ModelConfig, spec: WorkspaceSpec) {
    const { batch, seq } = spec;
    if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(seq) || seq < 1 || seq > config.n_ctx)
      throw new WorkbenchError('shape', `workspace: batch ${batch}, seq ${seq}; n_ctx is ${config.n_ctx}`);
    const unknown = spec.keep?.find((hook) => !isHookOf(config, hook));
    if (unknown) throw new WorkbenchError('internal', `workspace: this model has no hook ${unknown}`);
    this.spec = spec;
    this.seqCapacity = bucketOf(seq, config.n_ctx);
    this.kept = new Set((spec.keep ?? []).flatMap((hook) => sameActivation(config, hook)));
    this.#config = config;
    this.#scope = gpu.scope('workspace');
  }

  /** Rows (batch·seq) that the buffers hold. */
  get rowCapacity(): number {
    return this.spec.batch * this.seqCapacity;
  }
  /** Number of the run that the buffers belong to. */
  get run(): number {
    return this.#runs;
  }
  /**
   * Starts a run: the tensors below take its sizes.
   *
   * @throws WorkbenchError('shape') when the run is larger than the workspace.
   */
  begin(batch: number, seq: number): void {
    if (batch > this.spec.batch || seq > this.seqCapacity)
      throw new WorkbenchError(
        'shape',
        `forward: tokens [${batch},${seq}] exceed the workspace [${this.spec.batch},${this.seqCapacity}]`,
      );
    this.#batch = batch;
    this.#seq = seq;
    this.#runs++;
  }

  /** True when the activation has a buffer of its own: it is kept, or backward reads it. */
  survives(hook: HookName): boolean {
    return this.kept.has(hook) || (this.spec.grad === true && !UNREAD_BY_BACKWARD.test(hook));
  }
  /** [batch·seq, width]. */
  rows(name: string, width: number): Tensor<'f32'> {
    return this.fixed(name, [this.#batch * this.#seq, width], 'f32', this.rowCapacity * width);
  }
  /** [batch·seq]. */
  column<D extends 'f32' | 'u32' = 'f32'>(name: string, dtype?: D): Tensor<D> {
    return this.fixed(name, [this.#batch * this.#seq], (dtype ?? 'f32') as D, this.rowCapacity);
  }
  /** [batch, n_heads, seq, seq]. */
  squares(name: string): Tensor<'f32'> {
    const { n_heads } = this.#config;
    const shape = [this.#batch, n_heads, this.#seq, this.#seq];
    return this.fixed(name, shape, 'f32', this.rowCapacity * n_heads * this.seqCapacity);
  }
  /** A buffer of `capacity` elements (default: just the shape), seen in `shape`. */
  fixed<D extends 'f32' | 'u32'>(name: string, shape: Shape, dtype: D, capacity?: number): Tensor<D> {
    let slot = this.#slots.get(name);
    if (!slot) {
      slot = this.#scope.tensor(name, capacity === undefined ? shape : [capacity], dtype);
      this.#slots.set(name, slot);
    }
    return view(slot as Tensor<D>, { shape, label: name });
  }
  [Symbol.dispose](): void {
    this.#slots.clear();
    this.#scope[Symbol.dispose]();
  }
}

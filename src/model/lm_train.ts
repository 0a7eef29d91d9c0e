import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { adam, clipFactor, globalNorm } from '#gpu/ops/optim.ts';
import { partialsLengthOf } from '#gpu/ops/reduce.ts';
import type { Readback } from '#gpu/readback.ts';
import type { Scope } from '#gpu/scope.ts';
import { size, type Tensor, view } from '#gpu/tensor.ts';
import type { Grads, LanguageModel, Workspace } from './model.ts';
import { bucketOf } from './workspace.ts';

type F = Tensor<'f32'>;

/** AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with a clipped global gradient norm. */
export interface LmTrainConfig {
  /** Learning rate of a step, counted from 0. */
  readonly lr: (step: number) => number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Which parameters decay; default `isBlockMatrix`. */
  readonly decays?: ((name: string, shape: readonly number[]) => boolean) | undefined;
  /** The gradient's global norm is clipped to this, by the norm of the same step. */
  readonly clipNorm: number;
}
/** One step's data, [batch, seq] each. A target of 0xffffffff is not predicted; loss = Σ weights·nats. */
export interface LmBatch {
  readonly batch: number;
  readonly seq: number;
  readonly tokens: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
}
/** Loss before the step's update, nats; norm of the gradient before clipping. */
export interface LmStep {
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly lr: number;
}

/** What a trainer must know besides the weights to go on exactly: steps done and Adam's moments by weight name. */
export interface LmTrainState {
  readonly step: number;
  readonly moments: ReadonlyMap<string, { readonly m: Float32Array; readonly v: Float32Array }>;
}

/** Weight matrices of the blocks: no embedding, gain or bias. */
export const isBlockMatrix = (name: string, shape: readonly number[]): boolean =>
  name.startsWith('blocks.') && shape.length === 2;

/** Linear warm-up to `peak` over `warmup` steps, constant to `hold`·steps, then linear to `end`·peak. */
export function warmupConstantLinear(o: {
  readonly peak: number;
  readonly steps: number;
  readonly warmup: number;
  readonly hold: number;
  readonly end: number;
}): (step: number) => number {
  return (step) => {
    const late = Math.max(0, (step / o.steps - o.hold) / (1 - o.hold));
    return o.peak * Math.min(1, (step + 1) / o.warmup) * (1 - (1 - o.end) * late);
  };
}

/** Steps whose numbers may still be on their way; more would only wait in the queue. */
const IN_FLIGHT = 4;

/**
 * Trains every parameter of `model` in place, one step a batch; yields each step's numbers some steps late.
 *
 * The numbers come back without waiting for the GPU; leaving the loop frees moments and buffers and keeps the weights.
 */
export async function* trainLm(
  gpu: Gpu,
  model: LanguageModel,
  config: LmTrainConfig,
  batches: AsyncIterable<LmBatch> | Iterable<LmBatch>,
): AsyncGenerator<LmStep, void, void> {
  using trainer = new LmTrainer(gpu, model, config);
  for await (const batch of batches) {
    await trainer.step(batch);
    yield* trainer.arrived();
  }
  yield* await trainer.rest();
}

/** Owns moments, the buffers of one batch size, and the numbers on their way; the model's weights are borrowed. */
export class LmTrainer implements Disposable {
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #config: LmTrainConfig;
  readonly #scope: Scope;
  readonly #moments: ReadonlyMap<string, { readonly m: F; readonly v: F }>;
  readonly #clip: { readonly partials: F; readonly norm: F; readonly clip: F };
  readonly #pending: { readonly step: number; readonly lr: number; readonly weights: Float32Array }[] = [];
  /** Numbers of an earlier batch size that nobody has taken yet. */
  readonly #late: LmStep[] = [];
  #room: BatchRoom | undefined;
  #steps = 0;

  /** With a state it goes on from there; the model then holds the weights of that step. */
  constructor(gpu: Gpu, model: LanguageModel, config: LmTrainConfig, state?: LmTrainState) {
    this.#gpu = gpu;
    this.#model = model;
    this.#config = config;
    this.#scope = gpu.scope('lm_train');
    const zeros = (name: string): F => this.#scope.zeros(name, model.weight(name).shape, 'f32');
    this.#moments = new Map(model.weightNames.map((name) => [name, { m: zeros(name), v: zeros(name) }]));
    this.#clip = {
      partials: this.#scope.tensor(
        'partials',
        [
          partialsLengthOf(
            model.weightNames.map((name) => size(model.weight(name).shape)),
            gpu.caps.maxBindingBytes,
          ),
        ],
        'f32',
      ),
      norm: this.#scope.tensor('norm', [1], 'f32'),
      clip: this.#scope.tensor('clip', [1], 'f32'),
    };
    if (state) this.#restore(state);
  }

  /** Steps submitted. */
  get steps(): number {
    return this.#steps;
  }

  /** Records and submits one step; waits only for room among the numbers on their way. */
  async step(batch: LmBatch): Promise<void> {
    const room = await this.#roomFor(batch);
    const shape = [batch.batch, batch.seq];
    const rows = batch.batch * batch.seq;
    const tokens = view(room.tokens, { shape });
    const targets = view(room.targets, { shape: [rows] });
    const weights = view(room.weights, { shape: [rows] });
    this.#gpu.write(tokens, batch.tokens);
    this.#gpu.write(targets, batch.targets);
    this.#gpu.write(weights, batch.weights);
    const rec = this.#gpu.record('lm_step');
    const run = this.#model.forward(rec, room.workspace, tokens);
    const grads = this.#model.backward(rec, run, { kind: 'ce', targets, weights });
    const lr = this.#config.lr(this.#steps);
    this.#update(rec, grads, lr);
    const numbers = view(room.numbers, { shape: [rows + 1] });
    rec.copy(grads.nats as F, view(numbers, { shape: [rows] }));
    rec.copy(this.#clip.norm, view(numbers, { shape: [1], byteOffset: 4 * rows }));
    await rec.submit();
    await room.readback.push(numbers);
    this.#pending.push({ step: this.#steps++, lr, weights: batch.weights });
  }
  /** Numbers that have come back, in order. */
  arrived(): LmStep[] {
    const now = this.#room?.readback.poll().map((bytes) => this.#numbers(bytes)) ?? [];
    return [...this.#late.splice(0), ...now];
  }
  /** Waits for all that is on its way. */
  async rest(): Promise<LmStep[]> {
    const bytes = (await this.#room?.readback.drain()) ?? [];
    return [...this.#late.splice(0), ...bytes.map((b) => this.#numbers(b))];
  }
  /** The state after all submitted steps: waits for the GPU. */
  async capture(): Promise<LmTrainState> {
    const moments = new Map<string, { m: Float32Array; v: Float32Array }>();
    for (const [name, { m, v }] of this.#moments)
      moments.set(name, { m: await this.#gpu.readF32(m), v: await this.#gpu.readF32(v) });
    return { step: this.#steps, moments };
  }
  [Symbol.dispose](): void {
    this.#room?.[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }

  #restore({ step, moments }: LmTrainState): void {
    this.#steps = step;
    for (const [name, { m, v }] of this.#moments) {
      const known = moments.get(name);
      if (known?.m.length !== size(m.shape) || known.v.length !== size(v.shape))
        throw new WorkbenchError(
          'format',
          `checkpoint: the moments of ${name} are missing or of another size.`,
        );
      this.#gpu.write(m, known.m as Float32Array<ArrayBuffer>);
      this.#gpu.write(v, known.v as Float32Array<ArrayBuffer>);
    }
  }

  #update(rec: ReturnType<Gpu['record']>, grads: Grads, lr: number): void {
    const names = this.#model.weightNames;
    const { beta1, beta2, eps, weightDecay, clipNorm, decays = isBlockMatrix } = this.#config;
    const { partials, norm, clip } = this.#clip;
    globalNorm(rec, { gs: names.map((name) => grads.param(name)), partials, norm });
    clipFactor(rec, { norm, clip, maxNorm: clipNorm });
    for (const name of names) {
      const p = this.#model.weight(name);
      const moments = this.#moments.get(name) as { m: F; v: F };
      const decay = decays(name, p.shape) ? weightDecay : 0;
      const rates = { lr, beta1, beta2, eps, weightDecay: decay, step: this.#steps + 1 };
      adam(rec, { p, ...moments, g: grads.param(name), clip, ...rates });
    }
  }
  #numbers(bytes: ArrayBuffer): LmStep {
    const from = this.#pending.shift();
    if (!from) throw new WorkbenchError('internal', 'lm_train: numbers of a step that was not taken');
    const values = new Float32Array(bytes);
    const loss = from.weights.reduce((sum, w, i) => sum + w * (values[i] as number), 0);
    return { step: from.step, loss, gradNorm: values[from.weights.length] as number, lr: from.lr };
  }
  /** Buffers for this batch size; others are made anew, once the numbers of the old ones are in. */
  async #roomFor({ batch, seq }: LmBatch): Promise<BatchRoom> {
    const capacity = bucketOf(seq, this.#model.config.n_ctx);
    if (this.#room?.batch === batch && this.#room.capacity === capacity) return this.#room;
    this.#late.push(...(await this.rest()));
    this.#room?.[Symbol.dispose]();
    this.#room = new BatchRoom(this.#gpu, this.#model, { batch, capacity });
    return this.#room;
  }
}

/** Buffers of one batch size. */
class BatchRoom implements Disposable {
  readonly batch: number;
  readonly capacity: number;
  readonly workspace: Workspace;
  readonly tokens: Tensor<'u32'>;
  readonly targets: Tensor<'u32'>;
  readonly weights: F;
  /** Nats of every row, then the gradient's norm. */
  readonly numbers: F;
  readonly readback: Readback;
  readonly #scope: Scope;

  constructor(gpu: Gpu, model: LanguageModel, size: { readonly batch: number; readonly capacity: number }) {
    this.batch = size.batch;
    this.capacity = size.capacity;
    const rows = size.batch * size.capacity;
    this.#scope = gpu.scope('lm_batch');
    this.tokens = this.#scope.tensor('tokens', [rows], 'u32');
    this.targets = this.#scope.tensor('targets', [rows], 'u32');
    this.weights = this.#scope.tensor('weights', [rows], 'f32');
    this.numbers = this.#scope.tensor('numbers', [rows + 1], 'f32');
    this.workspace = model.workspace({ batch: size.batch, seq: size.capacity, grad: true, paramGrads: true });
    this.readback = gpu.readback(IN_FLIGHT, this.numbers.byteLength);
  }
  [Symbol.dispose](): void {
    this.readback[Symbol.dispose]();
    this.workspace[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

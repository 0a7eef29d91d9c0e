import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { initWeights } from '#model/init.ts';
import { type LmStep, type LmTrainConfig, LmTrainer, warmupConstantLinear } from '#model/lm_train.ts';
import { modelFromCheckpoint, modelFromWeights } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import type { CanonicalWeights } from '#model/save.ts';
import { CurriculumStream } from '#text/storyland/curriculum_stream.ts';
import type { Host } from './host.ts';
import { type ModelCheckpoint, writeModelCheckpoint } from './model_checkpoint.ts';
import type { PlannedModel } from './model_job.ts';
import { ModelJudge } from './model_judge.ts';
import type { ModelEvaluation, ModelRunInfo, ModelTrainEvent } from './protocol/model_training.ts';
import type { RunControl } from './run_control.ts';
import { checkpointFile, type RunLog } from './run_log.ts';
import { macrotask } from './scheduler.ts';

export type ModelRunLog = RunLog<ModelRunInfo>;

/** What the loop of a transformer's run works with. */
export interface ModelLoop {
  readonly host: Host;
  readonly gpu: Gpu;
  readonly planned: PlannedModel;
  readonly log: ModelRunLog;
  readonly control: RunControl;
  readonly signal: AbortSignal;
}
/** How a loop ended. */
export interface ModelEnd {
  readonly weights: CanonicalWeights;
  readonly evaluation: ModelEvaluation;
  readonly stopped: boolean;
}

const CHECKPOINT_SECONDS = 30;
/** Steps slower than this are waited for one by one, so that a click waits for at most one of them. */
const SLOW_STEP_MS = 25;

type Events<R = void> = AsyncGenerator<ModelTrainEvent, R, void>;

/** AdamW as the embedded model's run of record has it. */
export function optimiserOf({ job, plan }: Pick<PlannedModel, 'job' | 'plan'>): LmTrainConfig {
  const { steps } = plan;
  const warmup = Math.max(1, Math.min(100, Math.ceil(steps / 10)));
  const lr = warmupConstantLinear({ peak: job.lr, steps, warmup, hold: 0.6, end: 0.03 });
  return { lr, beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: job.weightDecay, clipNorm: 1 };
}

/** A model with the initial weights of the job, or with those of a checkpoint. */
export async function startModel(
  gpu: Gpu,
  { job, config, configText }: PlannedModel,
  weights?: CanonicalWeights,
): Promise<LanguageModel> {
  if (weights) return modelFromWeights(gpu, config, weights);
  const { n_layers: n_layer, d_model: n_embd, n_heads: n_head, n_ctx: n_positions } = config;
  const sizes = { n_layer, n_embd, n_head, n_positions, vocab_size: config.d_vocab };
  const named = initWeights(`model/${job.seed}`, sizes);
  return modelFromCheckpoint(gpu, configText, Object.fromEntries(named.map((t) => [t.name, t])));
}

/**
 * Trains on the background lane: the turn is held during one step and offered around between two (decision 7).
 *
 * @throws WorkbenchError('internal') when the loss is not finite; 'cancelled', after a checkpoint, when the signal fires.
 */
export async function* modelLoop(loop: ModelLoop, resume: ModelCheckpoint | undefined): Events<ModelEnd> {
  const stop = (): void => loop.control.stop();
  loop.signal.addEventListener('abort', stop, { once: true });
  if (loop.signal.aborted) stop();
  let training: ModelTraining | undefined;
  try {
    using _turn = await loop.host.scheduler.enter('background');
    training = await ModelTraining.open(loop, resume);
  } finally {
    if (!training) loop.signal.removeEventListener('abort', stop);
  }
  try {
    return yield* training.run();
  } finally {
    loop.signal.removeEventListener('abort', stop);
    training[Symbol.dispose]();
  }
}

/** One run's model, trainer and clocks. */
class ModelTraining implements Disposable {
  readonly #loop: ModelLoop;
  readonly #model: LanguageModel;
  readonly #trainer: LmTrainer;
  readonly #stream: CurriculumStream;
  readonly #judge: ModelJudge;
  #checkpointAt = performance.now();
  #arrivedAt = performance.now();
  #stepMs = Number.POSITIVE_INFINITY;

  private constructor(loop: ModelLoop, model: LanguageModel, resume: ModelCheckpoint | undefined) {
    const { gpu, planned } = loop;
    const { tokens, batch, n_ctx: ctx } = planned.job;
    this.#loop = loop;
    this.#model = model;
    this.#stream = new CurriculumStream(planned.source, { tokens, batch, ctx });
    this.#judge = new ModelJudge(gpu, planned);
    this.#trainer = new LmTrainer(gpu, model, optimiserOf(planned), resume?.state);
  }

  static async open(loop: ModelLoop, resume: ModelCheckpoint | undefined): Promise<ModelTraining> {
    const model = await startModel(loop.gpu, loop.planned, resume?.weights);
    try {
      return new ModelTraining(loop, model, resume);
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
  }

  async *run(): Events<ModelEnd> {
    const { control, planned, signal } = this.#loop;
    const { steps } = planned.plan;
    if (this.#trainer.steps === 0) yield* this.#evaluate();
    while (this.#trainer.steps < steps && control.wish !== 'stop') {
      yield* this.#step();
      if (this.#judge.isDue(this.#trainer.steps)) yield* this.#evaluate();
      const late = performance.now() - this.#checkpointAt > 1000 * CHECKPOINT_SECONDS;
      if (control.takeCheckpoint() || late) yield* this.#checkpoint();
      yield* this.#notes();
      if (control.wish === 'pause') yield* this.#rest();
      await macrotask();
    }
    yield* this.#settle();
    if (signal.aborted) {
      yield* this.#checkpoint();
      throw new WorkbenchError('cancelled', 'The run was cancelled; its last checkpoint is kept.');
    }
    const evaluation = yield* this.#evaluate();
    const { weights } = await this.#capture();
    return { weights, evaluation, stopped: this.#trainer.steps < steps };
  }

  async *#step(): Events {
    const { host, gpu } = this.#loop;
    const batch = this.#stream.batch(this.#trainer.steps);
    {
      using _turn = await host.scheduler.enter('background');
      const started = performance.now();
      await this.#trainer.step(batch);
      // Slow steps must not queue up in front of a click.
      if (this.#stepMs > SLOW_STEP_MS || host.scheduler.interactiveWaits) await gpu.idle();
      const ms = performance.now() - started;
      this.#stepMs = Number.isFinite(this.#stepMs) ? 0.8 * this.#stepMs + 0.2 * ms : ms;
    }
    yield* this.#tell(this.#trainer.arrived());
  }

  /** Waits for the numbers of all submitted steps. */
  async *#settle(): Events {
    let rest: LmStep[];
    {
      using _turn = await this.#loop.host.scheduler.enter('background');
      rest = await this.#trainer.rest();
    }
    yield* this.#tell(rest);
  }

  *#tell(steps: readonly LmStep[]): Generator<ModelTrainEvent, void, void> {
    if (steps.length === 0) return;
    const { log, planned } = this.#loop;
    const now = performance.now();
    const tokensPerSecond = (1000 * steps.length * planned.job.batch) / Math.max(0.01, now - this.#arrivedAt);
    this.#arrivedAt = now;
    for (const { step: index, loss, lr, gradNorm } of steps) {
      const step = index + 1;
      if (!Number.isFinite(loss)) throw diverged(step);
      const tokens = step * planned.job.batch;
      const metrics = { loss, lr, gradNorm, tokensPerSecond };
      log.add(step, tokens, metrics);
      yield { type: 'step', step, tokens, metrics };
    }
  }

  async *#evaluate(): Events<ModelEvaluation> {
    const { host, gpu, planned, log } = this.#loop;
    yield* this.#settle();
    const step = this.#trainer.steps;
    const known = log.info.evaluations.find((e) => e.step === step);
    if (known) return known;
    const work = host.scheduler.background(this.#judge.judge(gpu, this.#model, step));
    let part = await work.next();
    while (!part.done) part = await work.next();
    const evaluation = { step, tokens: step * planned.job.batch, ...part.value };
    log.change({ evaluations: [...log.info.evaluations, evaluation] });
    yield { type: 'evaluation', ...evaluation };
    this.#arrivedAt = performance.now();
    return evaluation;
  }

  async #capture(): Promise<ModelCheckpoint> {
    const { host, gpu } = this.#loop;
    using _turn = await host.scheduler.enter('background');
    const weights = new Map<string, Float32Array<ArrayBuffer>>();
    for (const name of this.#model.weightNames) {
      const values = await gpu.readF32(this.#model.weight(name));
      if (!values.every((v) => Number.isFinite(v))) throw diverged(this.#trainer.steps);
      weights.set(name, values);
    }
    return { weights, state: await this.#trainer.capture() };
  }

  async *#checkpoint(): Events {
    const { host, log, planned } = this.#loop;
    yield* this.#settle();
    const bytes = writeModelCheckpoint(await this.#capture());
    const step = this.#trainer.steps;
    const name = checkpointFile(log.info.id);
    try {
      await host.store.write(name, [bytes], 'the checkpoint of this run');
    } catch (error) {
      host.store.keep(name, [bytes]);
      const told = error instanceof WorkbenchError ? error : new WorkbenchError('storage', String(error));
      yield { type: 'warning', error: told.toWire() };
    }
    log.change({ checkpointStep: step });
    await log.save();
    this.#arrivedAt = performance.now();
    this.#checkpointAt = this.#arrivedAt;
    yield { type: 'checkpoint', step, tokens: step * planned.job.batch, bytes: bytes.byteLength };
  }

  /** Waits after a checkpoint until somebody resumes or stops the run. */
  async *#rest(): Events {
    const { log, control } = this.#loop;
    if (log.info.checkpointStep !== this.#trainer.steps) yield* this.#checkpoint();
    log.change({ status: 'paused' });
    await log.save();
    yield { type: 'paused', step: log.step };
    await control.whilePaused();
    log.change({ status: 'running' });
    await log.save();
    this.#arrivedAt = performance.now();
    yield { type: 'resumed', step: log.step };
  }

  *#notes(): Generator<ModelTrainEvent, void, void> {
    for (const message of this.#loop.control.notes.splice(0))
      yield { type: 'warning', error: { code: 'internal', message } };
  }

  [Symbol.dispose](): void {
    this.#trainer[Symbol.dispose]();
    this.#model[Symbol.dispose]();
  }
}

function diverged(step: number): WorkbenchError {
  return new WorkbenchError('internal', `Training diverged at step ${step}: the loss is not finite.`, {
    hint: 'Lower the learning rate; the last checkpoint is kept.',
  });
}

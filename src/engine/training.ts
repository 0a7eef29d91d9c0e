import { harvest } from '#analysis/harvest.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { HookName } from '#model/hooks.ts';
import { type Checkpoint, type CheckpointSink, readCheckpoint } from '#sae/checkpoint.ts';
import { resolveConfig } from '#sae/config.ts';
import type { ActivationSource } from '#sae/sae.ts';
import {
  planSae,
  type SaeJob,
  type SaePlan,
  type SaeTrainEvent,
  type SaeTrainResult,
  trainSae,
} from '#sae/train.ts';
import { variantOf } from '#sae/variants/index.ts';
import { type Corpus, openCorpus } from './corpora.ts';
import type { Host } from './host.ts';
import { LiveEvaluation } from './live_evaluation.ts';
import type { LoadedModel } from './loaded_model.ts';
import { LivePins } from './pins.ts';
import type { TrainEvent, TrainJob } from './protocol/training.ts';
import type { RunControl } from './run_control.ts';
import { checkpointFile, type RunLog } from './run_log.ts';
import { macrotask } from './scheduler.ts';
import { type Session, widthOf } from './session.ts';

/** Positions that training and metrics leave out by default: BOS (decision 15). */
export const EXCLUDED: readonly number[] = [0];
const CHECKPOINT_SECONDS = 30;

/** A job with what it needs looked up and checked. */
export interface PlannedJob {
  readonly model: LoadedModel;
  readonly site: HookName;
  readonly d_in: number;
  readonly sae: SaeJob;
  readonly plan: SaePlan;
}

/**
 * Looks up model, site and sizes of a job; nothing is allocated.
 *
 * @throws WorkbenchError('format') for a site, model or config that does not exist.
 */
export async function planJob(session: Session, job: TrainJob): Promise<PlannedJob> {
  const model = await session.model();
  if (job.model !== undefined && job.model !== model.info.id && !(job.model === 'embedded' && model.pack))
    throw new WorkbenchError('format', 'The job names another model than the one that is loaded.', {
      hint: 'Load that model first.',
    });
  const d_in = widthOf(model, job.site);
  if (d_in === undefined)
    throw new WorkbenchError(
      'format',
      `An SAE cannot be trained at ${job.site.slice(0, 80)} of this model.`,
      {
        hint: 'Choose a hook such as blocks.0.attn.hook_z.',
      },
    );
  const sae: SaeJob = {
    variant: job.variant,
    config: job.config ?? {},
    d_sae: job.d_sae,
    tokens: job.tokens,
    batch: job.batch,
    seed: job.seed ?? 0,
  };
  return { model, site: job.site as HookName, d_in, sae, plan: planSae(session.host.gpu, sae, d_in) };
}

/** True when the job's variant chooses by the model's gradient. */
export function needsGradient({ variant: id, config }: SaeJob): boolean {
  const variant = variantOf(id);
  return variant.needsGradient?.(resolveConfig(id, variant.fields, config)) ?? false;
}

/** How a run's loop ended. `weights` are there unless it was cancelled. */
export interface RunEnd {
  readonly result: SaeTrainResult | undefined;
  readonly stopped: boolean;
}

interface Loop {
  readonly host: Host;
  readonly gpu: Gpu;
  readonly planned: PlannedJob;
  readonly corpus: Corpus;
  readonly log: RunLog;
  readonly control: RunControl;
  readonly signal: AbortSignal;
}

/** The data of a run, which ends early when the run is to stop: the trainer then hands out what it has. */
export function stoppable(source: ActivationSource, control: RunControl): ActivationSource {
  return {
    d_in: source.d_in,
    hasGradient: source.hasGradient,
    get position() {
      return source.position;
    },
    next: async (n, signal) => (control.wish === 'stop' ? undefined : source.next(n, signal)),
  };
}

/** Writes checkpoints to the store; what the disk refuses stays in this tab's memory, with a warning. */
class StoreSink implements CheckpointSink {
  readonly #host: Host;
  readonly #name: string;
  readonly warnings: WorkbenchError[] = [];
  last: Uint8Array<ArrayBuffer> | undefined;
  constructor(host: Host, run: string) {
    this.#host = host;
    this.#name = checkpointFile(run);
  }
  async write(_step: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.last = bytes;
    try {
      await this.#host.store.write(this.#name, [bytes], 'the checkpoint of this run');
    } catch (error) {
      this.#host.store.keep(this.#name, [bytes]);
      this.warnings.push(
        error instanceof WorkbenchError ? error : new WorkbenchError('storage', String(error)),
      );
    }
  }
}

/** The last checkpoint of a run; undefined when it has none. */
export async function lastCheckpoint(host: Host, run: string): Promise<Checkpoint | undefined> {
  const blob = await host.store.read(checkpointFile(run));
  return blob && readCheckpoint(new Uint8Array(await blob.arrayBuffer()));
}

/**
 * Trains on the background lane: the turn is held during a submit and offered around between two (decision 7).
 *
 * Pause and stop take effect at a checkpoint; cancelling stops as well, keeps the checkpoint and drops the weights.
 */
export async function* trainLoop(
  loop: Loop,
  resume: Checkpoint | undefined,
): AsyncGenerator<TrainEvent, RunEnd, void> {
  const { host, gpu, planned, corpus, log, control, signal } = loop;
  const { site, model, sae } = planned;
  const gradient = needsGradient(sae);
  using pins = new LivePins({ ...loop, excluded: EXCLUDED });
  let turn: Disposable | undefined;
  const yieldToInteractive = async (): Promise<void> => {
    turn?.[Symbol.dispose]();
    await macrotask();
    await pins.look();
    turn = await host.scheduler.enter('background');
  };
  const wishes = { site, seed: sae.seed, excludedPositions: EXCLUDED, gradient };
  using source = harvest(gpu, model.lm, corpus.train, {
    ...wishes,
    yieldToInteractive: throttled(gpu, yieldToInteractive),
  });
  if (resume) source.seek(resume.meta.position.block, resume.meta.position.row);
  const sink = new StoreSink(host, log.info.id);
  const live = new LiveEvaluation(planned, corpus);
  control.openPins(pins);
  const options = {
    checkpointSeconds: CHECKPOINT_SECONDS,
    busy: () => host.scheduler.interactiveWaits,
    onLive: pins.attach,
    checkpointRequested: () => control.takeCheckpoint() || live.isDue(log.step),
    yieldToInteractive,
    ...(resume && { resume, branch: log.info.branch !== undefined }),
  };
  // The trainer has a signal of its own: a cancelled call still writes its last checkpoint.
  const never = new AbortController().signal;
  const training = trainSae(gpu, sae, stoppable(source, control), sink, never, options);
  const stop = (): void => control.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) control.stop();
  try {
    for (;;) {
      turn = await host.scheduler.enter('background');
      let next: IteratorResult<SaeTrainEvent, SaeTrainResult>;
      try {
        next = yield* nextOf(training, pins);
      } finally {
        turn[Symbol.dispose]();
        turn = undefined;
      }
      for (const error of sink.warnings.splice(0)) yield { type: 'warning', error: error.toWire() };
      for (const message of control.notes.splice(0))
        yield { type: 'warning', error: { code: 'internal', message } };
      if (next.done) return { result: next.value, stopped: control.wish === 'stop' };
      yield* tell(next.value, loop);
      if (next.value.type === 'checkpoint') {
        await pins.look(next.value.step >= planned.plan.steps);
        yield* pins.take();
        yield* live.evaluate(loop, sink.last, next.value.step);
        if (control.wish === 'pause') yield* rest(loop, pins);
      }
      await macrotask();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    control.closePins();
    await training.return(undefined as never);
  }
}

/** The trainer's next event; what the pins have to tell while it works is told at once. */
async function* nextOf(
  training: AsyncGenerator<SaeTrainEvent, SaeTrainResult, void>,
  pins: LivePins,
): AsyncGenerator<TrainEvent, IteratorResult<SaeTrainEvent, SaeTrainResult>, void> {
  let isOver = false;
  const next = training.next().finally(() => {
    isOver = true;
  });
  try {
    while (!isOver) {
      await pins.whenToldOr(next);
      yield* pins.take();
    }
    return await next;
  } finally {
    // Whoever leaves in between must not take the turn from under the trainer.
    await next.catch(() => undefined);
  }
}

/** Keeps at most two forward passes of a harvest in the GPU's queue, so that what is asked meanwhile waits for no more. */
function throttled(gpu: Gpu, then: () => Promise<void>): () => Promise<void> {
  let ahead = Promise.resolve();
  return async () => {
    const before = ahead;
    ahead = gpu.idle();
    ahead.catch(() => undefined); // whoever waits for it sees the error
    await before;
    await then();
  };
}

/** The trainer's event as the page hears it; the log takes it in. */
async function* tell(event: SaeTrainEvent, { log }: Loop): AsyncGenerator<TrainEvent, void, void> {
  switch (event.type) {
    case 'step': {
      const { loss, mse, aux, l0, explainedVariance, deadFraction, lr, tokensPerSecond } = event.metrics;
      const metrics = { loss, mse, aux, l0, explainedVariance, deadFraction, lr, tokensPerSecond };
      log.add(event.step, event.tokens, metrics);
      yield { type: 'step', step: event.step, tokens: event.tokens, metrics };
      return;
    }
    case 'checkpoint':
      log.change({ checkpointStep: event.step, step: event.step, tokens: event.tokens });
      await log.save();
      yield { type: 'checkpoint', step: event.step, tokens: event.tokens, bytes: event.bytes };
      return;
    case 'resampled':
      yield event;
      return;
    case 'warning':
      yield { type: 'warning', error: event.error.toWire() };
  }
}

/** Waits at a checkpoint until somebody resumes or stops the run. */
async function* rest({ log, control }: Loop, pins: LivePins): AsyncGenerator<TrainEvent, void, void> {
  log.change({ status: 'paused' });
  await log.save();
  yield { type: 'paused', step: log.step };
  while (control.wish === 'pause') {
    await pins.look(true);
    yield* pins.take();
    await Promise.race([control.whilePaused(), pins.whenChanged()]);
  }
  log.change({ status: 'running' });
  await log.save();
  yield { type: 'resumed', step: log.step };
}

/** The windows of a job's corpus. */
export function corpusOf(host: Host, planned: PlannedJob, job: TrainJob): Promise<Corpus> {
  return openCorpus(host, planned.model, job.corpus);
}

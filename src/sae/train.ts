import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { calibrateTheta } from './calibrate.ts';
import type { Checkpoint, CheckpointSink } from './checkpoint.ts';
import { hostStepDue, runHostStep, stepsUntilHost } from './host_steps.ts';
import { planSae, resolveJob, type SaeJob } from './job.ts';
import { type LiveSae, liveSae } from './live.ts';
import type { SaeStepMetrics } from './metrics.ts';
import { RING_WIDTH } from './ops/stats.ts';
import {
  arrive,
  drain,
  hasArrived,
  isDiverged,
  keepUp,
  type Run,
  type SaeTrainEvent,
  save,
  submitSteps,
} from './run.ts';
import type { ActivationSource } from './sae.ts';
import { densityStart, stepsPerSubmit } from './schedule.ts';
import { makeSpace } from './space.ts';
import { startRun } from './start.ts';
import { densityOf, foldedWeights } from './train_result.ts';
import type { SaeWeights } from './weights.ts';

export { planSae, type SaeJob, type SaePlan } from './job.ts';
export type { SaeStepMetrics } from './metrics.ts';
export type { SaeTrainEvent } from './run.ts';

export interface SaeTrainOptions {
  /** Goes on from here; job and source must be those of the run, the source standing at meta.position. */
  readonly resume?: Checkpoint | undefined;
  /** With `resume`: config, seed and tokens of the job may differ from the checkpoint's; a new run that starts there. */
  readonly branch?: boolean | undefined;
  /** Seconds between checkpoints; default 30, 0 for none but the last. */
  readonly checkpointSeconds?: number | undefined;
  /** Seconds after which metrics are read although 16 steps are not there yet; default 1. */
  readonly metricsSeconds?: number | undefined;
  /** Asked before each submit: true shortens it to one step (decision 7). */
  readonly busy?: (() => boolean) | undefined;
  /** Awaited between two submits: interactive requests run here. */
  readonly yieldToInteractive?: (() => Promise<void>) | undefined;
  /** Upper bound of steps a submit; default 32. */
  readonly maxStepsPerSubmit?: number | undefined;
  /** Asked before each submit: true writes a checkpoint first. */
  readonly checkpointRequested?: (() => boolean) | undefined;
  /** Steps, ascending, after which a 'step' event comes at once, however fast the adapter is. */
  readonly eventSteps?: readonly number[] | undefined;
  /** Given the SAE as it is being trained, before the first step. */
  readonly onLive?: ((live: LiveSae) => void) | undefined;
}

export interface SaeTrainResult {
  readonly step: number;
  readonly tokens: number;
  /** 'finished', 'exhausted' (the source ended early) or 'diverged' (weights of the last good checkpoint). */
  readonly end: 'finished' | 'exhausted' | 'diverged';
  /** Input scale folded: ready for export or `saeOnGpu`. */
  readonly weights: SaeWeights;
  /** Share of tokens on which each feature fired, over the last fifth of the run's steps (or all before it). */
  readonly density: Float32Array;
  readonly metrics: SaeStepMetrics | undefined;
}

/**
 * Trains an SAE. Not pulling is pause, `return()` is stop (every buffer is freed), the signal cuts a wait short.
 *
 * Metrics are read every 16 steps, one submit late; the loop waits for the GPU at checkpoints only, and so that no
 * more than two submits are in its queue. The same job, source and
 * adapter give the same losses bit for bit, resumed or not, however many steps a submit holds.
 * @throws WorkbenchError('out-of-memory') when the plan does not fit, 'cancelled' when the signal fires, 'internal' when
 * the loss is not finite before the first checkpoint.
 */
export async function* trainSae(
  gpu: Gpu,
  job: SaeJob,
  source: ActivationSource,
  sink: CheckpointSink,
  signal: AbortSignal,
  options: SaeTrainOptions = {},
): AsyncGenerator<SaeTrainEvent, SaeTrainResult, void> {
  const plan = planSae(gpu, job, source.d_in);
  if (!plan.fits) throw new WorkbenchError('out-of-memory', plan.refusal ?? 'The job does not fit.');
  const resolved = resolveJob(gpu.caps, job, source.d_in);
  using scope = gpu.scope('train');
  const chunkRows = Number(options.resume?.meta.kernels['chunkRows'] ?? resolved.chunkRows);
  const space = makeSpace(scope, resolved.shape, { chunkRows, ringSlots: resolved.ringSlots });
  using ring = gpu.readback(2, resolved.ringSlots * RING_WIDTH * 4);
  const { run, warning } = await startRun(gpu, resolved, source, space, ring, signal, options);
  options.onLive?.(liveSae(run));
  if (warning) yield { type: 'warning', error: warning };
  const exhausted = yield* loop(run, sink, signal, options);
  for (const event of await drain(run)) yield event;
  if (!isDiverged(run)) {
    run.trainedTo = { ...source.position };
    await calibrateTheta(run, signal, options.yieldToInteractive);
  }
  const saved = isDiverged(run) ? undefined : await save(run, sink);
  if (!saved) return yield* endDiverged(run);
  yield saved;
  return result(run, run.lastGood as Checkpoint, exhausted ? 'exhausted' : 'finished');
}

/** Submits steps until the last one, the end of the source (true), or a loss that is not finite. */
async function* loop(
  run: Run,
  sink: CheckpointSink,
  signal: AbortSignal,
  options: SaeTrainOptions,
): AsyncGenerator<SaeTrainEvent, boolean, void> {
  while (run.step < run.steps) {
    await options.yieldToInteractive?.();
    if (signal.aborted) throw new WorkbenchError('cancelled', 'Training was cancelled.');
    if (checkpointDue(run, options)) {
      for (const event of await drain(run)) yield event;
      const saved = isDiverged(run) ? undefined : await save(run, sink);
      if (!saved) return false;
      yield saved;
    }
    if (hostStepDue(run)) {
      for (const event of await drain(run)) yield event;
      if (isDiverged(run)) return false;
      const event = await runHostStep(run, signal);
      if (event) yield event;
    }
    const wanted = options.busy?.() ? 1 : stepsPerSubmit(run.msPerStep, run.most);
    const stop = options.eventSteps?.find((s) => s > run.step) ?? run.steps;
    if (!(await submitSteps(run, Math.min(wanted, stepsUntilHost(run), stop - run.step), signal)))
      return true;
    if (run.step === stop) for (const e of await drain(run)) yield e;
    // One submit stays in flight, so the GPU works while its predecessor's metrics are looked at.
    await keepUp(run);
    while (hasArrived(run)) yield await arrive(run);
    if (isDiverged(run)) return false;
  }
  return false;
}

function checkpointDue(run: Run, options: SaeTrainOptions): boolean {
  if (options.checkpointRequested?.()) return true;
  const every = options.checkpointSeconds ?? 30;
  return every > 0 && performance.now() - run.lastSaved > every * 1000;
}

/** The run ends with its last good checkpoint, or throws when there is none. */
async function* endDiverged(run: Run): AsyncGenerator<SaeTrainEvent, SaeTrainResult, void> {
  const error = new WorkbenchError('internal', `Training: a number is not finite by step ${run.step}.`, {
    hint: 'Lower the learning rate, or raise the warm-up.',
  });
  if (!run.lastGood) throw error;
  yield { type: 'warning', error };
  return { ...result(run, run.lastGood, 'diverged'), metrics: undefined };
}

function result(run: Run, state: Checkpoint, end: SaeTrainResult['end']): SaeTrainResult {
  return {
    step: state.meta.step,
    tokens: state.meta.step * run.shape.batch,
    end,
    weights: foldedWeights(state, run.variant.actRule(run.cfg), run.cfg),
    density: densityOf(state, densityStart(run.steps)),
    metrics: run.metrics,
  };
}

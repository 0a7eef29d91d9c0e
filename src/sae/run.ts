import { WorkbenchError } from '#base/errors.ts';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Readback } from '#gpu/readback.ts';
import { view } from '#gpu/tensor.ts';
import {
  type Checkpoint,
  type CheckpointMeta,
  type CheckpointSink,
  captureState,
  isFiniteState,
  restoreState,
  writeCheckpoint,
} from './checkpoint.ts';
import { deadLimit, deadSteps } from './dead.ts';
import { hostOf, hostStepsOf } from './host_steps.ts';
import { initState, measureInput } from './init.ts';
import type { ResolvedJob } from './job.ts';
import { metricsOf, type SaeStepMetrics } from './metrics.ts';
import { adamStep } from './ops/adam.ts';
import { RING_WIDTH } from './ops/stats.ts';
import { checkResume } from './resume.ts';
import type { ActivationSource } from './sae.ts';
import { lrOf } from './schedule.ts';
import type { StepSpace } from './space.ts';
import { recordStep } from './step.ts';
import { densityOf, foldedWeights } from './train_result.ts';
import type { SaeWeights } from './weights.ts';

export type SaeTrainEvent =
  | {
      readonly type: 'step';
      readonly step: number;
      readonly tokens: number;
      readonly metrics: SaeStepMetrics;
      /** mse of every step since the last event, training units: the fingerprint of a run. */
      readonly losses: Float32Array;
      /** The SAE and its densities after all submitted steps; ask before the next pull. Waits for the GPU. */
      snapshot(): Promise<{ readonly weights: SaeWeights; readonly density: Float32Array }>;
    }
  | { readonly type: 'checkpoint'; readonly step: number; readonly tokens: number; readonly bytes: number }
  | { readonly type: 'warning'; readonly error: WorkbenchError };

/** One submit whose metrics are still under way. */
interface Pending {
  readonly from: number;
  readonly count: number;
}

/** What the loop of a run carries along; the numbers live on the GPU. */
export interface Run extends ResolvedJob {
  readonly gpu: Gpu;
  readonly source: ActivationSource;
  readonly space: StepSpace;
  readonly ring: Readback;
  readonly scale: number;
  readonly kernels: CheckpointMeta['kernels'];
  readonly window: number;
  readonly pending: Pending[];
  step: number;
  msPerStep: number | undefined;
  lastArrival: number;
  metrics: SaeStepMetrics | undefined;
  lastGood: Checkpoint | undefined;
  lastSaved: number;
  /** Steps with work on the CPU before them, and the last one for which it was done. */
  readonly hostSteps: readonly number[];
  hosted: number;
  /** Where the source stood after the last trained row, once rows beyond it were read. */
  trainedTo: { readonly block: number; readonly row: number } | undefined;
}

/** First step of the last fifth, where firing counts start afresh. */
export const densityStart = (steps: number): number => Math.floor(steps * 0.8);

/** Fresh or resumed state in the buffers of `space`. */
export async function startRun(
  gpu: Gpu,
  resolved: ResolvedJob,
  source: ActivationSource,
  space: StepSpace,
  ring: Readback,
  signal: AbortSignal,
  options: { readonly resume?: Checkpoint | undefined; readonly branch?: boolean | undefined },
): Promise<{ run: Run; warning: WorkbenchError | undefined }> {
  const { job, shape, cfg, variant } = resolved;
  const { resume, branch = false } = options;
  if (variant.needsGradient?.(cfg) && !source.hasGradient)
    throw new WorkbenchError(
      'format',
      `${variant.title} needs the model's gradient, and this source has none.`,
      {
        hint: 'Train at a hook of a loaded model, or choose a variant without gradients.',
      },
    );
  let warning: WorkbenchError | undefined;
  let scale = 1;
  if (resume) {
    warning = checkResume(resume.meta, resolved, gpu, branch);
    restoreState(gpu, space, resume);
    scale = resume.meta.scale;
  } else {
    const stats = await measureInput(gpu, source, job, signal);
    if (!stats)
      throw new WorkbenchError(
        'format',
        `Training: the corpus has fewer than one batch of ${job.batch} tokens.`,
        {
          hint: 'Choose a longer corpus or a smaller batch.',
        },
      );
    scale = cfg.scaleInput ? stats.scale : 1;
    const b_dec = stats.mean.map((v) => v * scale);
    initState(gpu, space, makeRng(job.seed), b_dec);
  }
  const kernels = resume?.meta.kernels ?? { class: gpu.caps.class, chunkRows: space.chunkRows };
  const run: Run = {
    ...resolved,
    gpu,
    source,
    space,
    ring,
    scale,
    kernels,
    window: deadSteps(cfg, shape.d_sae, variant.sparsity?.(cfg, shape.d_sae) ?? shape.slots, shape.batch),
    pending: [],
    step: resume?.meta.step ?? 0,
    msPerStep: undefined,
    lastArrival: performance.now(),
    metrics: undefined,
    lastGood: resume,
    lastSaved: performance.now(),
    hostSteps: hostStepsOf(resolved),
    hosted: resume?.meta.hosted ?? 0,
    trainedTo: undefined,
  };
  if (!resume) variant.init?.(hostOf(run, signal));
  return { run, warning };
}

/** Records and submits `count` steps; false when the source has no batch left. */
export async function submitSteps(run: Run, count: number, signal: AbortSignal): Promise<boolean> {
  const { batch } = run.shape;
  let input = await run.source.next(count * batch, signal);
  let steps = count;
  if (!input && count > 1) {
    input = await run.source.next(batch, signal);
    steps = 1;
  }
  if (!input) return false;
  const { x, g } = input;
  const rec = run.gpu.record('train');
  for (let i = 0; i < steps; i++) {
    const step = run.step + 1 + i;
    if (step === densityStart(run.steps) + 1) rec.clear(run.space.u32('fired'));
    recordStep(rec, run.space, run.variant, run.cfg, {
      step,
      adam: adamStep(step, { ...run.cfg, lr: lrOf(run, step) }),
      deadLimit: deadLimit(step, run.window),
      nextDeadLimit: deadLimit(step + 1, run.window),
      slot: i,
      input: { x, fromRow: i * batch, scale: run.scale },
      gradient: g && { g, fromRow: i * batch },
      steps: run.steps,
    });
  }
  await rec.submit();
  const slots = view(run.space.f32('ring'), { shape: [steps, RING_WIDTH] });
  await run.ring.push(slots);
  run.pending.push({ from: run.step, count: steps });
  run.step += steps;
  return true;
}

/** The oldest submit's metrics, waiting for them. */
export async function arrive(run: Run): Promise<SaeTrainEvent> {
  const { from, count } = run.pending.shift() as Pending;
  const values = new Float32Array((await run.ring.next()) as ArrayBuffer);
  const now = performance.now();
  run.msPerStep = (now - run.lastArrival) / count;
  run.lastArrival = now;
  const losses = Float32Array.from({ length: count }, (_, i) => values[i * RING_WIDTH] as number);
  const step = from + count;
  run.metrics = metricsOf(run, step, values.subarray((count - 1) * RING_WIDTH));
  const bad = losses.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) run.metrics = { ...run.metrics, loss: Number.NaN };
  return {
    type: 'step',
    step,
    tokens: step * run.shape.batch,
    metrics: run.metrics,
    losses,
    snapshot: async () => {
      const state = await capture(run);
      return {
        weights: foldedWeights(state, run.variant.actRule(run.cfg), run.cfg.applyBDecToInput),
        density: densityOf(state, densityStart(run.steps)),
      };
    },
  };
}

export async function drain(run: Run): Promise<SaeTrainEvent[]> {
  const events: SaeTrainEvent[] = [];
  while (run.pending.length > 0) events.push(await arrive(run));
  return events;
}

/** True once a step's loss was not finite. */
export const isDiverged = (run: Run): boolean =>
  run.metrics !== undefined && !Number.isFinite(run.metrics.loss);

function capture(run: Run): Promise<Checkpoint> {
  return captureState(run.gpu, run.space, {
    version: 1,
    variant: run.variant.id,
    config: { ...run.cfg },
    d_in: run.shape.d_in,
    d_sae: run.shape.d_sae,
    batch: run.shape.batch,
    steps: run.steps,
    seed: run.job.seed,
    step: run.step,
    scale: run.scale,
    position: { ...(run.trainedTo ?? run.source.position) },
    ...(run.hosted > 0 && { hosted: run.hosted }),
    kernels: run.kernels,
  });
}

/**
 * Writes a checkpoint. Undefined when the state holds a number that is not finite: the run has diverged then, and the
 * last good checkpoint stays.
 */
export async function save(run: Run, sink: CheckpointSink): Promise<SaeTrainEvent | undefined> {
  const state = await capture(run);
  run.lastSaved = performance.now();
  if (!isFiniteState(state)) return undefined;
  const bytes = writeCheckpoint(state);
  await sink.write(run.step, bytes);
  run.lastGood = state;
  run.lastArrival = performance.now();
  return { type: 'checkpoint', step: run.step, tokens: run.step * run.shape.batch, bytes: bytes.length };
}

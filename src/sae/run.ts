import type { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Readback } from '#gpu/readback.ts';
import { view } from '#gpu/tensor.ts';
import {
  type Checkpoint,
  type CheckpointMeta,
  type CheckpointSink,
  captureState,
  isFiniteState,
  writeCheckpoint,
} from './checkpoint.ts';
import { deadLimit } from './dead.ts';
import type { ResolvedJob } from './job.ts';
import { metricsOf, type SaeStepMetrics } from './metrics.ts';
import { adamStep } from './ops/adam.ts';
import { RING_WIDTH } from './ops/stats.ts';
import type { ActivationSource } from './sae.ts';
import { densityStart, lrOf } from './schedule.ts';
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
  /** So many dead features began again after this step. */
  | { readonly type: 'resampled'; readonly step: number; readonly tokens: number; readonly features: number }
  | { readonly type: 'warning'; readonly error: WorkbenchError };

/** Steps from + 1 .. from + count. */
interface Stretch {
  readonly from: number;
  readonly count: number;
}

/** Steps whose metrics are read at once (at most one read-back per 16 steps; see `submitSteps`). */
const READ_STEPS = 16;
/** What the loop of a run carries along; the numbers live on the GPU. */
export interface Run extends ResolvedJob {
  readonly gpu: Gpu;
  readonly source: ActivationSource;
  readonly space: StepSpace;
  readonly ring: Readback;
  readonly scale: number;
  readonly kernels: CheckpointMeta['kernels'];
  readonly window: number;
  /** Read-backs under way, oldest first. */
  readonly pending: Stretch[];
  /** Steps in the ring that no read-back has taken yet. */
  unread: number;
  lastRead: number;
  /** Milliseconds after which a slow machine reads, however few the steps: there a read-back costs nothing beside a step. */
  readonly readMs: number;
  /** Most steps of a submit, as the caller wants it. */
  readonly most: number;
  /** Submits that the GPU may still work at. */
  readonly working: { readonly count: number; readonly done: Promise<void> }[];
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

/**
 * Records and submits `count` steps; false when the source has no batch left.
 *
 * Metrics stay in the ring on the GPU until 16 steps are there (or as many as one submit may hold), or a second is over.
 */
export async function submitSteps(run: Run, count: number, signal: AbortSignal): Promise<boolean> {
  const { batch } = run.shape;
  let steps = Math.min(count, run.ringSlots - run.unread);
  let input = await run.source.next(steps * batch, signal);
  if (!input && steps > 1) {
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
      slot: run.unread + i,
      input: { x, fromRow: i * batch, scale: run.scale },
      gradient: g && { g, fromRow: i * batch },
      steps: run.steps,
    });
  }
  await rec.submit();
  run.step += steps;
  run.unread += steps;
  const done = run.gpu.idle();
  done.catch(() => undefined); // whoever waits for it sees the error
  run.working.push({ count: steps, done });
  const first = run.metrics === undefined && run.pending.length === 0;
  const late = performance.now() - run.lastRead > run.readMs;
  if (first || late || run.unread >= Math.min(READ_STEPS, run.most)) await readRing(run);
  return true;
}

async function readRing(run: Run): Promise<void> {
  if (run.unread === 0) return;
  await run.ring.push(view(run.space.f32('ring'), { shape: [run.unread, RING_WIDTH] }));
  run.pending.push({ from: run.step - run.unread, count: run.unread });
  run.unread = 0;
  run.lastRead = performance.now();
}

/** Waits until at most one submit is in the GPU's queue; a click waits for no more than that (decision 7). */
export async function keepUp(run: Run): Promise<void> {
  while (run.working.length > 1) await settle(run);
}

async function settle(run: Run): Promise<void> {
  const { count, done } = run.working.shift() as Run['working'][number];
  await done;
  const now = performance.now();
  run.msPerStep = (now - run.lastArrival) / count;
  run.lastArrival = now;
}

/** True when the oldest read-back covers nothing of the submit that the GPU works at: it is there, or all but. */
export function hasArrived(run: Run): boolean {
  const [next] = run.pending;
  const busy = run.working.reduce((sum, w) => sum + w.count, 0);
  return next !== undefined && next.from + next.count <= run.step - busy;
}

/** The oldest read-back's metrics, waiting for them. */
export async function arrive(run: Run): Promise<SaeTrainEvent> {
  const { from, count } = run.pending.shift() as Stretch;
  const values = new Float32Array((await run.ring.next()) as ArrayBuffer);
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
        weights: foldedWeights(state, run.variant.actRule(run.cfg), run.cfg),
        density: densityOf(state, densityStart(run.steps)),
      };
    },
  };
}

/** Metrics of all steps so far; the GPU stands still afterwards. */
export async function drain(run: Run): Promise<SaeTrainEvent[]> {
  await readRing(run);
  while (run.working.length > 0) await settle(run);
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

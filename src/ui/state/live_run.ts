import type { WireError } from '#base/errors.ts';
import type { Histogram } from '#engine/protocol/features.ts';
import type { Metrics } from '#engine/protocol/metrics.ts';
import type { PinsEvent } from '#engine/protocol/pins.ts';
import type { RunInfo, RunStatus, StepMetrics, TrainEvent, TrainSummary } from '#engine/protocol/training.ts';
import { formatBytes } from '../plots/numbers.ts';
import { appendPoints, emptySeries, type Series } from './series.ts';

export type StepKey = keyof StepMetrics;
export const STEP_KEYS: readonly StepKey[] = [
  'loss',
  'mse',
  'aux',
  'l0',
  'explainedVariance',
  'deadFraction',
  'lr',
  'tokensPerSecond',
];

/** The evaluation metrics that are drawn over tokens. */
export type EvalKey = 'ceRecovered' | 'deltaCe';
const EVAL_KEYS: readonly EvalKey[] = ['ceRecovered', 'deltaCe'];

/** One line of the event list. */
export interface RunNote {
  readonly id: number;
  readonly step: number;
  readonly kind:
    | 'start'
    | 'evaluation'
    | 'checkpoint'
    | 'paused'
    | 'resumed'
    | 'resampled'
    | 'index'
    | 'warning'
    | 'end';
  readonly text: string;
}

/** What every kind of run has: an SAE's, and a transformer's. */
export interface RunState {
  readonly info: {
    readonly id: string;
    readonly job: { readonly tokens: number };
    readonly status: RunStatus;
    readonly step: number;
    readonly steps: number;
    readonly tokens: number;
    readonly checkpointStep: number;
  };
  readonly latest: { readonly tokensPerSecond: number } | undefined;
  readonly notes: readonly RunNote[];
  /** What was asked of the run and has not happened yet; it waits for the end of a step. */
  readonly wish: 'pause' | 'resume' | 'stop' | undefined;
  /** Time spent running in this tab: `ms` up to `since` (ms clock), and still counting when `since` is there. */
  readonly clock: { readonly ms: number; readonly since: number | undefined };
}

/** A run as the page knows it: its record, bounded series, and the newest of everything. */
export interface LiveRun extends RunState {
  readonly info: RunInfo;
  readonly steps: Series<StepKey>;
  readonly evaluations: Series<EvalKey>;
  readonly latest: StepMetrics | undefined;
  readonly latestEval: Metrics | undefined;
  readonly density: Histogram | undefined;
  /** The pinned features as they last were, and when (the millisecond clock of `applyEvents`). */
  readonly pins?: { readonly event: PinsEvent; readonly at: number } | undefined;
  /** Progress of what follows training, 0..1: the abilities are measured, then the index is built. */
  readonly measuring: number | undefined;
  readonly indexing: number | undefined;
  readonly summary: TrainSummary | undefined;
  readonly error: WireError | undefined;
}

/** The event list keeps this many lines; older ones go. */
export const MAX_NOTES = 60;

/** A run from its record, after a reload or a resume: the charts start from the history up to its step. */
export function runFromInfo(info: RunInfo): LiveRun {
  const past = info.history.filter((h) => h.step <= info.step);
  const points = past.map((h) => ({ tokens: h.tokens, values: h.metrics }));
  return {
    info,
    steps: appendPoints(emptySeries(STEP_KEYS), points),
    evaluations: emptySeries(EVAL_KEYS),
    latest: past.at(-1)?.metrics,
    latestEval: undefined,
    density: undefined,
    notes: [],
    measuring: undefined,
    indexing: undefined,
    summary: undefined,
    error: undefined,
    wish: undefined,
    clock: { ms: 0, since: undefined },
  };
}

/** The run after a batch of events; `now` is a millisecond clock. */
export function applyEvents(run: LiveRun, events: readonly TrainEvent[], now: number): LiveRun {
  let next = run;
  for (const e of events) next = applyEvent(next, e, now);
  // Last, because a start event brings counters of its own.
  return appendSteps(next, events);
}

/** The run after its call ended well: finished, or stopped before its last step. */
export function endRun(run: LiveRun, summary: TrainSummary, now: number): LiveRun {
  const status: RunStatus = run.info.step < run.info.steps ? 'stopped' : 'finished';
  const ended = withStatus({ ...run, summary, measuring: undefined, indexing: undefined }, status, now);
  const info = { ...ended.info, sae: summary.sae.id };
  return note({ ...ended, info }, 'end', `run ${status}: SAE ${summary.sae.title}`);
}

/** The run after its call failed. */
export function failRun(run: LiveRun, error: WireError, now: number): LiveRun {
  return note(
    withStatus({ ...run, error, measuring: undefined, indexing: undefined }, 'failed', now),
    'end',
    `failed: ${error.message}`,
  );
}

/** Seconds that the run has been running in this tab. */
export function elapsedSeconds(run: Pick<RunState, 'clock'>, now: number): number {
  return (run.clock.ms + (run.clock.since === undefined ? 0 : now - run.clock.since)) / 1000;
}

/** True after the last step, while the SAE is measured and indexed: nothing is left to pause. */
export const isFinishing = (run: RunState): boolean =>
  run.clock.since !== undefined && run.info.step >= run.info.steps;

/** Seconds left at the current speed; undefined before the first step. */
export function secondsLeft(run: RunState): number | undefined {
  const rate = run.latest?.tokensPerSecond;
  if (!rate || !(rate > 0)) return undefined;
  return Math.max(0, run.info.job.tokens - run.info.tokens) / rate;
}

/** True while the run belongs to a call of this tab. */
export const isActive = (run: RunState): boolean =>
  run.clock.since !== undefined || (run.info.status === 'paused' && run.notes.length > 0);

export function withStatus<R extends RunState>(run: R, status: RunStatus, now: number): R {
  const { ms, since } = run.clock;
  const clock =
    status === 'running'
      ? { ms, since: since ?? now }
      : { ms: ms + (since === undefined ? 0 : now - since), since: undefined };
  return { ...run, info: { ...run.info, status }, wish: undefined, clock };
}

function appendSteps(run: LiveRun, events: readonly TrainEvent[]): LiveRun {
  const steps = events.filter((e) => e.type === 'step');
  const last = steps.at(-1);
  if (!last) return run;
  const points = steps.map((e) => ({ tokens: e.tokens, values: e.metrics }));
  return {
    ...run,
    info: { ...run.info, step: last.step, tokens: last.tokens },
    steps: appendPoints(run.steps, points),
    latest: last.metrics,
  };
}

function applyEvent(run: LiveRun, e: TrainEvent, now: number): LiveRun {
  switch (e.type) {
    case 'step':
      return run;
    case 'start':
      return note(
        withStatus({ ...run, info: e.run }, 'running', now),
        'start',
        `started at step ${e.run.step}`,
      );
    case 'evaluation':
      return applyEvaluation(run, e);
    case 'checkpoint': {
      const info = { ...run.info, checkpointStep: e.step };
      return note({ ...run, info }, 'checkpoint', `checkpoint saved, ${formatBytes(e.bytes)}`, e.step);
    }
    case 'paused':
      return note(withStatus(run, 'paused', now), 'paused', 'paused', e.step);
    case 'resumed':
      return note(withStatus(run, 'running', now), 'resumed', 'resumed', e.step);
    case 'resampled':
      return note(run, 'resampled', `${e.features} dead features began again`, e.step);
    case 'pins':
      return { ...run, info: { ...run.info, pins: e.pinned }, pins: { event: e, at: now } };
    case 'abilities':
      return { ...run, measuring: e.total > 0 ? e.done / e.total : undefined };
    case 'index':
      return { ...run, measuring: undefined, indexing: e.total > 0 ? e.done / e.total : undefined };
    case 'warning':
      return note(run, 'warning', [e.error.message, e.error.hint].filter(Boolean).join(' '));
  }
}

function applyEvaluation(run: LiveRun, e: Extract<TrainEvent, { type: 'evaluation' }>): LiveRun {
  const values = {
    ceRecovered: e.metrics.ceRecovered?.value ?? Number.NaN,
    deltaCe: e.metrics.deltaCe?.value ?? Number.NaN,
  };
  return {
    ...run,
    latestEval: e.metrics,
    density: e.density,
    evaluations: appendPoints(run.evaluations, [{ tokens: e.tokens, values }]),
  };
}

/** The run with one more line in its event list. */
export function note<R extends RunState>(
  run: R,
  kind: RunNote['kind'],
  text: string,
  step: number = run.info.step,
): R {
  const id = (run.notes.at(-1)?.id ?? 0) + 1;
  return { ...run, notes: [...run.notes, { id, step, kind, text }].slice(-MAX_NOTES) };
}

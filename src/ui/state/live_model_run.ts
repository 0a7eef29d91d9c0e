import type { WireError } from '#base/errors.ts';
import type {
  ModelEvaluation,
  ModelRunInfo,
  ModelStepMetrics,
  ModelTrainEvent,
  ModelTrainSummary,
} from '#engine/protocol/model_training.ts';
import { formatBytes } from '../plots/numbers.ts';
import { note, type RunState, withStatus } from './live_run.ts';
import { appendPoints, emptySeries, type Series } from './series.ts';

export type ModelStepKey = keyof ModelStepMetrics;
const STEP_KEYS: readonly ModelStepKey[] = ['loss', 'lr', 'gradNorm', 'tokensPerSecond'];

/** A transformer's run as the page knows it. */
export interface LiveModelRun extends RunState {
  readonly info: ModelRunInfo;
  readonly steps: Series<ModelStepKey>;
  /** Oldest first; the first one is of the untrained model. */
  readonly evaluations: readonly ModelEvaluation[];
  readonly latest: ModelStepMetrics | undefined;
  readonly error: WireError | undefined;
}

/** A run from its record, after a reload or a resume: the charts start from the history up to its step. */
export function modelRunFromInfo(info: ModelRunInfo): LiveModelRun {
  const past = info.history.filter((h) => h.step <= info.step);
  const points = past.map((h) => ({ tokens: h.tokens, values: h.metrics }));
  return {
    info,
    steps: appendPoints(emptySeries(STEP_KEYS), points),
    evaluations: info.evaluations,
    latest: past.at(-1)?.metrics,
    notes: [],
    error: undefined,
    wish: undefined,
    clock: { ms: 0, since: undefined },
  };
}

/** The run after a batch of events; `now` is a millisecond clock. */
export function applyModelEvents(
  run: LiveModelRun,
  events: readonly ModelTrainEvent[],
  now: number,
): LiveModelRun {
  let next = run;
  for (const e of events) next = applyEvent(next, e, now);
  const steps = events.filter((e) => e.type === 'step');
  const last = steps.at(-1);
  if (!last) return next;
  const points = steps.map((e) => ({ tokens: e.tokens, values: e.metrics }));
  return {
    ...next,
    info: { ...next.info, step: last.step, tokens: last.tokens },
    steps: appendPoints(next.steps, points),
    latest: last.metrics,
  };
}

/** The run after its call ended well: finished, or stopped before its last step. */
export function endModelRun(run: LiveModelRun, summary: ModelTrainSummary, now: number): LiveModelRun {
  const ended = withStatus(run, run.info.step < run.info.steps ? 'stopped' : 'finished', now);
  const info = { ...ended.info, model: summary.model.id };
  return note({ ...ended, info }, 'end', `run ${info.status}: model ${summary.model.title}`);
}

/** The run after its call failed. */
export function failModelRun(run: LiveModelRun, error: WireError, now: number): LiveModelRun {
  return note(withStatus({ ...run, error }, 'failed', now), 'end', `failed: ${error.message}`);
}

function applyEvent(run: LiveModelRun, e: ModelTrainEvent, now: number): LiveModelRun {
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
      return { ...run, evaluations: [...run.evaluations, e] };
    case 'checkpoint': {
      const info = { ...run.info, checkpointStep: e.step };
      return note({ ...run, info }, 'checkpoint', `checkpoint saved, ${formatBytes(e.bytes)}`, e.step);
    }
    case 'paused':
      return note(withStatus(run, 'paused', now), 'paused', 'paused', e.step);
    case 'resumed':
      return note(withStatus(run, 'running', now), 'resumed', 'resumed', e.step);
    case 'warning':
      return note(run, 'warning', [e.error.message, e.error.hint].filter(Boolean).join(' '));
  }
}

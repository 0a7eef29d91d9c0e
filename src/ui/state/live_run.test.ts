import { expect, test } from 'vitest';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { RunInfo, StepMetrics, TrainEvent } from '#engine/protocol/training.ts';
import {
  applyEvents,
  elapsedSeconds,
  endRun,
  failRun,
  MAX_NOTES,
  runFromInfo,
  secondsLeft,
} from './live_run.ts';

const metrics: StepMetrics = {
  ...{ loss: 3, mse: 3, aux: 0, l0: 8, explainedVariance: 0.5, deadFraction: 0.1, lr: 1e-3 },
  tokensPerSecond: 1000,
};
const info: RunInfo = {
  id: 'r',
  job: { site: 'blocks.0.attn.hook_z', variant: 'topk', d_sae: 64, tokens: 10_000, batch: 100 },
  ...{ status: 'running', step: 1, steps: 100, tokens: 100, createdAt: '', checkpointStep: 0 },
  history: [{ step: 1, tokens: 100, metrics }],
};
const step = (n: number): TrainEvent => ({ type: 'step', step: n, tokens: n * 100, metrics });
const sae = { id: 's', title: 'T' } as SaeInfo;

test('a stored run starts with the curves of its history', () => {
  const run = runFromInfo(info);
  expect(run.steps.tokens).toEqual([100]);
  expect(run.latest).toEqual(metrics);
});

test('a resumed run forgets the steps after its checkpoint', () => {
  const later = { step: 9, tokens: 900, metrics };
  expect(runFromInfo({ ...info, history: [...info.history, later] }).steps.tokens).toEqual([100]);
});

test('steps move the counters and the time left follows from the speed', () => {
  const run = applyEvents(runFromInfo(info), [{ type: 'start', run: info }, step(2), step(4)], 0);
  expect([run.info.step, run.info.tokens]).toEqual([4, 400]);
  expect(run.steps.tokens).toEqual([100, 200, 400]);
  expect(secondsLeft(run)).toBe(9.6);
});

test('the clock stands still while the run is paused', () => {
  let run = applyEvents(runFromInfo(info), [{ type: 'start', run: info }], 1000);
  run = applyEvents(run, [{ type: 'paused', step: 1 }], 3000);
  run = applyEvents(run, [{ type: 'resumed', step: 1 }], 10_000);
  expect(elapsedSeconds(run, 11_000)).toBe(3);
  expect(run.info.status).toBe('running');
});

test('pins are those of the last event, with the time it came', () => {
  const pins = { type: 'pins', step: 4, tokens: 400, sampleTokens: 127, ms: 9, features: [] } as const;
  const run = applyEvents(runFromInfo({ ...info, pins: [1] }), [{ ...pins, pinned: [3, 5] }], 70);
  expect(run.info.pins).toEqual([3, 5]);
  expect(run.pins).toMatchObject({ at: 70, event: { step: 4 } });
});

test('a run that ends before its last step is stopped, one that reaches it finished', () => {
  const started = applyEvents(runFromInfo(info), [{ type: 'start', run: info }, step(100)], 0);
  expect(endRun(started, { run: 'r', sae, metrics: {} }, 1).info).toMatchObject({
    status: 'finished',
    sae: 's',
  });
  const early = applyEvents(runFromInfo(info), [{ type: 'start', run: info }, step(9)], 0);
  expect(endRun(early, { run: 'r', sae, metrics: {} }, 1).info.status).toBe('stopped');
});

test('a failure stops the clock and keeps its reason', () => {
  const run = failRun(runFromInfo(info), { code: 'out-of-memory', message: 'no room' }, 5);
  expect(run.info.status).toBe('failed');
  expect(run.notes.at(-1)?.text).toBe('failed: no room');
  expect(run.clock.since).toBeUndefined();
});

test('the event list is bounded', () => {
  const events: TrainEvent[] = Array.from(
    { length: 200 },
    (_, i) =>
      ({
        ...{ type: 'checkpoint', step: i, tokens: i, bytes: 1 },
      }) as const,
  );
  const { notes } = applyEvents(runFromInfo(info), events, 0);
  expect(notes.length).toBe(MAX_NOTES);
  expect(notes.at(-1)?.step).toBe(199);
});

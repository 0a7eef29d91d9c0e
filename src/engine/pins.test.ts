// The real worker on the embedded model: slow on a software adapter, so the run is short.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineClient, openEngine } from './client.ts';
import type { PinsEvent } from './protocol/pins.ts';
import type { TrainEvent, TrainJob } from './protocol/training.ts';

const STEPS = 60;
const JOB: TrainJob = {
  site: 'blocks.0.attn.hook_z',
  variant: 'topk',
  config: { k: 4 },
  d_sae: 32,
  tokens: 64 * STEPS,
  batch: 64,
  seed: 3,
  abilityPrompts: 0,
};
let engine: EngineClient;
beforeAll(async () => {
  engine = openEngine({ base: new URL('/', location.href).href });
  expect(await engine.ready).toEqual({ gpu: true });
});
afterAll(() => engine.close());

const pin = (
  run: string,
  change: { add?: readonly (number | 'densest' | 'quietest' | 'random')[]; remove?: number[] },
) => engine.call('pinFeatures', { run, ...change }).result;

/** Losses by step of a whole run, with what `at` does after each event. */
async function train(at: (run: string, event: TrainEvent) => Promise<void>): Promise<Map<number, number>> {
  const losses = new Map<number, number>();
  const call = engine.call('train', JOB);
  let run = '';
  for await (const event of call) {
    if (event.type === 'start') run = event.run.id;
    await at(run, event);
    if (event.type !== 'step') continue;
    losses.set(event.step, event.metrics.mse);
    if (event.step === STEPS) break;
  }
  call.cancel();
  await call.result.catch(() => undefined);
  return losses;
}

function checkPins(event: PinsEvent, step: number): void {
  expect(event.step).toBe(step);
  expect(event.sampleTokens % 127).toBe(0);
  for (const f of event.features) {
    expect(f.histogram.counts.reduce((a, b) => a + b, 0)).toBe(Math.round(f.density * event.sampleTokens));
    expect(f.examples.length > 0).toBe(f.density > 0);
    expect(f.topLogits.length).toBe(5);
    for (const e of f.examples) {
      expect(e.pieces.length).toBe(e.acts.length);
      expect(e.acts[e.at]).toBeLessThanOrEqual(f.maxAct);
    }
    expect(f.examples[0]?.acts[f.examples[0].at] ?? 0).toBe(f.maxAct);
  }
}

test('pinned features refresh while training goes on, and change no bit of its losses', {
  timeout: 240_000,
}, async () => {
  const alone = await train(async () => undefined);
  const seen: PinsEvent[] = [];
  let started = false;
  let pausedAt = -1;
  let id = '';
  const pinned = await train(async (run, event) => {
    if (event.type === 'start') {
      id = run;
      // The trainer is not there yet: the call waits for it.
      expect(await pin(run, { add: [31] })).toEqual([31]);
      await expect(pin(run, { add: ['densest'] })).rejects.toThrow('has not made its first step');
    }
    if (event.type === 'step' && !started) {
      started = true;
      expect(await pin(run, { add: [0] })).toEqual([31, 0]);
      await engine.call('controlRun', { run, action: 'pause' }).result;
    }
    if (event.type === 'paused') {
      pausedAt = event.step;
      const five = await pin(run, { add: ['densest', 'quietest', 'random'] });
      expect(new Set(five).size).toBe(5);
      await expect(pin(run, { add: [1, 2, 3, 4, 5, 6, 7, 8] })).rejects.toThrow(
        /cannot be pinned at once, only 8/,
      );
      await expect(pin(run, { add: [32] })).rejects.toThrow('There is no feature 32: this SAE has 0 to 31.');
      expect((await engine.call('runs', {}).result).find((r) => r.id === run)?.pins).toEqual(five);
    }
    if (event.type !== 'pins') return;
    seen.push(event);
    if (pausedAt < 0 || event.features.length < 5) return;
    checkPins(event, pausedAt);
    const densities = event.features.map((f) => f.trainDensity);
    expect(densities[2]).toBeGreaterThanOrEqual(densities[4] as number);
    pausedAt = -1;
    const left = event.features.slice(1, 4).map((f) => f.feature);
    const gone = [31, event.features[4]?.feature as number];
    expect(await pin(run, { remove: gone })).toEqual(left);
    await engine.call('controlRun', { run, action: 'resume' }).result;
  });
  expect(seen[0]?.features[0]?.feature).toBe(31);
  const last = seen.at(-1) as PinsEvent;
  expect(last.features.length).toBe(3);
  const common = [...pinned].filter(([step]) => alone.has(step));
  expect(common.map(([step]) => step)).toContain(STEPS);
  for (const [step, loss] of common) expect(loss, `step ${step}`).toBe(alone.get(step));
  await expect(pin(id, { add: [0] })).rejects.toMatchObject({
    message: 'This run is not being trained here, so no feature can be pinned.',
  });
  await expect(pin('nothing', { add: [0] })).rejects.toThrow('not being trained here');
});

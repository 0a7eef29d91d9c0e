// The real worker on the embedded model: slow on a software adapter, so one run is stopped and one branch ends.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineClient, openEngine } from './client.ts';
import type { RunInfo, TrainEvent } from './protocol/training.ts';

let engine: EngineClient;
beforeAll(async () => {
  engine = openEngine({ base: new URL('/', location.href).href });
  expect(await engine.ready).toEqual({ gpu: true });
});
afterAll(() => engine.close());

test('a branch goes on from a checkpoint with other fields, and says which', {
  timeout: 240_000,
}, async () => {
  const first = engine.call('train', {
    site: 'blocks.0.attn.hook_z',
    variant: 'topk',
    config: { k: 4 },
    d_sae: 32,
    tokens: 64 * 4000,
    batch: 64,
    seed: 3,
    abilityPrompts: 0,
  });
  let run: RunInfo | undefined;
  for await (const event of first) {
    if (event.type === 'start') run = event.run;
    if (event.type === 'step')
      await engine.call('controlRun', { run: run?.id ?? '', action: 'pause' }).result;
    if (event.type === 'paused') break;
  }
  const from = run?.id ?? '';
  const [paused] = await engine.call('runs', {}).result;
  const step = paused?.checkpointStep ?? Number.NaN;
  expect(paused).toMatchObject({ id: from, status: 'paused' });
  const short = engine.call('branchRun', { run: from, tokens: 64 * step }).result;
  await expect(short).rejects.toMatchObject({ hint: 'Branch with more tokens.' });
  await expect(engine.call('branchRun', { run: from, config: { kk: 1 } }).result).rejects.toThrow('kk');
  const branch = engine.call('branchRun', {
    run: from,
    config: { k: 6, lr: 1e-3 },
    tokens: 64 * (step + 20),
  });
  const events: TrainEvent[] = [];
  for await (const event of branch) {
    events.push(event);
    if (event.type === 'checkpoint' && event.step === step + 20) break;
  }
  const start = events[0];
  if (start?.type !== 'start') throw new Error('a branch begins with its record');
  expect(start.run.branch).toEqual({ from, step, changed: { k: 6, lr: 1e-3 } });
  expect(start.run).toMatchObject({ step, checkpointStep: step, steps: step + 20 });
  expect(start.run.history.at(-1)?.step).toBeLessThanOrEqual(step);
  expect(start.run.history.length).toBeGreaterThan(0);
  const steps = events.flatMap((e) => (e.type === 'step' ? [e] : []));
  expect(steps[0]?.step).toBeGreaterThan(step);
  expect(steps.at(-1)?.step).toBe(step + 20);
  expect(steps.at(-1)?.metrics.l0).toBe(6);
  branch.cancel();
  first.cancel();
});

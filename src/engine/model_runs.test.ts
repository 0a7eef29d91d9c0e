// The real worker: a toy transformer on Storyland, small enough for a software adapter.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineClient, openEngine } from './client.ts';
import type { ModelJob, ModelTrainEvent } from './protocol/model_training.ts';

const STEPS = 40;
const JOB: ModelJob = {
  ...{ n_layers: 1, d_model: 32, n_heads: 2, n_ctx: 32, batch: 64, tokens: 64 * STEPS, lr: 1e-2 },
  ...{ seed: 5, title: 'toy' },
};
let engine: EngineClient;
const ask: EngineClient['call'] = (name, input) => engine.call(name, input);

beforeAll(async () => {
  engine = openEngine({ base: new URL('/', location.href).href });
  expect(await engine.ready).toEqual({ gpu: true });
});
afterAll(() => engine.close());

const lossesOf = (events: readonly ModelTrainEvent[]): Map<number, number> =>
  new Map(events.flatMap((e) => (e.type === 'step' ? [[e.step, e.metrics.loss]] : [])));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('a job that cannot be is refused with one sentence', async () => {
  const plan = await ask('planModel', { ...JOB, d_model: 100, n_heads: 3 }).result;
  expect(plan.fits).toBe(false);
  expect(plan.refusal).toBe(
    'd_model 100 is not a multiple of n_heads 3, and heads share it evenly: take 99 or 102.',
  );
  expect((await ask('planModel', { ...JOB, batch: 48 }).result).refusal).toContain('take 64.');
  await expect(ask('trainModel', { ...JOB, d_model: 100, n_heads: 3 }).result).rejects.toThrow(
    'd_model 100 is not a multiple of n_heads 3',
  );
  await expect(ask('planModel', { ...JOB, n_layers: 0 }).result).rejects.toThrow(
    "The job's n_layers is 0, expected a whole number from 1 to 12.",
  );
  await expect(ask('planModel', { ...JOB, lr: Number.NaN }).result).rejects.toThrow('lr is NaN');
});

test('a toy lowers its loss, goes on exactly after a cancelled call, and becomes a model that answers', async () => {
  const plan = await ask('planModel', JOB).result;
  expect(plan).toMatchObject({ fits: true, steps: STEPS });
  expect(plan.secondsPredicted).toBeGreaterThan(0);

  const whole: ModelTrainEvent[] = [];
  const first = ask('trainModel', JOB);
  for await (const event of first) whole.push(event);
  const summary = await first.result;
  const losses = lossesOf(whole);
  expect([...losses.keys()]).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  const list = [...losses.values()];
  expect(mean(list.slice(-5))).toBeLessThan(mean(list.slice(0, 5)) - 0.5);
  const evaluations = whole.filter((e) => e.type === 'evaluation');
  expect(evaluations[0]?.step).toBe(0);
  expect(summary.evaluation.heldOutLoss).toBeLessThan((evaluations[0]?.heldOutLoss as number) - 0.5);
  expect(summary.evaluation.abilities.map((a) => a.key)).toContain('induction');
  expect(summary.evaluation.sample.length).toBeGreaterThan(0);

  const part: ModelTrainEvent[] = [];
  const second = ask('trainModel', JOB);
  let run = '';
  for await (const event of second) {
    part.push(event);
    if (event.type === 'start') run = event.run.id;
    if (event.type === 'step' && event.step === 10) {
      second.cancel();
      break;
    }
  }
  await expect(second.result).rejects.toThrow('The run was cancelled; its last checkpoint is kept.');
  const record = (await ask('modelRuns', {}).result).find((r) => r.id === run);
  expect(record?.status).toBe('interrupted');
  expect(record?.checkpointStep).toBeGreaterThanOrEqual(10);
  const rest: ModelTrainEvent[] = [];
  const third = ask('resumeModel', { run });
  for await (const event of third) rest.push(event);
  const resumed = await third.result;
  const again = lossesOf(rest);
  expect([...again.keys()][0]).toBe((record?.checkpointStep as number) + 1);
  for (const [step, loss] of again) expect(loss).toBe(losses.get(step));
  expect(resumed.model.id).toBe(summary.model.id);

  const { id } = summary.model;
  expect(summary.model).toMatchObject({ title: 'toy', language: 'storyland', loaded: false });
  const models = await ask('models', {}).result;
  expect(models.map((m) => m.id)).toContain(id);
  const loaded = await ask('loadModel', { source: id }).result;
  expect(loaded).toMatchObject({ id, title: 'toy', language: 'storyland', hasTokenizer: true });
  const report = await ask('inspectPrompt', { input: 'The dog went to the' }).result;
  expect(report.next[0]?.length).toBe(10);
  await ask('deleteStored', { id: run }).result;
  await ask('deleteStored', { id }).result;
  await ask('loadModel', { source: 'embedded' }).result;
}, 180_000);

import { expect, test } from 'vitest';
import { collect, memorySink, rowSource, rowsOf } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { readCheckpoint } from './checkpoint.ts';
import { planSae, type SaeJob, trainSae } from './train.ts';

const gpu = await testGpu();
const never = new AbortController().signal;

const job = (o: Partial<SaeJob> & { steps: number }): SaeJob => ({
  variant: 'topk',
  d_sae: 64,
  batch: 64,
  seed: 1,
  tokens: 64 * o.steps,
  ...o,
  config: { k: 4, lr: 5e-3, deadTokens: 256, ...o.config },
});

test('a run learns, and its SAE is in model units', async () => {
  using x = rowSource(gpu, 12, 64 * 100);
  const { result, losses, events } = await collect(
    trainSae(gpu, job({ steps: 80 }), x, memorySink(), never, { checkpointSeconds: 0 }),
  );
  expect(result.end).toBe('finished');
  expect(losses).toHaveLength(80);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);
  expect(result.metrics?.explainedVariance).toBeGreaterThan(0.8);
  expect(events.at(-1)).toMatchObject({ type: 'checkpoint', step: 80 });
  expect(Array.from(result.density).reduce((s, v) => s + v, 0)).toBeCloseTo(4, 1);
  // The folded SAE reconstructs raw rows about as well as the metrics say.
  const { W_enc, b_enc, W_dec, b_dec, d_in, d_sae } = result.weights;
  const rows = rowsOf(d_in, 0, 64);
  let mse = 0;
  for (let r = 0; r < 64; r++) {
    const pre = Array.from({ length: d_sae }, (_, f) => {
      let sum = b_enc[f]!;
      for (let i = 0; i < d_in; i++) sum += (rows[r * d_in + i]! - b_dec[i]!) * W_enc[f * d_in + i]!;
      return sum;
    });
    const kept = pre
      .map((v, f) => ({ v, f }))
      .sort((a, b) => b.v - a.v)
      .slice(0, 4);
    for (let i = 0; i < d_in; i++) {
      let sum = b_dec[i]!;
      for (const { v, f } of kept) sum += Math.max(v, 0) * W_dec[f * d_in + i]!;
      mse += (sum - rows[r * d_in + i]!) ** 2 / 64;
    }
  }
  expect(mse).toBeGreaterThan(0.6 * result.metrics!.mse);
  expect(mse).toBeLessThan(1.6 * result.metrics!.mse);
});

test('a resumed run gives the same next fifty losses bit for bit', async () => {
  const full = memorySink();
  const steps = 92;
  using whole = rowSource(gpu, 10, 64 * 110);
  let ask = false;
  const run = trainSae(gpu, job({ steps }), whole, full, never, {
    checkpointSeconds: 0,
    maxStepsPerSubmit: 7,
    checkpointRequested: () => ask && full.saved.size === 0,
  });
  const losses: number[] = [];
  for await (const event of run) {
    if (event.type === 'step') losses.push(...event.losses);
    if (losses.length >= 20) ask = true;
  }
  const [step, bytes] = [...full.saved][0]!;
  expect(step).toBeGreaterThanOrEqual(20);
  // Steps a submit follow the machine's speed: up to 7 in each of the submits around the request.
  expect(step).toBeLessThanOrEqual(41);
  const resume = await readCheckpoint(bytes);
  using rest = rowSource(gpu, 10, 64 * 110, resume.meta.position.row);
  const again = await collect(
    trainSae(gpu, job({ steps }), rest, memorySink(), never, {
      resume,
      checkpointSeconds: 0,
      maxStepsPerSubmit: 3,
    }),
  );
  expect(again.losses).toEqual(losses.slice(step));
  expect(again.losses.length).toBeGreaterThanOrEqual(50);
});

test('a checkpoint of another job is refused', async () => {
  const sink = memorySink();
  using x = rowSource(gpu, 8, 64 * 20);
  await collect(trainSae(gpu, job({ steps: 5 }), x, sink, never));
  const resume = await readCheckpoint(sink.saved.get(5)!);
  const other = trainSae(gpu, job({ steps: 5, config: { k: 5 } }), x, sink, never, { resume });
  await expect(other.next()).rejects.toThrow('belongs to another job');
});

test('stopping frees everything, cancelling says so, a short source ends the run', async () => {
  using x = rowSource(gpu, 8, 64 * 30);
  const stopped = trainSae(gpu, job({ steps: 20 }), x, memorySink(), never);
  await stopped.next();
  await stopped.return(undefined as never);
  const controller = new AbortController();
  controller.abort();
  await expect(
    trainSae(gpu, job({ steps: 20 }), x, memorySink(), controller.signal).next(),
  ).rejects.toMatchObject({
    code: 'cancelled',
  });
  using short = rowSource(gpu, 8, 64 * 9);
  const { result } = await collect(trainSae(gpu, job({ steps: 20 }), short, memorySink(), never));
  expect(result.end).toBe('exhausted');
  expect(result.step).toBe(7); // two batches measured the input
});

test('a loss that is not finite ends the run with the last good checkpoint', async () => {
  const sink = memorySink();
  using x = rowSource(gpu, 8, 64 * 60, 0, 64 * 12);
  const options = {
    checkpointSeconds: 0,
    maxStepsPerSubmit: 1,
    checkpointRequested: () => sink.saved.size === 0,
  };
  const { result, events } = await collect(trainSae(gpu, job({ steps: 30 }), x, sink, never, options));
  expect(result).toMatchObject({ end: 'diverged', step: [...sink.saved.keys()][0] });
  expect(result.weights.W_dec.every((v) => Number.isFinite(v))).toBe(true);
  expect(events.at(-1)).toMatchObject({ type: 'warning' });
});

test('a plan says bytes and steps, and what would fit', () => {
  const plan = planSae(gpu, job({ steps: 10 }), 12);
  expect(plan).toMatchObject({ fits: true, steps: 10 });
  // 2 weights with 2 moments each, padded d_in 12: 64·12·4·6 bytes and little else.
  expect(plan.checkpointBytes).toBeGreaterThan(64 * 12 * 24);
  const caps = { maxBindingBytes: 2 ** 27, maxBufferBytes: 2 ** 28, plannedBytes: 2 ** 28 };
  const large = planSae({ caps }, job({ steps: 1, d_sae: 32768, tokens: 4096, batch: 4096 }), 768);
  expect(large.fits).toBe(false);
  const found = /d_sae (\d+) at batch 4096/.exec(large.refusal ?? '');
  const d_sae = Number(found?.[1]);
  expect(planSae({ caps }, job({ steps: 1, d_sae, tokens: 4096, batch: 4096 }), 768).fits).toBe(true);
  expect(planSae({ caps }, job({ steps: 1, d_sae: d_sae + 64, tokens: 4096, batch: 4096 }), 768).fits).toBe(
    false,
  );
});

test('bad configs are refused by name', () => {
  expect(() => planSae(gpu, job({ steps: 1, config: { k: 65 } }), 8)).toThrow('k = 65 exceeds d_sae = 64');
  expect(() => planSae(gpu, job({ steps: 1, config: { kk: 3 } }), 8)).toThrow('no config field kk');
  expect(() => planSae(gpu, job({ steps: 1, config: { beta1: 2 } }), 8)).toThrow('beta1 = 2 is above');
  expect(() => planSae(gpu, job({ steps: 1, tokens: 3 }), 8)).toThrow('make no step');
  expect(() => planSae(gpu, job({ steps: 1, variant: 'nope' }), 8)).toThrow('no SAE variant nope');
});

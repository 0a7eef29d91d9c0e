import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { collect, memorySink, rowSource, rowsOf } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { type Checkpoint, captureState, readCheckpoint } from './checkpoint.ts';
import { type ConfigValue, resolveConfig, type SaeConfig } from './config.ts';
import { runHostStep } from './host_steps.ts';
import { resolveJob } from './job.ts';
import { RING_WIDTH } from './ops/stats.ts';
import { deadFeatures, RESAMPLED_AT, WeightedDraw } from './resample.ts';
import type { Run } from './run.ts';
import type { ActivationSource } from './sae.ts';
import { lrAt, resamplings } from './schedule.ts';
import { makeSpace, padded } from './space.ts';
import { startRun } from './start.ts';
import { type SaeJob, trainSae } from './train.ts';
import { variantOf } from './variants/index.ts';

const gpu = await testGpu();
const never = new AbortController().signal;

const KISSANE = variantOf('l1').presets.find((p) => p.title.startsWith('Kissane'))!.config;
const kissane = resolveConfig<SaeConfig>('l1', variantOf('l1').fields, KISSANE);

test('the Kissane preset resamples and re-warms as its authors did, scaled by the steps', () => {
  const steps = 488_281;
  expect(resamplings(kissane, steps)).toEqual(
    [25_000, 50_000, 75_000, 100_000].map((at) => ({ from: at - 12_500, at })),
  );
  const lr = (step: number): number => lrAt(step, steps, kissane, 24_576);
  for (const begin of [0, 25_000, 100_000]) {
    expect(lr(begin + 1)).toBeCloseTo(1.2e-4, 12);
    expect(lr(begin + 501)).toBeCloseTo(1.2e-3 * 0.55, 12);
    expect(lr(begin + 1001)).toBeCloseTo(1.2e-3, 12);
  }
  expect(lr(steps)).toBeCloseTo(1.2e-3, 12);
  // A tenth of the steps: a tenth of every length, but a rise of at least 100 steps.
  expect(resamplings(kissane, 48_828)[3]).toEqual({ from: 8750, at: 10_000 });
  expect(lrAt(2501 + 50, 48_828, kissane, 24_576)).toBeCloseTo(1.2e-3 * 0.55, 12);
  expect(lrAt(63 + 50, 1200, kissane, 24_576)).toBeLessThan(1.2e-3);
});

test('a feature is dead with at most 51 firings in a window, and with none in a short one', () => {
  const before = [10, 0, 7, 0];
  const fired = [61, 52, 7, 1];
  expect(deadFeatures(fired, before, 51_200_000)).toEqual([0, 2, 3]);
  expect(deadFeatures(fired, before, 999_999)).toEqual([2]);
});

test('rows are drawn without replacement with chances in proportion to their weights', () => {
  const weights = [1, 2, 0, 3, 4];
  const rng = makeRng('draw');
  const [n, counts, second] = [20_000, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]];
  for (let i = 0; i < n; i++) {
    const draw = new WeightedDraw(rng, 2);
    weights.forEach((w, t) => {
      draw.offer(w, () => Float32Array.of(t));
    });
    const [a, b] = draw.rows.map((row) => row[0]!) as [number, number];
    expect(a).not.toBe(b);
    counts[a]!++;
    if (a === 4) second[b]!++;
  }
  // Five standard deviations of a binomial count.
  const close = (got: number, of: number, p: number): void =>
    expect(Math.abs(got - of * p)).toBeLessThanOrEqual(5 * Math.sqrt(of * p * (1 - p)));
  counts.forEach((c, t) => {
    close(c, n, weights[t]! / 10);
  });
  second.forEach((c, t) => {
    close(c, counts[4]!, t === 4 ? 0 : weights[t]! / 6);
  });
  const few = new WeightedDraw(rng, 5);
  weights.forEach((w, t) => {
    few.offer(w, () => Float32Array.of(t));
  });
  expect(few.rows.map((row) => row[0]).sort()).toEqual([0, 1, 3, 4]);
});

const [D_IN, D_SAE, BATCH, STEPS] = [13, 40, 33, 160];

/** A run that stands before its first resampling, with state that is nowhere trivial. `dead` did not fire in the window. */
async function standing<T>(
  variant: string,
  config: Readonly<Record<string, ConfigValue>>,
  source: ActivationSource,
  dead: readonly number[],
  look: (run: Run) => Promise<T>,
): Promise<T> {
  const job: SaeJob = { variant, config, d_sae: D_SAE, tokens: BATCH * STEPS, batch: BATCH, seed: 3 };
  const resolved = resolveJob(gpu.caps, job, D_IN);
  using scope = gpu.scope('resample');
  const space = makeSpace(scope, resolved.shape, resolved);
  using ring = gpu.readback(1, RING_WIDTH * 4);
  const { run } = await startRun(gpu, resolved, source, space, ring, never, {});
  const rng = makeRng('state');
  for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec', 'theta', 'b_gate', 'b_mag', 'r_mag'])
    for (const of of ['', '.m', '.v'].map((end) => name + end)) {
      const own = resolved.shape.own?.state ?? {};
      if (!/^[Wb]_(enc|dec)/.test(name) && !(of in own)) continue;
      const old = await gpu.readF32(space.f32(of));
      const scale = of.endsWith('c') ? 0.1 : 0.01;
      const fresh = old.map((v) => v + scale * rng.normal());
      // Columns beyond d_in stay 0.
      const wide = space.f32(of).shape.at(-1) === padded(D_IN);
      gpu.write(space.f32(of), wide ? fresh.map((v, i) => (i % padded(D_IN) < D_IN ? v : 0)) : fresh);
    }
  const before = Uint32Array.from({ length: D_SAE }, () => rng.int(9));
  gpu.write(space.u32('fired_before'), before);
  gpu.write(
    space.u32('fired'),
    before.map((v, f) => (dead.includes(f) ? v : v + 1)),
  );
  run.step = resamplings(run.cfg, STEPS)[0]!.at;
  return look(run);
}

const state = (run: Run): Promise<Checkpoint> =>
  captureState(gpu, run.space, { scale: run.scale } as Checkpoint['meta']);
const tensor = (c: Checkpoint, name: string): Float32Array => c.tensors.get(name) as Float32Array;

/** Squared errors of a relu SAE in f64, rows of x in training units. */
function squaredErrors(c: Checkpoint, rows: readonly Float32Array[]): number[] {
  const [W_enc, W_dec, b_enc, b_dec] = ['W_enc', 'W_dec', 'b_enc', 'b_dec'].map((n) => tensor(c, n));
  const d_pad = padded(D_IN);
  return rows.map((x) => {
    const recon = Float64Array.from(b_dec!);
    for (let f = 0; f < D_SAE; f++) {
      let act = b_enc![f]!;
      for (let i = 0; i < D_IN; i++) act += (x[i]! - b_dec![i]!) * W_enc![f * d_pad + i]!;
      for (let i = 0; i < D_IN && act > 0; i++) recon[i]! += act * W_dec![f * d_pad + i]!;
    }
    return x.reduce((sum, v, i) => sum + (v - recon[i]!) ** 2, 0);
  });
}

const norm = (v: ArrayLike<number>): number => Math.sqrt(Array.from(v).reduce((s, x) => s + x * x, 0));
const DEAD = [0, 7, 8, 30, 39];

test('dead features begin again from badly reconstructed inputs; nothing else changes', async () => {
  using source = rowSource(gpu, D_IN, BATCH * 400);
  await standing('l1', KISSANE, source, DEAD, async (run) => {
    const before = await state(run);
    const at = source.position.row;
    const event = await runHostStep(run, never);
    expect(event).toEqual({ type: 'resampled', step: 8, tokens: 8 * BATCH, features: DEAD.length });
    const after = await state(run);
    const pool = source.position.row - at;
    expect(pool).toBe(8 * BATCH); // a twentieth of the steps
    const d_pad = padded(D_IN);
    const data = rowsOf(D_IN, at, pool).map((v) => v * run.scale);
    const rows = Array.from({ length: pool }, (_, t) => data.subarray(t * D_IN, (t + 1) * D_IN));
    const draw = new WeightedDraw(makeRng(3).fork(`host/9`).fork('resample'), DEAD.length);
    squaredErrors(before, rows).forEach((e, t) => {
      draw.offer(e * e, () => Float32Array.of(t));
    });
    const alive = Array.from({ length: D_SAE }, (_, f) => f).filter((f) => !DEAD.includes(f));
    const row = (c: Checkpoint, name: string, f: number) =>
      Array.from(tensor(c, name).subarray(f * d_pad, (f + 1) * d_pad));
    const mean = alive.reduce((sum, f) => sum + norm(row(before, 'W_enc', f)), 0) / alive.length;
    DEAD.forEach((f, i) => {
      const x = rows[draw.rows[i]![0]!]!;
      const centred = Array.from(x, (v, c) => v - tensor(before, 'b_dec')[c]!);
      const [dec, enc] = [row(after, 'W_dec', f), row(after, 'W_enc', f)];
      centred.forEach((v, c) => {
        expect(Math.abs(dec[c]! - v / norm(centred)), `W_dec ${f}`).toBeLessThan(1e-6);
        expect(Math.abs(enc[c]! - dec[c]! * 0.2 * mean), `W_enc ${f}`).toBeLessThan(1e-6);
      });
      expect(Math.abs(norm(dec) - 1)).toBeLessThan(1e-6);
      expect(Math.abs(norm(enc) - 0.2 * mean)).toBeLessThan(1e-6);
    });
    expectUntouched(before, after);
  });
});

/** Values of resampled features are 0 where they must be; all other values are the same bits. */
function expectUntouched(before: Checkpoint, after: Checkpoint): void {
  for (const [name, old] of before.tensors) {
    const now = after.tensors.get(name)!;
    const width = old.length / D_SAE;
    const perFeature = /^(W_enc|W_dec|b_enc)/.test(name);
    old.forEach((v, i) => {
      const f = Math.floor(i / width);
      if (name === 'scalars' && i === RESAMPLED_AT) expect(now[i]).toBe(v + DEAD.length);
      else if (!perFeature || !DEAD.includes(f)) expect(now[i], `${name}[${i}]`).toBe(v);
      else if (name === 'b_enc' || /\.[mv]$/.test(name)) expect(now[i], `${name}[${i}]`).toBe(0);
    });
  }
}

test('own numbers of a resampled feature begin again too', async () => {
  using source = rowSource(gpu, D_IN, BATCH * 400);
  for (const [variant, first] of [
    ['jumprelu', { theta: 0.01 }],
    ['gated', { b_gate: 0, b_mag: 0, r_mag: 0 }],
  ] as const)
    await standing(variant, { dead: 'resample' }, source, DEAD, async (run) => {
      const before = await state(run);
      await runHostStep(run, never);
      const after = await state(run);
      for (const [name, value] of Object.entries(first))
        for (const [of, want] of [
          [name, value],
          [`${name}.m`, 0],
          [`${name}.v`, 0],
        ] as const)
          tensor(after, of).forEach((v, f) => {
            expect(v, `${of} of feature ${f}`).toBe(
              DEAD.includes(f) ? Math.fround(want) : tensor(before, of)[f],
            );
          });
    });
});

test('inputs that are reconstructed already give no new features', async () => {
  using scope = gpu.scope('constant');
  const x = scope.upload('x', [BATCH, D_IN], 'f32', new Float32Array(BATCH * D_IN).fill(0.5));
  const position = { block: 0, row: 0 };
  const source: ActivationSource = { d_in: D_IN, hasGradient: false, position, next: async () => ({ x }) };
  await standing('l1', KISSANE, source, DEAD, async (run) => {
    const { space } = run;
    gpu.write(space.b_dec.w, new Float32Array(padded(D_IN)).fill(0.5 * run.scale, 0, D_IN));
    gpu.write(space.b_enc.w, new Float32Array(D_SAE).fill(-1));
    const before = await state(run);
    expect(await runHostStep(run, never)).toMatchObject({ features: 0 });
    expect((await state(run)).tensors).toEqual(before.tensors);
  });
});

/** The checkpoint of a run before its first step, with ten features that never fire. */
async function beginning(job: SaeJob): Promise<Checkpoint> {
  const sink = memorySink();
  using source = rowSource(gpu, D_IN, 32 * 600);
  const options = { checkpointSeconds: 0, checkpointRequested: () => sink.saved.size === 0 };
  for await (const _ of trainSae(gpu, job, source, sink, never, options)) break;
  const first = await readCheckpoint(sink.saved.get(0)!);
  for (const name of ['b_enc', 'b_gate']) first.tensors.get(name)?.fill(-1000, 20, 30);
  return first;
}

for (const [variant, config] of [
  ['l1', KISSANE],
  ['topk', { k: 3, dead: 'resample' }],
  ['feature_choice', { k: 3, dead: 'resample', mutual: 0.1 }],
  ['gradient_topk', { k: 3, dead: 'resample' }],
  ['gated', { dead: 'resample' }],
] as const)
  test(`${variant}: a run that resamples resumes bit for bit from before and after`, async () => {
    const steps = 80;
    const job: SaeJob = { variant, config, d_sae: 96, tokens: 32 * steps, batch: 32, seed: 1 };
    const sink = memorySink();
    // Resampled after steps 4, 8, 12 and 16, by the firings of two steps.
    const wanted = [3, 4, 7, 10, 16];
    let step = 0;
    const first = await beginning(job);
    using source = rowSource(gpu, D_IN, 32 * 600, first.meta.position.row);
    const run = trainSae(gpu, job, source, sink, never, {
      ...{ checkpointSeconds: 0, maxStepsPerSubmit: 1, resume: first },
      eventSteps: Array.from({ length: steps }, (_, i) => i),
      checkpointRequested: () => wanted.includes(step) && !sink.saved.has(step),
    });
    const losses: number[] = [];
    const reborn: number[] = [];
    let last: Readonly<Record<string, number>> = {};
    for await (const event of run) {
      if (event.type === 'resampled') reborn.push(event.features);
      if (event.type !== 'step') continue;
      losses.push(...event.losses);
      last = event.metrics.figures;
      step = event.step;
    }
    expect(reborn).toHaveLength(4);
    expect(reborn[0]).toBeGreaterThanOrEqual(10);
    expect(last['resampled']).toBe(reborn.reduce((a, b) => a + b, 0));
    for (const at of wanted) {
      const resume = await readCheckpoint(sink.saved.get(at)!);
      using again = rowSource(gpu, D_IN, 32 * 600, resume.meta.position.row);
      const options = { checkpointSeconds: 0, maxStepsPerSubmit: 4, resume };
      const rest = await collect(trainSae(gpu, job, again, memorySink(), never, options));
      expect(rest.losses, `after step ${at}`).toEqual(losses.slice(at));
    }
  });

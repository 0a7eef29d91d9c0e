import { expect, test } from 'vitest';
import { TINY, tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { perfectSae, tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { crossEntropy, klDivergence } from '#e2e/reference/transformer.ts';
import { size, view } from '#gpu/tensor.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import { type EvaluateOptions, type Evaluation, evaluateSae } from './evaluate.ts';
import { ablationEdit, spliceEdit } from './splice.ts';
import { windowsOf } from './windows.ts';

const gpu = await testGpu();
const site: HookName = 'blocks.1.attn.hook_z';
const [COUNT, SEQ, D_IN] = [5, 8, 24];
const N = COUNT * SEQ;
const ids = tinyWindows(COUNT, SEQ);
const windows = windowsOf(ids, SEQ);

async function evaluate(model: LanguageModel, sae: Sae, options: EvaluateOptions = {}): Promise<Evaluation> {
  const run = evaluateSae(gpu, model, sae, windows, { batch: 2, ...options });
  for (;;) {
    const step = await run.next();
    if (step.done) return step.value;
    expect(step.value.total).toBe(2 * N);
  }
}

/** z [N, d_in] and logits [N, d_vocab] of one run of all windows. */
async function runAll(model: LanguageModel, edit?: HookEdit) {
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: COUNT, seq: SEQ, keep: [site] });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [COUNT, SEQ], 'u32', ids);
  const run = model.forward(rec, ws, tokens, edit ? { edit: new Map([[site, edit]]) } : {});
  const logits = model.logits(rec, run, { from: 0, count: N });
  await rec.submit();
  const z = run.get(site);
  return {
    z: await gpu.readF32(view(z, { shape: [size(z.shape)] })),
    logits: await gpu.readF32(logits),
  };
}

/** Mean over rows that count; predictions leave out the last position of a window. */
function meanOver(values: ArrayLike<number>, excluded: readonly number[], predictions: boolean): number {
  let [sum, n] = [0, 0];
  for (let r = 0; r < N; r++) {
    const p = r % SEQ;
    if (excluded.includes(p) || (predictions && p === SEQ - 1)) continue;
    sum += values[r] as number;
    n++;
  }
  return sum / n;
}

/** Squared distance of each row of a [N, d_in] from the same row of b. */
const distances = (a: ArrayLike<number>, b: (at: number) => number): Float64Array =>
  Float64Array.from({ length: N }, (_, r) => {
    let sum = 0;
    for (let i = 0; i < D_IN; i++) sum += ((a[r * D_IN + i] as number) - b(r * D_IN + i)) ** 2;
    return sum;
  });

/** Mean row over the positions that count. */
function meanRow(z: Float32Array, excluded: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: D_IN }, (_, i) =>
    meanOver(
      Float64Array.from({ length: N }, (_, r) => z[r * D_IN + i] as number),
      excluded,
      false,
    ),
  );
}

test('every metric agrees with its definition, with and without the excluded positions', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = tinySae(gpu, 'evaluate', { excludedPositions: [0, 2] }).sae;
  const got = await evaluate(model, sae);
  const targets = Uint32Array.from(ids, (_, r) => ids[Math.min(r + 1, N - 1)] as number);
  const v = TINY.d_vocab;
  const clean = await runAll(model);
  using s = gpu.scope('test');
  const code = await encodeRows(gpu, sae, s.upload('x', [N, D_IN], 'f32', clean.z));
  const l0 = Float64Array.from(
    { length: N },
    (_, r) => (code.rowStart[r + 1] as number) - (code.rowStart[r] as number),
  );
  for (const [excluded, metrics] of [
    [[0, 2], got.metrics],
    [[], got.all],
  ] as const) {
    const sizes = { batch: COUNT, seq: SEQ, excludedPositions: excluded };
    const mean = meanRow(clean.z, excluded);
    using splice = spliceEdit(gpu, sae, sizes);
    using every = spliceEdit(gpu, sae, { ...sizes, excludedPositions: [] });
    using zero = ablationEdit(gpu, { ...sizes, d_in: D_IN });
    using average = ablationEdit(gpu, { ...sizes, d_in: D_IN, value: mean });
    const spliced = await runAll(model, splice.edit);
    const ce = (logits: Float32Array) => meanOver(crossEntropy(logits, targets, v), excluded, true);
    const recon = (await runAll(model, every.edit)).z;
    const error = meanOver(
      distances(clean.z, (at) => recon[at] as number),
      excluded,
      false,
    );
    const deviation = meanOver(
      distances(clean.z, (at) => mean[at % D_IN] as number),
      excluded,
      false,
    );
    const ceClean = ce(clean.logits);
    const ceSpliced = ce(spliced.logits);
    const ceZero = ce((await runAll(model, zero.edit)).logits);
    const ceMean = ce((await runAll(model, average.edit)).logits);
    const kl = klDivergence(clean.logits, spliced.logits, { n: N, v });
    const want = {
      mse: error,
      explainedVariance: 1 - error / deviation,
      l0: meanOver(l0, excluded, false),
      ...{ ceClean, ceSpliced, ceZero, ceMean },
      ceRecovered: (ceZero - ceSpliced) / (ceZero - ceClean),
      ceRecoveredMean: (ceMean - ceSpliced) / (ceMean - ceClean),
      deltaCe: ceSpliced - ceClean,
      kl: meanOver(kl, excluded, true),
    };
    for (const [key, value] of Object.entries(want)) {
      // Quotients of differences of CE of about 0.1 nats, each good to 1e-6.
      const metric = metrics[key as keyof typeof want];
      expect(Math.abs(metric.value - value), `${key}: ${metric.value} for ${value}`).toBeLessThan(1e-4);
    }
    expect(metrics.mse.n).toBe(COUNT * (SEQ - excluded.length));
    expect(metrics.ceSpliced.n).toBe(COUNT * (SEQ - 1 - excluded.length));
    expect(metrics.deadFraction.value).toBeGreaterThanOrEqual(0);
  }
  expect(got.metrics.mse.definition).toContain('positions 0, 2 left out');
  const sum = got.density.reduce((a, b) => a + b, 0);
  expect(sum).toBeCloseTo(got.metrics.l0.value, 5);
});

test('a perfect SAE recovers everything', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = perfectSae(gpu);
  const { metrics } = await evaluate(model, sae);
  expect(metrics.mse.value).toBeLessThan(1e-10);
  expect(metrics.explainedVariance.value).toBeCloseTo(1, 6);
  expect(metrics.ceRecovered.value).toBeCloseTo(1, 4);
  expect(Math.abs(metrics.deltaCe.value)).toBeLessThan(1e-6);
  expect(Math.abs(metrics.kl.value)).toBeLessThan(1e-6);
});

test('without the runs of the whole model only the reconstruction is measured', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = tinySae(gpu, 'evaluate').sae;
  const whole = await evaluate(model, sae);
  const part = await evaluate(model, sae, { reconstructionOnly: true });
  expect(part.metrics.mse.value).toBe(whole.metrics.mse.value);
  expect(part.metrics.ceRecovered.value).toBeNaN();
});

test('a fired signal ends the evaluation and gives its memory back', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = tinySae(gpu, 'evaluate').sae;
  const stop = new AbortController();
  const run = evaluateSae(gpu, model, sae, windows, { batch: 1, signal: stop.signal });
  await run.next();
  stop.abort();
  await expect(run.next()).rejects.toMatchObject({ code: 'cancelled' });
});

test('edits act in every run, before the SAE reads and replaces its activation', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = tinySae(gpu, 'evaluate', { excludedPositions: [] }).sae;
  using zeroed = ablationEdit(gpu, { batch: 2, seq: SEQ, d_in: D_IN, excludedPositions: [] });
  const clean = await evaluate(model, sae);
  const same = await evaluate(model, sae, { edit: new Map([[site, (_rec, act) => act]]) });
  expect(same.metrics).toEqual(clean.metrics);
  // With z = 0 put in first, the clean run is the zero-ablated one, and x is 0 everywhere.
  const edited = await evaluate(model, sae, { edit: new Map([[site, zeroed.edit]]) });
  expect(edited.metrics.ceClean.value).toBe(clean.metrics.ceZero.value);
  expect(edited.metrics.ceZero.value).toBe(clean.metrics.ceZero.value);
  expect(edited.metrics.mse.value).not.toBe(clean.metrics.mse.value);
});

test('each metric brings its figure with nothing excluded', async () => {
  using model = tinyModel(gpu, 'evaluate').model;
  using sae = tinySae(gpu, 'evaluate', { excludedPositions: [0] }).sae;
  const { metrics, all } = await evaluate(model, sae);
  for (const [key, metric] of Object.entries(metrics))
    expect(metric.all, key).toBe(all[key as keyof typeof all].value);
  expect(metrics.mse.all).not.toBe(metrics.mse.value);
});

import { expect, test } from 'vitest';
import { TINY, tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { logitEffectsRef } from '#e2e/reference/analysis.ts';
import { expectClose, normals, runOp } from '#gpu/ops/checks.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel } from '#model/model.ts';
import type { FeatureEdit } from './feature_edit.ts';
import { featureEdit } from './feature_edit.ts';
import { totalEffects } from './gradients.ts';
import { directEffects, featuresByToken, type LogitList, staticLogits } from './logits.ts';
import { centerRows, rowHistogram } from './rows.ts';

const gpu = await testGpu();
const V = TINY.d_vocab;
const site: HookName = 'blocks.1.attn.hook_z';

async function all(lists: AsyncIterable<readonly LogitList[]>): Promise<LogitList[]> {
  const out: LogitList[] = [];
  for await (const chunk of lists) out.push(...chunk);
  return out;
}

function reference() {
  const { model, weights } = tinyModel(gpu, 'logits');
  const { sae, weights: w } = tinySae(gpu, 'logits');
  const get = (name: string) => weights.get(name) as Float32Array;
  const effects = logitEffectsRef(
    { W_dec: w.W_dec, W_O: get('blocks.1.attn.W_O'), gain: get('ln_final.w'), W_U_T: get('W_U_T') },
    { d_sae: sae.d_sae, d_in: sae.d_in, d_model: TINY.d_model, d_vocab: V },
  );
  return { model, sae, effects };
}

test('lists and histograms of each feature agree with plain loops', async () => {
  const { model, sae, effects } = reference();
  using _m = model;
  using _s = sae;
  const lists = await all(staticLogits(gpu, model, sae, { top: 5 }));
  expect(lists.map((l) => l.feature)).toEqual(Array.from({ length: sae.d_sae }, (_, f) => f));
  for (const { feature, top, bottom, histogram } of lists) {
    const row = effects.subarray(feature * V, (feature + 1) * V);
    const order = Array.from({ length: V }, (_, v) => v).sort(
      (a, b) => (row[b] as number) - (row[a] as number),
    );
    expect(top.map((t) => t.id)).toEqual(order.slice(0, 5));
    expect(bottom.map((t) => t.id)).toEqual(order.slice(-5).reverse());
    const want = [...order.slice(0, 5), ...order.slice(-5).reverse()].map((v) => row[v] as number);
    // f32 sums of 24 and 20 products of size 1.
    expectClose(
      [...top, ...bottom].map((t) => t.effect),
      want,
      { rel: 1e-5, abs: 1e-5 },
    );
    expect(histogram.counts.reduce((a, b) => a + b, 0)).toBe(V);
    expect(histogram.edges[40]).toBeCloseTo(row[order[0] as number] as number, 4);
  }
});

test('a part of the features is the same part of the whole', async () => {
  const { model, sae } = reference();
  using _m = model;
  using _s = sae;
  const whole = await all(staticLogits(gpu, model, sae));
  expect(await all(staticLogits(gpu, model, sae, { from: 13, count: 4 }))).toEqual(whole.slice(13, 17));
});

test('one token asked of all features is a column of the same matrix', async () => {
  const { model, sae, effects } = reference();
  using _m = model;
  using _s = sae;
  const id = 11;
  const got = await featuresByToken(gpu, model, sae, id);
  const want = Float64Array.from({ length: sae.d_sae }, (_, f) => effects[f * V + id] as number);
  expectClose(got, want, { rel: 1e-5, abs: 1e-5 });
  await expect(featuresByToken(gpu, model, sae, V)).rejects.toThrow(/no token 37 of 37/);
});

/** One logit of one prompt, with an edit or without. */
async function logitAt(model: LanguageModel, ids: readonly number[], at: number, edit?: HookEdit) {
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: 1, seq: ids.length });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const run = model.forward(rec, ws, tokens, edit ? { edit: new Map([[site, edit]]) } : {});
  const logits = model.logits(rec, run, { from: at, count: 1 });
  await rec.submit();
  return await gpu.readF32(logits);
}

test('total effects are the slopes of the logit in the acts', async () => {
  const { model, sae } = reference();
  using _m = model;
  using _s = sae;
  const ids = [...tinyWindows(1, 6)];
  const [at, logit] = [4, 17];
  const effects = await totalEffects(gpu, model, sae, { ids, at, logit });
  expect(effects.filter((e) => e.position > at).every((e) => e.effect === 0)).toBe(true);
  for (const e of effects.filter((x) => x.position <= at).slice(0, 12)) {
    const step = 0.02;
    const shifted = async (value: number) => {
      const edit: FeatureEdit = { feature: e.feature, op: 'scale', value, positions: [e.position] };
      using made = featureEdit(gpu, sae, [edit], { batch: 1, seq: ids.length, n_heads: 3 });
      return (await logitAt(model, ids, at, made.edit))[logit] as number;
    };
    const slope = ((await shifted(1 + step)) - (await shifted(1 - step))) / (2 * step);
    // Central differences of f32 logits of size 1: 1e-6 / 0.04 rounding, truncation below 1e-3.
    expect(Math.abs(e.effect - slope)).toBeLessThan(2e-3 * (1 + Math.abs(slope)));
  }
});

test('direct effects in the last layer without MLP are total effects with the norm frozen', async () => {
  const { model } = tinyModel(gpu, 'direct', {
    d_mlp: 0,
    norm: { kind: 'none', eps: 1e-5 },
    family: 'hooked_transformer',
  });
  using _m = model;
  using sae = tinySae(gpu, 'logits').sae;
  const ids = [...tinyWindows(1, 6)];
  const [at, id] = [3, 9];
  const direct = await directEffects(gpu, model, sae, { ids, at, id });
  expect(direct.length).toBeGreaterThan(0);
  const logits = await logitAt(model, ids, at);
  const centred = (l: Float32Array) => (l[id] as number) - l.reduce((a, b) => a + b, 0) / V;
  for (const e of direct) {
    const edit: FeatureEdit = { feature: e.feature, op: 'ablate', positions: [at] };
    using made = featureEdit(gpu, sae, [edit], { batch: 1, seq: ids.length, n_heads: 3 });
    const without = await logitAt(model, ids, at, made.edit);
    expect(centred(logits) - centred(without)).toBeCloseTo(e.effect, 4);
  }
});

test('row kernels agree with plain loops at odd sizes', async () => {
  for (const [n, d] of [
    [1, 1],
    [7, 65],
    [3, 129],
  ] as const) {
    const x = normals('x', n * d);
    const mean = normals('mean', n);
    const got = await runOp(gpu, (rec, s) => {
      const out = s.tensor('out', [n, d], 'f32');
      const t = { x: s.upload('x', [n, d], 'f32', x), mean: s.upload('mean', [n], 'f32', mean), out };
      centerRows(rec, { ...t, sign: -1 });
      return out;
    });
    expectClose(
      got,
      x.map((v, i) => (mean[Math.floor(i / d)] as number) - v),
      { rel: 1e-6, abs: 1e-7 },
    );
    using s = gpu.scope('test');
    const rec = gpu.record('test');
    const range = s.tensor('range', [n, 2], 'f32');
    const counts = s.tensor('counts', [n, 40], 'u32');
    rowHistogram(rec, { x: s.upload('x', [n, d], 'f32', x), range, counts });
    await rec.submit();
    const ranges = await gpu.readF32(range);
    const bins = await gpu.readU32(counts);
    for (let r = 0; r < n; r++) {
      const row = x.subarray(r * d, (r + 1) * d);
      expect([ranges[2 * r], ranges[2 * r + 1]]).toEqual([Math.min(...row), Math.max(...row)]);
      const mine = bins.subarray(r * 40, (r + 1) * 40);
      expect(mine.reduce((a, b) => a + b, 0)).toBe(d);
      // The largest value is always in the last bin; equal values all lie in the first.
      expect(mine[d === 1 ? 0 : 39]).toBeGreaterThan(0);
    }
  }
});

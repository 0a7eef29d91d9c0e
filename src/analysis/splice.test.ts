import { expect, test } from 'vitest';
import { tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { perfectSae, tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { featureEditRef } from '#e2e/reference/analysis.ts';
import { expectClose } from '#gpu/ops/checks.ts';
import { size, view } from '#gpu/tensor.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import { type FeatureEdit, featureEdit } from './feature_edit.ts';
import { ablationEdit, type SiteEdit, spliceEdit } from './splice.ts';

const gpu = await testGpu();
const site: HookName = 'blocks.1.attn.hook_z';
const [BATCH, SEQ, D_IN] = [3, 7, 24];
const sizes = { batch: BATCH, seq: SEQ };

/** The site's activation after an edit and the logits of a run on seeded windows. */
async function runWith(model: LanguageModel, edit?: HookEdit) {
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: BATCH, seq: SEQ, keep: [site] });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [BATCH, SEQ], 'u32', tinyWindows(BATCH, SEQ));
  const run = model.forward(rec, ws, tokens, edit ? { edit: new Map([[site, edit]]) } : {});
  const logits = model.logits(rec, run, { from: 0, count: BATCH * SEQ });
  await rec.submit();
  const act = run.get(site);
  return {
    z: await gpu.readF32(view(act, { shape: [size(act.shape)] })),
    logits: await gpu.readF32(logits),
  };
}
const row = (values: Float32Array, r: number) => [...values.subarray(r * D_IN, (r + 1) * D_IN)];

async function withEdit(model: LanguageModel, made: SiteEdit) {
  using edit = made;
  return await runWith(model, edit.edit);
}

test('the splice of a perfect SAE changes no logit', async () => {
  using model = tinyModel(gpu, 'splice').model;
  using sae = perfectSae(gpu, { excludedPositions: [] });
  const clean = await runWith(model);
  const spliced = await withEdit(model, spliceEdit(gpu, sae, sizes));
  // x = relu(x) − relu(−x) is exact in f32.
  expectClose(spliced.logits, clean.logits, { rel: 0, abs: 1e-6 });
});

test('a spliced row is the reconstruction, an excluded one stays clean', async () => {
  using model = tinyModel(gpu, 'splice').model;
  for (const actRule of [{ kind: 'topk', k: 4 }, { kind: 'threshold' }, { kind: 'relu' }] as const) {
    const { sae, weights } = tinySae(gpu, 'splice', { actRule, excludedPositions: [0, 3] });
    using _ = sae;
    const clean = await runWith(model);
    const spliced = await withEdit(model, spliceEdit(gpu, sae, sizes));
    using s = gpu.scope('test');
    const code = await encodeRows(gpu, sae, s.upload('x', [BATCH * SEQ, D_IN], 'f32', clean.z));
    for (let r = 0; r < BATCH * SEQ; r++) {
      const want = Float64Array.from(weights.b_dec);
      for (let e = code.rowStart[r] as number; e < (code.rowStart[r + 1] as number); e++)
        for (let i = 0; i < D_IN; i++)
          want[i] =
            (want[i] as number) +
            (code.val[e] as number) * (weights.W_dec[(code.idx[e] as number) * D_IN + i] as number);
      const excluded = r % SEQ === 0 || r % SEQ === 3;
      // f32 sums of at most 29 products of size 1.
      expectClose(row(spliced.z, r), excluded ? row(clean.z, r) : want, { rel: 1e-5, abs: 1e-5 });
    }
  }
});

test('ablation puts zeros or a value in every position that is not excluded', async () => {
  using model = tinyModel(gpu, 'splice').model;
  const clean = await runWith(model);
  const base = { ...sizes, d_in: D_IN, excludedPositions: [0] };
  const zero = await withEdit(model, ablationEdit(gpu, base));
  expect(row(zero.z, SEQ)).toEqual(row(clean.z, SEQ));
  expect(row(zero.z, 1)).toEqual(Array(D_IN).fill(0));
  const value = Float32Array.from({ length: D_IN }, (_, i) => i);
  const mean = await withEdit(model, ablationEdit(gpu, { ...base, value }));
  expect(row(mean.z, SEQ + 2)).toEqual([...value]);
});

test('edits change what they say and leave the error, other heads and other positions alone', async () => {
  using model = tinyModel(gpu, 'splice').model;
  const { sae, weights } = tinySae(gpu, 'splice');
  using _ = sae;
  const clean = await runWith(model);
  using s = gpu.scope('test');
  const code = await encodeRows(gpu, sae, s.upload('x', [BATCH * SEQ, D_IN], 'f32', clean.z));
  const acts = new Float32Array(BATCH * SEQ * sae.d_sae);
  for (let r = 0; r < BATCH * SEQ; r++)
    for (let e = code.rowStart[r] as number; e < (code.rowStart[r + 1] as number); e++)
      acts[r * sae.d_sae + (code.idx[e] as number)] = code.val[e] as number;
  const f = code.idx[0] as number;
  const edits: FeatureEdit[] = [
    { feature: f, op: 'scale', value: 3, heads: [0, 2] },
    { feature: 5, op: 'clamp', value: 2, positions: [1, 6] },
    { feature: 7, op: 'add', value: -0.5, heads: [1], positions: [2] },
    { feature: code.idx[5] as number, op: 'ablate' },
  ];
  const edited = await withEdit(model, featureEdit(gpu, sae, edits, { ...sizes, n_heads: 3 }));
  const size = { n: BATCH * SEQ, seq: SEQ, d_in: D_IN, d_sae: sae.d_sae, d_head: 8 };
  const want = featureEditRef({ z: clean.z, acts, W_dec: weights.W_dec }, edits, size);
  expectClose(edited.z, want, { rel: 1e-5, abs: 1e-5 }); // a handful of f32 products of size 1
});

test('an edit that changes nothing changes no logit, bit for bit', async () => {
  using model = tinyModel(gpu, 'splice').model;
  using sae = tinySae(gpu, 'splice').sae;
  const clean = await runWith(model);
  for (const edits of [[], [{ feature: 3, op: 'scale', value: 1 } as const]]) {
    const same = await withEdit(model, featureEdit(gpu, sae, edits, { ...sizes, n_heads: 3 }));
    expect([...same.logits]).toEqual([...clean.logits]);
  }
});

test('edits of what does not exist are refused', () => {
  using sae = tinySae(gpu, 'splice').sae;
  const edit = (e: FeatureEdit) => featureEdit(gpu, sae, [e], { ...sizes, n_heads: 3 });
  expect(() => edit({ feature: 29, op: 'ablate' })).toThrow('no feature 29 of 29');
  expect(() => edit({ feature: 2, op: 'ablate', heads: [3] })).toThrow('no head 3 of 3');
  expect(() => edit({ feature: 2, op: 'clamp' })).toThrow('clamp of feature 2 has no value');
});

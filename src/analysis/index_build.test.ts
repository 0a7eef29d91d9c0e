import { expect, test } from 'vitest';
import { TINY, tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { testGpu } from '#gpu/testing.ts';
import { openSafetensors } from '#io/safetensors.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import { encodeRows, type HostCode } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import { buildIndex, type IndexOptions } from './index_build.ts';
import { sampleHash } from './index_candidates.ts';
import { actOf } from './index_examples.ts';
import { type FeatureIndex, openIndex } from './index_store.ts';
import { rowsOfRun } from './site.ts';
import { type TokenWindows, windowsOf } from './windows.ts';

const gpu = await testGpu();
const [COUNT, SEQ] = [9, 11];
const windows = windowsOf(tinyWindows(COUNT, SEQ), SEQ);
const options: IndexOptions = { batch: 4, top: 3, intervals: 4, perInterval: 2, before: 3, after: 2 };

async function bytesOf(model: LanguageModel, sae: Sae, from: TokenWindows, o: IndexOptions) {
  const build = buildIndex(gpu, model, sae, from, o);
  for (;;) {
    const step = await build.next();
    if (step.done) return step.value;
    expect(step.value.done).toBeLessThanOrEqual(step.value.total);
  }
}
const open = async (bytes: Uint8Array<ArrayBuffer>): Promise<FeatureIndex> =>
  openIndex(await openSafetensors(new Blob([bytes]), 'index'));

/** The code of all windows at once. */
async function codeOfAll(model: LanguageModel, sae: Sae): Promise<HostCode> {
  const site = sae.site as HookName;
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: COUNT, seq: SEQ, keep: [site] });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [COUNT, SEQ], 'u32', tinyWindows(COUNT, SEQ));
  const run = model.forward(rec, ws, tokens, { stopAt: site });
  await rec.submit();
  return await encodeRows(gpu, sae, rowsOfRun(run, site));
}

test('density, maximum, histogram and examples are those of the tokens', async () => {
  using model = tinyModel(gpu, 'index').model;
  const { sae, weights } = tinySae(gpu, 'index', { excludedPositions: [0] });
  using _ = sae;
  const index = await open(await bytesOf(model, sae, windows, options));
  const code = await codeOfAll(model, sae);
  const ids = tinyWindows(COUNT, SEQ);
  const table = await index.table();
  expect([index.d_sae, index.nTokens, index.sae, table.n_heads]).toEqual([29, 90, 'index', 3]);
  for (let f = 0; f < sae.d_sae; f++) {
    const r = await index.feature(f);
    const acts = Array.from({ length: COUNT * SEQ }, (_, t) => (t % SEQ === 0 ? 0 : actOf(code, t, f)));
    const firing = acts.filter((a) => a > 0);
    expect(r.density).toBeCloseTo(firing.length / 90, 6);
    expect(r.maxAct).toBe(Math.max(...acts));
    expect(r.histogram.counts.reduce((a, b) => a + b, 0)).toBe(firing.length);
    for (const [b, count] of r.histogram.counts.entries()) {
      const inside = (a: number) => Math.max(0, Math.ceil((a / r.maxAct) * 40) - 1) === b;
      expect(count).toBe(firing.filter(inside).length);
    }
    const top = r.examples.filter((e) => e.interval === -1);
    const peaks = Array.from({ length: COUNT }, (_, w) => Math.max(...acts.slice(w * SEQ, (w + 1) * SEQ)))
      .filter((a) => a > 0)
      .sort((a, b) => b - a);
    expect(top.length).toBe(Math.min(3, peaks.length));
    // Acts of examples are stored as f16: 11 bits.
    for (const [i, e] of top.entries())
      expect(Math.abs((e.acts[e.at] as number) - (peaks[i] as number))).toBeLessThan(1e-3 * r.maxAct);
    for (const e of r.examples) {
      const hits = Array.from({ length: COUNT }, (_, w) => w).filter((w) =>
        e.ids.every((id, i) => ids[w * SEQ + e.start + i] === id),
      );
      const w = hits.find(
        (h) => Math.abs((acts[h * SEQ + e.position] as number) - (e.acts[e.at] as number)) < 1e-2,
      );
      expect(w).toBeDefined();
      expect(e.position).toBe(e.start + e.at);
      for (const [i, act] of e.acts.entries())
        expect(Math.abs(act - (acts[(w as number) * SEQ + e.start + i] as number))).toBeLessThan(
          1e-3 * r.maxAct,
        );
      if (e.interval >= 0) {
        const part = (e.acts[e.at] as number) / r.maxAct;
        expect(part).toBeGreaterThan(e.interval / 4 - 1e-3);
        expect(part).toBeLessThan((e.interval + 1) / 4 + 1e-3);
      }
    }
    expect(table.topToken[f]).toBe(r.topLogits[0]?.id);
    expect(r.headShare.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    const row = (g: number) => weights.W_dec.subarray(g * sae.d_in, (g + 1) * sae.d_in);
    const cosine = (g: number) => {
      const dot = (a: Float32Array, b: Float32Array) =>
        a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);
      return dot(row(f), row(g)) / Math.sqrt(dot(row(f), row(f)) * dot(row(g), row(g)));
    };
    const others = Array.from({ length: sae.d_sae }, (_, g) => g)
      .filter((g) => g !== f && cosine(g) > 0)
      .sort((a, b) => cosine(b) - cosine(a))
      .slice(0, 10);
    expect(r.neighbours.map((n) => n.feature)).toEqual(others);
    expect(r.neighbours[0]?.cosine).toBeCloseTo(cosine(others[0] as number), 5);
  }
});

test('the same tokens give the same bytes, however they are batched', async () => {
  using model = tinyModel(gpu, 'index').model;
  using sae = tinySae(gpu, 'index').sae;
  const a = await bytesOf(model, sae, windows, options);
  const b = await bytesOf(model, sae, windows, { ...options, batch: 9 });
  expect([...b]).toEqual([...a]);
});

test('equal texts are shown once', async () => {
  using model = tinyModel(gpu, 'index').model;
  using sae = tinySae(gpu, 'index').sae;
  const one = tinyWindows(1, SEQ);
  const same = windowsOf(
    Uint32Array.from({ length: 5 * SEQ }, (_, i) => one[i % SEQ] as number),
    SEQ,
  );
  const index = await open(await bytesOf(model, sae, same, { ...options, before: SEQ, after: SEQ }));
  for (let f = 0; f < index.d_sae; f++) {
    const { examples } = await index.feature(f);
    const shown = examples.map((e) => e.at);
    expect(new Set(shown).size).toBe(shown.length);
  }
});

test('the sample of an interval is fair', () => {
  const hits = new Float64Array(20);
  for (let feature = 0; feature < 4000; feature++) {
    const hashes = Array.from({ length: 20 }, (_, token) => sampleHash(7, feature, 100 + token));
    const least = hashes.indexOf(Math.min(...hashes));
    hits[least] = (hits[least] as number) + 1;
  }
  // 4,000 draws over 20: 200 each, standard deviation 13.8; five of them.
  for (const h of hits) expect(Math.abs(h - 200)).toBeLessThan(69);
});

test('a file that is not an index, a missing feature and a cut record are refused', async () => {
  using model = tinyModel(gpu, 'index').model;
  using sae = tinySae(gpu, 'index').sae;
  const bytes = await bytesOf(model, sae, windows, options);
  const index = await open(bytes);
  await expect(index.feature(29)).rejects.toThrow('no feature 29 of 29');
  const text = new TextDecoder('latin1').decode(bytes).replace('headlight-index', 'headlight-XXXXX');
  const other = Uint8Array.from(text, (c) => c.charCodeAt(0));
  await expect(open(other)).rejects.toMatchObject({ code: 'format' });
  expect(TINY.d_vocab).toBe(37);
});

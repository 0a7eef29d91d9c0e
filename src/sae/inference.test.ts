import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { decodeRef, type Entry, preActsRef, selectTopkRef } from '#e2e/reference/sae.ts';
import { testGpu } from '#gpu/testing.ts';
import { decodeCode, denseActs, encodePreActs, encodeRows, makeCode, selectCode } from './inference.ts';
import type { ActRuleSpec } from './variant.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from './weights.ts';

const gpu = await testGpu();
const META: SaeMeta = { id: 'x', title: 'x', model: 'm', site: 'h', variant: 'v', excludedPositions: [] };

function weightsOf(actRule: ActRuleSpec, d_in: number, d_sae: number, p: boolean): SaeWeights {
  const rng = makeRng(`${actRule.kind} ${d_in}`);
  const draw = (n: number, scale = 1): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: n }, () => scale * rng.normal());
  return {
    d_in,
    d_sae,
    actRule,
    applyBDecToInput: p,
    W_enc: draw(d_sae * d_in),
    b_enc: draw(d_sae, 0.3),
    W_dec: draw(d_sae * d_in),
    b_dec: draw(d_in, 0.5),
    // Some thresholds are negative: they count as 0.
    ...(actRule.kind === 'threshold' && { theta: draw(d_sae, 2) }),
  };
}

function expected(w: SaeWeights, x: Float32Array, n: number): { entries: Entry[]; recon: Float64Array } {
  const c = { n, d_in: w.d_in, d_sae: w.d_sae, k: 0, k_aux: 0, auxWeight: 0, p: w.applyBDecToInput ? 1 : 0 };
  const params = {
    W_enc: Float64Array.from(w.W_enc),
    b_enc: Float64Array.from(w.b_enc),
    W_dec: Float64Array.from(w.W_dec),
    b_dec: Float64Array.from(w.b_dec),
  };
  const pre = preActsRef(x, params, c);
  const above = (row: number, f: number): boolean => pre[row * w.d_sae + f]! > Math.max(0, w.theta?.[f] ?? 0);
  const entries =
    w.actRule.kind === 'topk'
      ? selectTopkRef(pre, { ...c, k: w.actRule.k })
      : Array.from({ length: n * w.d_sae }, (_, i) => ({ row: Math.floor(i / w.d_sae), f: i % w.d_sae }))
          .filter((e) => above(e.row, e.f))
          .map((e) => ({ ...e, val: pre[e.row * w.d_sae + e.f]! }));
  return { entries, recon: decodeRef(entries, params, c, true) };
}

const CASES: readonly [ActRuleSpec, number, number, number, boolean][] = [
  [{ kind: 'topk', k: 5 }, 7, 67, 33, true],
  [{ kind: 'topk', k: 130 }, 3, 8, 130, false],
  [{ kind: 'relu' }, 65, 12, 130, true],
  [{ kind: 'threshold' }, 5, 9, 301, true],
];

for (const [rule, n, d_in, d_sae, p] of CASES)
  test(`${rule.kind} of ${d_sae} features on ${n} rows of ${d_in} follows the oracle`, async () => {
    const w = weightsOf(rule, d_in, d_sae, p);
    const rng = makeRng('rows');
    const data = Float32Array.from({ length: n * d_in }, () => rng.normal());
    const want = expected(w, data, n);
    using sae = saeOnGpu(gpu, w, META);
    using s = gpu.scope('test');
    const x = s.upload('x', [n, d_in], 'f32', data);
    const xc = s.tensor('xc', [n, d_in], 'f32');
    const pre_acts = s.tensor('pre_acts', [n, d_sae], 'f32');
    const acts = s.tensor('acts', [n, d_sae], 'f32');
    const recon = s.tensor('recon', [n, d_in], 'f32');
    const code = makeCode(s, sae, n, d_sae);
    const rec = gpu.record('test');
    encodePreActs(rec, sae, { x, xc, pre_acts });
    denseActs(rec, sae, { pre_acts, acts });
    selectCode(rec, sae, { pre_acts, code });
    decodeCode(rec, sae, { code, recon });
    await rec.submit();

    const host = await encodeRows(gpu, sae, x);
    const entries = want.entries;
    expect(Array.from(host.idx)).toEqual(entries.map((e) => e.f));
    const tolerance = 1e-4; // sums of at most 67 products of size 1
    host.val.forEach((v, j) => {
      expect(Math.abs(v - entries[j]!.val)).toBeLessThan(tolerance);
    });
    expect(host.rowStart.at(-1)).toBe(entries.length);
    const dense = await gpu.readF32(acts);
    expect(dense.filter((v) => v !== 0)).toEqual(host.val);
    const got = await gpu.readF32(recon);
    got.forEach((v, i) => {
      expect(Math.abs(v - want.recon[i]!)).toBeLessThan(1e-3 * (1 + Math.abs(want.recon[i]!)));
    });
  });

test('an unbounded rule gets as many slots as it needs', async () => {
  const w = { ...weightsOf({ kind: 'relu' }, 4, 600, false), b_enc: new Float32Array(600).fill(50) };
  using sae = saeOnGpu(gpu, w, META);
  using s = gpu.scope('test');
  const host = await encodeRows(gpu, sae, s.zeros('x', [3, 4], 'f32'));
  expect(Array.from(host.rowStart)).toEqual([0, 600, 1200, 1800]);
});

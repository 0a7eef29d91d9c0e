import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { selectTopkRef } from '#e2e/reference/sae.ts';
import { testGpu } from '#gpu/testing.ts';
import { gradientScore, offTopk } from './gradient_score.ts';
import { selectTopk } from './select.ts';

const gpu = await testGpu();

for (const [n, d_sae] of [
  [1, 1],
  [5, 67],
  [33, 130],
] as const)
  test(`scores of ${n} tokens and ${d_sae} features follow the formula`, async () => {
    const rng = makeRng(`score ${n}`);
    const draw = () => Float32Array.from({ length: n * d_sae }, () => rng.normal());
    const [z, q] = [draw(), draw()];
    const mean = q.reduce((a, v) => a + Math.abs(v), 0) / q.length;
    using s = gpu.scope('score');
    const pre_acts = s.upload('z', [n, d_sae], 'f32', z);
    for (const beta of [0, 2, 1e6, undefined]) {
      const score = s.upload('q', [n, d_sae], 'f32', q);
      const rec = gpu.record('score');
      const scratch = { sums: s.tensor('sums', [n, 2], 'f32'), mean_q: s.tensor('mean', [1], 'f32') };
      gradientScore(rec, { pre_acts, score, ...scratch, beta });
      await rec.submit();
      // The mean is a sum of up to 4,290 values in f32; the rest rounds twice.
      (await gpu.readF32(score)).forEach((v, i) => {
        const size = Math.abs(q[i]!);
        const want = Math.max(z[i]!, 0) * (beta === undefined ? size : 1 + (beta * size) / mean);
        expect(Math.abs(v - want), `entry ${i}: ${v}, expected ${want}`).toBeLessThanOrEqual(1e-5 * want);
      });
    }
  });

test('a batch without gradients is chosen as plain TopK does', async () => {
  using s = gpu.scope('zero');
  const z = Float32Array.of(1, -1, 2, 0.5);
  const score = s.zeros('q', [2, 2], 'f32');
  const rec = gpu.record('zero');
  gradientScore(rec, {
    pre_acts: s.upload('z', [2, 2], 'f32', z),
    score,
    sums: s.tensor('sums', [2, 2], 'f32'),
    mean_q: s.tensor('mean', [1], 'f32'),
    beta: 3,
  });
  await rec.submit();
  expect([...(await gpu.readF32(score))]).toEqual([1, 0, 2, 0.5]);
});

test('the share of entries that plain TopK would not have chosen is counted', async () => {
  using s = gpu.scope('off');
  const [n, d_sae, k] = [13, 67, 5];
  const rng = makeRng('off');
  const z = Float32Array.from({ length: n * d_sae }, () => Math.round(4 * rng.normal()) / 4); // ties
  const other = z.map((v) => v * (0.5 + rng.uniform()));
  const pre_acts = s.upload('z', [n, d_sae], 'f32', z);
  const code = {
    rowStart: s.tensor('start', [n + 1], 'u32'),
    idx: s.tensor('idx', [n * k], 'u32'),
    val: s.tensor('val', [n * k], 'f32'),
    cap: n * k,
  };
  const scalars = s.zeros('scalars', [16], 'f32');
  const rec = gpu.record('off');
  selectTopk(rec, { score: s.upload('s', [n, d_sae], 'f32', other), pre_acts, code, k, fromRow: 0 });
  offTopk(rec, { pre_acts, code, sums: s.tensor('sums', [n, 2], 'f32'), scalars, k, at: 9 });
  await rec.submit();
  const key = (e: { row: number; f: number }): string => `${e.row} ${e.f}`;
  const plain = new Set(selectTopkRef(z, { n, d_sae, k }).map(key));
  const chosen = selectTopkRef(other, { n, d_sae, k });
  const off = chosen.filter((e) => !plain.has(key(e))).length;
  expect(off).toBeGreaterThan(3);
  expect((await gpu.readF32(scalars))[9]!).toBeCloseTo(off / chosen.length, 6);
});

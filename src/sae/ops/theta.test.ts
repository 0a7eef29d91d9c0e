import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { THETA_RATE, thetaBins, thetaEma, thetaFromBins, thetaScratch } from './theta.ts';

const gpu = await testGpu();

for (const kind of ['shared', 'each'] as const)
  for (const d_sae of [1, 13, 65])
    test(`the running threshold (${kind}, ${d_sae} features) is the bias-corrected mean of the smallest acts`, async () => {
      using s = gpu.scope('ema');
      const rng = makeRng(`ema ${kind} ${d_sae}`);
      const state = {
        theta: s.zeros('theta', [d_sae], 'f32'),
        theta_sum: s.zeros('sum', [d_sae], 'f32'),
        theta_weight: s.zeros('weight', [d_sae], 'f32'),
      };
      const [sum, weight] = [new Float64Array(d_sae), new Float64Array(d_sae)];
      for (let step = 0; step < 3; step++) {
        // Some features do not fire; two further pairs of each, smaller than all, are AuxK's.
        const hits = Uint32Array.from({ length: d_sae }, (_, f) => (f === 0 ? 2 : rng.int(4)));
        const starts = [0];
        const pairs: number[] = [];
        const least = new Float64Array(d_sae).fill(Number.POSITIVE_INFINITY);
        hits.forEach((count, f) => {
          for (let j = 0; j < count + 2; j++) {
            const v = Math.fround(j < count ? 0.1 + rng.uniform() : 1e-3);
            if (j < count) least[f] = Math.min(least[f]!, v);
            pairs.push(j, v);
          }
          starts.push(pairs.length / 2);
        });
        const words = new Uint32Array(pairs);
        const floats = new Float32Array(words.buffer);
        for (let i = 1; i < pairs.length; i += 2) floats[i] = pairs[i]!;
        const rec = gpu.record('ema');
        thetaEma(rec, {
          kind,
          start: s.upload('start', [d_sae + 1], 'u32', Uint32Array.from(starts)),
          hits: s.upload('hits', [d_sae], 'u32', hits),
          pairs: s.upload('pairs', [pairs.length / 2, 2], 'u32', words),
          ...state,
        });
        await rec.submit();
        const all = Math.min(...least);
        for (let f = 0; f < d_sae; f++) {
          const value = kind === 'shared' ? all : least[f]!;
          if (!Number.isFinite(value)) continue;
          sum[f] = (1 - THETA_RATE) * sum[f]! + THETA_RATE * value;
          weight[f] = (1 - THETA_RATE) * weight[f]! + THETA_RATE;
        }
      }
      const theta = await gpu.readF32(state.theta);
      // Three roundings a step in f32.
      theta.forEach((v, f) => {
        const want = weight[f]! > 0 ? sum[f]! / weight[f]! : 0;
        expect(Math.abs(v - want)).toBeLessThanOrEqual(1e-6 * want);
      });
    });

const keptShare = (acts: Float32Array, d_sae: number, theta: Float32Array): Float64Array => {
  const kept = new Float64Array(d_sae);
  acts.forEach((v, i) => {
    if (v > theta[i % d_sae]!) kept[i % d_sae]!++;
  });
  return kept;
};

for (const [n, d_sae] of [
  [500, 31],
  [1021, 8],
] as const)
  test(`thresholds from bins of ${n} rows of ${d_sae} keep what was asked for`, async () => {
    using s = gpu.scope('bins');
    const rng = makeRng(`bins ${n}`);
    // Scales from 1e-4 to 1e3, as unscaled inputs have them; about half are not positive.
    const acts = Float32Array.from(
      { length: n * d_sae },
      (_, i) => rng.normal() * 10 ** (((i % d_sae) % 8) - 4),
    );
    const pre_acts = s.upload('pre_acts', [n, d_sae], 'f32', acts);
    for (const kind of ['shared', 'each'] as const) {
      const [shape] = Object.values(thetaScratch(kind, d_sae))[0]!;
      const bins = s.zeros('bins', shape, 'u32');
      const rec = gpu.record('bins');
      thetaBins(rec, { kind, pre_acts, bins });
      await rec.submit();
      const counts = await gpu.readU32(bins);
      expect(counts.reduce((a, b) => a + b, 0)).toBe(acts.filter((v) => v > 0).length);
      const total = 3 * n;
      const weights = Array.from({ length: d_sae }, (_, f) => 1 / (f + 2));
      const theta = thetaFromBins(counts, kind, d_sae, total, weights);
      const kept = keptShare(acts, d_sae, theta);
      const sum = kept.reduce((a, b) => a + b, 0);
      // A bin is cut linearly: off by a few of the counts that share a bin.
      expect(Math.abs(sum - total)).toBeLessThan(0.02 * total);
      if (kind === 'shared') continue;
      // Features that are not used up share what is left by weight; a bin of 6 % holds a few of their counts.
      const free = weights.flatMap((w, f) => (theta[f]! > 0 ? [{ w, kept: kept[f]! }] : []));
      expect(free.length).toBeGreaterThan(2);
      const unit = free.reduce((a, e) => a + e.kept, 0) / free.reduce((a, e) => a + e.w, 0);
      for (const e of free) expect(Math.abs(e.kept - unit * e.w)).toBeLessThan(0.05 * unit * e.w + 3);
    }
  });

test('a feature without enough positive values leaves its share to the others', () => {
  const [shape] = Object.values(thetaScratch('each', 2))[0]!;
  const width = shape[1] as number;
  const bins = new Uint32Array(2 * width);
  bins[20 * 16] = 10; // feature 0: ten values of 1 to 1.06
  for (let b = 0; b < 100; b++) bins[width + 18 * 16 + b] = 5;
  const theta = thetaFromBins(bins, 'each', 2, 110, [1, 1]);
  expect(theta[0]).toBe(0);
  const above = bins.subarray(width).reduce((sum, c, b) => {
    const low = 2 ** (Math.floor(b / 16) - 20) * (1 + (b % 16) / 16);
    return low >= theta[1]! * (1 - 1e-6) ? sum + c : sum;
  }, 0);
  expect(above).toBe(100);
});

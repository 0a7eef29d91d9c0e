import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { ranked, zipfShares } from './quotas.ts';
import { DENSITY_RATE, densityUnbias, runningDensity, zipfGoal, zipfWeigh } from './zipf.ts';

const gpu = await testGpu();
/** pow in f32 is good to about 1e-5 where arguments are up to 100; the rest rounds a few times. */
const TOLERANCE = 3e-5;

for (const [n, d_sae] of [
  [5, 1],
  [7, 65],
  [33, 101],
] as const)
  test(`densities, goals and weights of ${d_sae} features over ${n} tokens follow the formulas`, async () => {
    using s = gpu.scope('zipf');
    const rng = makeRng(`zipf ${d_sae}`);
    const law = { s: 0.9, q: 2 };
    const l0 = Math.min(3, d_sae);
    const density_sum = s.zeros('density', [d_sae], 'f32');
    const pi = s.tensor('pi', [d_sae], 'f32');
    const sum = new Float64Array(d_sae);
    const steps = 3;
    for (let step = 0; step < steps; step++) {
      // Every fifth feature never fires: their ranks are ties.
      const hits = Uint32Array.from({ length: d_sae }, (_, f) => (f % 5 === 4 ? 0 : rng.int(n + 1)));
      const rec = gpu.record('density');
      runningDensity(rec, { hits: s.upload('hits', [d_sae], 'u32', hits), density_sum, n });
      await rec.submit();
      hits.forEach((h, f) => {
        sum[f] = (1 - DENSITY_RATE) * sum[f]! + (DENSITY_RATE * h) / n;
      });
    }
    const pre = Float32Array.from({ length: n * d_sae }, () => rng.normal());
    const weighed = s.tensor('weighed', [n, d_sae], 'f32');
    const pre_acts = s.upload('pre_acts', [n, d_sae], 'f32', pre);
    const rec = gpu.record('zipf');
    zipfGoal(rec, { density_sum, pi, law, l0 });
    zipfWeigh(rec, { pre_acts, density_sum, pi, weighed, steps });
    await rec.submit();
    const shares = zipfShares(law, d_sae);
    const all = shares.reduce((a, b) => a + b, 0);
    const kept = await gpu.readF32(density_sum);
    const want = new Float64Array(d_sae);
    ranked(kept).forEach((f, r) => {
      want[f] = Math.min(1, (l0 * shares[r]!) / all);
    });
    (await gpu.readF32(pi)).forEach((v, f) => {
      expect(Math.abs(v - want[f]!), `pi ${f}`).toBeLessThan(TOLERANCE * want[f]!);
    });
    (await gpu.readF32(weighed)).forEach((v, i) => {
      const f = i % d_sae;
      const rho = sum[f]! * densityUnbias(steps);
      const u = Math.min(1, Math.max(0, (want[f]! - rho) / want[f]!));
      expect(Math.abs(v - u * Math.max(pre[i]!, 0)), `weight ${i}`).toBeLessThan(1e-4);
      if (f % 5 === 4) expect(v).toBe(Math.max(pre[i]!, 0));
    });
  });

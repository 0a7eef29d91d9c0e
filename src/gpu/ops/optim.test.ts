import { expect, test } from 'vitest';
import { type AdamState, globalNorm as normOracle, adam as oracle } from '#e2e/reference/optim.ts';
import { testGpu } from '../testing.ts';
import { expectClose, normals } from './checks.ts';
import { adam, clipFactor, globalNorm } from './optim.ts';
import { partialsLength } from './reduce.ts';

const gpu = await testGpu();
const CONFIG = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };

for (const n of [1, 67, 1009])
  test(`five clipped AdamW steps of ${n} parameters agree with the oracle`, async () => {
    using s = gpu.scope('test');
    const start = normals('p', n);
    const p = s.upload('p', [n], 'f32', start);
    const [m, v] = ['m', 'v'].map((label) => s.upload(label, [n], 'f32', new Float32Array(n)));
    const partials = s.tensor('partials', [partialsLength(1)], 'f32');
    const [norm, clip] = ['norm', 'clip'].map((label) => s.tensor(label, [1], 'f32'));
    const zeros = () => new Float64Array(n);
    let want: AdamState = { p: Float64Array.from(start), m: zeros(), v: zeros() };
    for (let step = 1; step <= 5; step++) {
      const grad = normals(`g ${step}`, n, step === 3 ? 1e-4 : 1);
      const g = s.upload('g', [n], 'f32', grad);
      const rec = gpu.record('test');
      globalNorm(rec, { gs: [g], partials, norm: norm! });
      clipFactor(rec, { norm: norm!, clip: clip!, maxNorm: 1 });
      adam(rec, { p, m: m!, v: v!, g, clip: clip!, step, ...CONFIG });
      await rec.submit();
      want = oracle(want, grad, step, CONFIG, Math.min(1, 1 / normOracle([grad])));
    }
    // Five updates of at most lr·5 each with relative error 1e-5 (norm, powers, square root).
    expectClose(await gpu.readF32(p), want.p, { rel: 1e-6, abs: 1e-6 });
    expectClose(await gpu.readF32(m!), want.m, { rel: 1e-5, abs: 1e-7 });
    expectClose(await gpu.readF32(v!), want.v, { rel: 1e-5, abs: 1e-9 });
  });

test('without clip and decay the first step has length lr, whatever the gradient', async () => {
  using s = gpu.scope('test');
  const p = s.upload('p', [3], 'f32', Float32Array.of(1, 1, 1));
  const [m, v] = ['m', 'v'].map((label) => s.upload(label, [3], 'f32', new Float32Array(3)));
  const g = s.upload('g', [3], 'f32', Float32Array.of(1e-3, -100, 0));
  const rec = gpu.record('test');
  adam(rec, { p, m: m!, v: v!, g, step: 1, ...CONFIG, weightDecay: 0 });
  await rec.submit();
  expectClose(await gpu.readF32(p), [0.99, 1.01, 1], { rel: 1e-5, abs: 0 }); // eps/1e-3
});

test('the clip factor is 1 for a norm of 0 and below the limit', async () => {
  using s = gpu.scope('test');
  for (const [value, want] of [
    [0, 1],
    [0.5, 1],
    [4, 0.5],
  ] as const) {
    const norm = s.upload('norm', [1], 'f32', Float32Array.of(value));
    const clip = s.tensor('clip', [1], 'f32');
    const rec = gpu.record('test');
    clipFactor(rec, { norm, clip, maxNorm: 2 });
    await rec.submit();
    expect((await gpu.readF32(clip))[0]).toBeCloseTo(want, 6);
  }
});

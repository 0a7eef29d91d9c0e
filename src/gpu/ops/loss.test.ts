import { describe, expect, test } from 'vitest';
import * as oracle from '#e2e/reference/transformer.ts';
import { testGpu } from '../testing.ts';
import { dot, expectClose, finiteDifferences, normals } from './checks.ts';
import { crossEntropy, crossEntropyBackward, entropy, klDivergence } from './loss.ts';

// One invocation a row and 64 a row (LANES of lib/reduce.wgsl) on the same adapter.
const software = await testGpu({ caps: { class: 'software' } });
const hardware = await testGpu({ caps: { class: 'nvidia' } });
const DEVICES = [
  ['software', software],
  ['hardware', hardware],
] as const;

// exp and log of f32 logits below 20: relative error of a probability 20·2^-24 + 3 ulp of exp; sums of 131 terms.
const TOL = { rel: 1e-5, abs: 1e-5 };
const NONE = 0xffffffff;

for (const [lanes, gpu] of DEVICES)
  describe(`losses as on ${lanes}`, () => {
    for (const [n, v] of [
      [1, 1],
      [3, 131],
      [65, 64],
      [2, 4099],
    ] as const)
      test(`[${n}, ${v}] agree with the oracle`, async () => {
        using s = gpu.scope('test');
        const logits = normals('logits', n * v, 4);
        const q_logits = normals('q', n * v, 4);
        const weights = normals('weights', n);
        const targets = Uint32Array.from({ length: n }, (_, i) => (i === 1 ? NONE : (i * 37) % v));
        const p = s.upload('logits', [n, v], 'f32', logits);
        const q = s.upload('q', [n, v], 'f32', q_logits);
        const ids = s.upload('targets', [n], 'u32', targets);
        const w = s.upload('weights', [n], 'f32', weights);
        const row = (label: string) => s.tensor(label, [n], 'f32');
        const [nats, lse, kl, h] = [row('nats'), row('lse'), row('kl'), row('entropy')];
        const d_logits = s.tensor('d_logits', [n, v], 'f32');
        const rec = gpu.record('test');
        crossEntropy(rec, { logits: p, targets: ids, nats, lse });
        crossEntropyBackward(rec, { logits: p, targets: ids, weights: w, lse, d_logits });
        klDivergence(rec, { p_logits: p, q_logits: q, kl });
        entropy(rec, { logits: p, entropy: h });
        await rec.submit();
        expectClose(await gpu.readF32(nats), oracle.crossEntropy(logits, targets, v), TOL);
        const grads = oracle.crossEntropyBackward(logits, targets, weights, v);
        expectClose(await gpu.readF32(d_logits), grads, TOL);
        expectClose(await gpu.readF32(kl), oracle.klDivergence(logits, q_logits, { n, v }), TOL);
        expectClose(await gpu.readF32(h), oracle.entropy(logits, { n, v }), TOL);
      });
    test('logits of ±100 and far apart stay finite', async () => {
      using s = gpu.scope('test');
      const logits = Float32Array.of(100, -100, 0, -100, 100, 100);
      const p = s.upload('p', [2, 3], 'f32', logits);
      const q = s.upload('q', [2, 3], 'f32', Float32Array.of(-100, 100, 0, -100, 100, 100));
      const targets = s.upload('targets', [2], 'u32', Uint32Array.of(1, 1));
      const [nats, lse, kl] = ['nats', 'lse', 'kl'].map((l) => s.tensor(l, [2], 'f32'));
      const rec = gpu.record('test');
      crossEntropy(rec, { logits: p, targets, nats: nats!, lse: lse! });
      klDivergence(rec, { p_logits: p, q_logits: q, kl: kl! });
      await rec.submit();
      expectClose(await gpu.readF32(nats!), [200, Math.LN2], { rel: 1e-6, abs: 0 });
      expectClose(await gpu.readF32(kl!), [200, 0], { rel: 1e-6, abs: 1e-6 });
    });
  });

test('the oracle of the backward pass agrees with finite differences', () => {
  const logits = Float64Array.from(normals('fd logits', 10));
  const targets = [4, 0];
  const weights = [0.3, -2];
  const got = oracle.crossEntropyBackward(logits, targets, weights, 5);
  const want = finiteDifferences(logits, (x) => dot(oracle.crossEntropy(x, targets, 5), weights));
  expectClose(got, want, { rel: 1e-7, abs: 1e-9 }); // f64 central differences
  expect(got.length).toBe(10);
});

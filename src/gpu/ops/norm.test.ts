import { describe, expect, test } from 'vitest';
import { layerNorm as oracle, layerNormBackward as oracleBackward } from '#e2e/reference/transformer.ts';
import { testGpu } from '../testing.ts';
import { dot, expectClose, finiteDifferences, normals } from './checks.ts';
import { layerNorm, layerNormBackward, layerNormParamGrads } from './norm.ts';

// One invocation a row and 64 a row (LANES of lib/reduce.wgsl) on the same adapter.
const software = await testGpu({ caps: { class: 'software' } });
const hardware = await testGpu({ caps: { class: 'nvidia' } });
const DEVICES = [
  ['software', software],
  ['hardware', hardware],
] as const;

const EPS = 1e-5;
// Sums of at most 131 f32 terms of size about 1: relative error below 131·2^-24 = 8e-6.
const TOL = { rel: 2e-5, abs: 2e-5 };

for (const [lanes, gpu] of DEVICES)
  describe(`row kernels as on ${lanes}`, () => {
    for (const [n, d] of [
      [1, 1],
      [1, 131],
      [65, 64],
      [64, 63],
      [7, 65],
    ] as const)
      test(`layer norm [${n}, ${d}] forward and backward agree with the oracle`, async () => {
        using s = gpu.scope('test');
        const host = {
          x: normals('x', n * d).map((v) => v + 3),
          gain: normals('gain', d),
          bias: normals('bias', d),
          d_y: normals('d_y', n * d),
        };
        const x = s.upload('x', [n, d], 'f32', host.x);
        const gain = s.upload('gain', [d], 'f32', host.gain);
        const bias = s.upload('bias', [d], 'f32', host.bias);
        const d_y = s.upload('d_y', [n, d], 'f32', host.d_y);
        const y = s.tensor('y', [n, d], 'f32');
        const mean = s.tensor('mean', [n], 'f32');
        const rstd = s.tensor('rstd', [n], 'f32');
        const d_x = s.upload('d_x', [n, d], 'f32', host.d_y);
        const d_gain = s.tensor('d_gain', [d], 'f32');
        const d_bias = s.tensor('d_bias', [d], 'f32');
        const rec = gpu.record('test');
        layerNorm(rec, { x, gain, bias, y, mean, rstd, eps: EPS });
        layerNormBackward(rec, { x, gain, mean, rstd, d_y, d_x, accumulate: true });
        layerNormParamGrads(rec, { x, mean, rstd, d_y, d_gain, d_bias });
        layerNormParamGrads(rec, { x, mean, rstd, d_y, d_gain, d_bias, accumulate: true });
        await rec.submit();
        expectClose(await gpu.readF32(y), oracle(host.x, host.gain, host.bias, { n, d }, EPS), TOL);
        const want = oracleBackward(host.x, host.gain, host.d_y, { n, d }, EPS);
        // With one column x − mean is rounding only, and rstd = 1/sqrt(eps) = 316 blows it up.
        const tol = d === 1 ? { rel: 1e-3, abs: 1e-3 } : TOL;
        const grown = want.d_x.map((g, i) => g + (host.d_y[i] as number));
        expectClose(await gpu.readF32(d_x), grown, tol);
        // 65 rows, added twice.
        const twice = (g: Float64Array) => g.map((v) => 2 * v);
        expectClose(await gpu.readF32(d_gain), twice(want.d_gain), { rel: 2e-5, abs: 1e-4 });
        expectClose(await gpu.readF32(d_bias), twice(want.d_bias), { rel: 2e-5, abs: 1e-4 });
      });
  });

test('the oracle of the backward pass agrees with finite differences', () => {
  const size = { n: 3, d: 5 };
  const x = Float64Array.from(normals('fd x', 15));
  const gain = Float64Array.from(normals('fd gain', 5));
  const bias = Float64Array.from(normals('fd bias', 5));
  const d_y = normals('fd d_y', 15);
  const got = oracleBackward(x, gain, d_y, size, EPS);
  // f64 central differences: error about 1e-10 times third derivatives of order 10.
  const tol = { rel: 1e-6, abs: 1e-7 };
  expectClose(
    finiteDifferences(x, (p) => dot(oracle(p, gain, bias, size, EPS), d_y)),
    got.d_x,
    tol,
  );
  expectClose(
    finiteDifferences(gain, (p) => dot(oracle(x, p, bias, size, EPS), d_y)),
    got.d_gain,
    tol,
  );
  expectClose(
    finiteDifferences(bias, (p) => dot(oracle(x, gain, p, size, EPS), d_y)),
    got.d_bias,
    tol,
  );
  expect(got.d_x.length).toBe(15);
});

import { expect, test } from 'vitest';
import { activationSlopes, activations, erf } from '#e2e/reference/transformer.ts';
import { testGpu } from '../testing.ts';
import { type ActivationName, activate, activateBackward } from './activation.ts';
import { expectClose, normals } from './checks.ts';

const gpu = await testGpu();
const NAMES = Object.keys(activations) as ActivationName[];
// A dense sweep of the bends, both ends of every clamp, and values that only overflow would mistreat.
const X = Float32Array.from([
  ...Array.from({ length: 401 }, (_, i) => (i - 200) / 20),
  ...[1, 1.41, 1.42, 12, 15, 30, 40, 80, 100, 1e4].flatMap((v) => [v, -v]),
  ...[0, 1e-6, -1e-6, 1e-30],
]);

for (const act of NAMES) {
  test(`${act} and its slope agree with f64 from −10,000 to 10,000`, async () => {
    using s = gpu.scope('test');
    const n = X.length;
    const x = s.upload('x', [n], 'f32', X);
    const d_y = s.upload('d_y', [n], 'f32', normals('d_y', n));
    const y = s.tensor('y', [n], 'f32');
    const d_x = s.tensor('d_x', [n], 'f32');
    const rec = gpu.record('test');
    activate(rec, { act, x, y });
    activateBackward(rec, { act, x, d_y, d_x });
    await rec.submit();
    // Φ and the sigmoid are good to 2e-7 (decision 8) and get multiplied by |x| <= 10 where they are not 0 or 1.
    const want = Array.from(X, activations[act]);
    expectClose(await gpu.readF32(y), want, { rel: 5e-7, abs: 1e-6 });
    const slopes = Array.from(X, activationSlopes[act]);
    const grads = Array.from(normals('d_y', n), (g, i) => g * (slopes[i] as number));
    // |d_y| < 4 multiplies an error of 2e-7 + |x|·6e-8.
    expectClose(await gpu.readF32(d_x), grads, { rel: 2e-6, abs: 4e-6 });
  });
  test(`the slope of ${act} in the oracle agrees with finite differences`, () => {
    const h = 1e-5; // truncation h²·f‴/6 ~ 1e-10, rounding of the erf series 1e-12 / h
    for (const x of [-3.3, -0.7, 0.2, 1.9, 4.1]) {
      const slope = (activations[act](x + h) - activations[act](x - h)) / (2 * h);
      expect(Math.abs(slope - activationSlopes[act](x))).toBeLessThan(1e-8);
    }
  });
}

test('gelu implies an erf within 2e-7 of the true one', async () => {
  using s = gpu.scope('test');
  const grid = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 400).filter((v) => v !== 0);
  const x = s.upload('x', [grid.length], 'f32', grid);
  const y = s.tensor('y', [grid.length], 'f32');
  const rec = gpu.record('test');
  activate(rec, { act: 'gelu', x, y });
  await rec.submit();
  const got = await gpu.readF32(y);
  // gelu = x·(1 + erf(x/√2))/2, so the f32 rounding of the last product (6e-8) is part of what is seen.
  const worst = grid.reduce((most, v, i) => {
    const implied = (2 * (got[i] as number)) / v - 1;
    return Math.max(most, Math.abs(implied - erf(v / Math.SQRT2)));
  }, 0);
  expect(worst).toBeLessThan(2e-7 + 1.2e-7);
});

import { expect } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '../device.ts';
import type { Recorder } from '../recorder.ts';
import type { Scope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';

/** n seeded normals times `scale`, as f32. */
export function normals(seed: string, n: number, scale = 1): Float32Array<ArrayBuffer> {
  const rng = makeRng(seed);
  return Float32Array.from({ length: n }, () => scale * rng.normal());
}

export interface Tolerance {
  readonly rel: number;
  readonly abs: number;
}

/** Every element: |actual − expected| ≤ abs + rel·|expected|; says the worst element. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tol: Tolerance): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const got = actual[i] as number;
    const want = expected[i] as number;
    const over = Math.abs(got - want) / (tol.abs + tol.rel * Math.abs(want));
    if (!(over <= worst)) {
      worst = Number.isNaN(over) ? Number.POSITIVE_INFINITY : over;
      at = i;
    }
  }
  expect(worst, `element ${at}: got ${actual[at]}, expected ${expected[at]}`).toBeLessThanOrEqual(1);
}

/**
 * Central differences of a scalar function of `x`, element by element: (f(x + h) − f(x − h)) / 2h.
 * In f64 with h = 1e-5 the truncation error is about 1e-10·f‴ and rounding about 1e-11·f.
 */
export function finiteDifferences(x: Float64Array, f: (x: Float64Array) => number, h = 1e-5): Float64Array {
  return x.map((value, i) => {
    const up = Float64Array.from(x);
    const down = Float64Array.from(x);
    up[i] = value + h;
    down[i] = value - h;
    return (f(up) - f(down)) / (2 * h);
  });
}

/** Σ a·b in f64: turns a function with many outputs into a scalar for `finiteDifferences`. */
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * (b[i] as number), 0);

/** Runs one recording in a scope of its own and reads `out`; the test waits for the GPU here on purpose. */
export async function runOp(
  gpu: Gpu,
  record: (rec: Recorder, s: Scope) => Tensor<'f32'>,
): Promise<Float32Array> {
  using s = gpu.scope('test');
  const rec = gpu.record('test');
  const out = record(rec, s);
  await rec.submit();
  return await gpu.readF32(out);
}

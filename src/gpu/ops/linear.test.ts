import { expect, test } from 'vitest';
import { matmul as oracle } from '#e2e/reference/linalg.ts';
import { testGpu } from '../testing.ts';
import { expectClose, normals, runOp } from './checks.ts';
import { type MatmulCall, type MatmulLayout, matmul } from './linear.ts';

const gpu = await testGpu();
const LAYOUTS = ['NN', 'NT', 'TN'] as const;
// f32 sums of at most 131 products of normals: |sum| ~ 11, rounding 131·2^-24·11 ~ 1e-4 at worst, 1e-5 in practice.
const TOL = { rel: 1e-5, abs: 3e-5 };

interface Size {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}
type Options = Pick<MatmulCall, 'family' | 'accumulate' | 'maxBindingBytes'> & {
  readonly withBias?: boolean;
};

async function check(layout: MatmulLayout, { m, n, k }: Size, options: Options = {}): Promise<void> {
  const a = normals('a', m * k);
  const b = normals('b', k * n);
  const bias = normals('bias', n);
  const start = normals('start', m * n);
  const { withBias, ...rest } = options;
  const got = await runOp(gpu, (rec, s) => {
    const out = s.upload('out', [m, n], 'f32', start);
    matmul(rec, {
      layout,
      a: s.upload('a', layout === 'TN' ? [k, m] : [m, k], 'f32', a),
      b: s.upload('b', layout === 'NT' ? [n, k] : [k, n], 'f32', b),
      ...(withBias && { bias: s.upload('bias', [n], 'f32', bias) }),
      out,
      ...rest,
    });
    return out;
  });
  const want = oracle(
    layout,
    { m, n, k },
    { a, b, ...(withBias && { bias }), ...(options.accumulate && { start }) },
  );
  expectClose(got, want, TOL);
}

for (const layout of LAYOUTS) {
  test(`${layout}: odd and prime sizes, one row, one column, one product`, async () => {
    for (const [m, n, k] of [
      [1, 1, 1],
      [7, 13, 5],
      [1, 64, 3],
      [65, 1, 127],
      [33, 31, 67],
    ] as const)
      await check(layout, { m, n, k }, { withBias: true });
  });
  test(`${layout}: tile, tile ± 1 and several workgroups`, async () => {
    for (const [m, n, k] of [
      [16, 16, 4],
      [15, 12, 8],
      [17, 20, 12],
      [64, 64, 32],
      [68, 76, 36],
      [129, 60, 44],
      [4, 132, 131],
    ] as const) {
      await check(layout, { m, n, k });
      await check(layout, { m, n, k }, { withBias: true, accumulate: true });
    }
  });
  test(`${layout}: the shared-memory tile agrees at its edges`, async () => {
    for (const [m, n, k] of [
      [64, 64, 16],
      [68, 60, 20],
      [4, 68, 132],
    ] as const)
      await check(layout, { m, n, k }, { family: 'shm', withBias: true, accumulate: true });
    await check(layout, { m: 200, n: 64, k: 96 }, { family: 'shm', maxBindingBytes: 8192, withBias: true });
  });
  test(`${layout}: the general form agrees at vec4 sizes`, async () => {
    await check(layout, { m: 36, n: 44, k: 20 }, { family: 'any', withBias: true, accumulate: true });
  });
  test(`${layout}: operands over the binding limit are split by rows`, async () => {
    for (const accumulate of [false, true]) {
      await check(layout, { m: 200, n: 64, k: 96 }, { maxBindingBytes: 8192, withBias: true, accumulate });
      await check(layout, { m: 131, n: 13, k: 67 }, { maxBindingBytes: 16384, withBias: true, accumulate });
    }
  });
}

for (const family of ['reg', 'shm'] as const)
  test(`NT ${family}: any number of columns, as of a vocabulary`, async () => {
    for (const [m, n, k] of [
      [5, 67, 8],
      [16, 1, 36],
      [65, 129, 20],
    ] as const)
      await check('NT', { m, n, k }, { family, withBias: true, accumulate: true });
    await check('NT', { m: 33, n: 203, k: 64 }, { family, withBias: true, maxBindingBytes: 32768 });
  });

test('a wrong inner dimension is refused by name', () => {
  const g = gpu;
  using s = g.scope('test');
  const t = (shape: readonly number[]) => s.tensor('t', shape, 'f32');
  expect(() =>
    matmul(g.record('test'), { layout: 'NN', a: t([2, 3]), b: t([4, 5]), out: t([2, 5]) }),
  ).toThrow(/matmul NN: b .* should be \[k n\]/);
});

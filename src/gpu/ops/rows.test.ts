import { describe, expect, test } from 'vitest';
import { reduceColumns as columnsOracle, reduceRows as rowsOracle } from '#e2e/reference/linalg.ts';
import type { Gpu } from '../device.ts';
import { testGpu } from '../testing.ts';
import { expectClose, normals, runOp } from './checks.ts';
import { add, axpy, copy, fill, scale } from './elementwise.ts';
import { foldGrid } from './grid.ts';
import { partialsLength, reduceAll, reduceColumns, reduceRows } from './reduce.ts';
import { addRow, gatherRows, scaleRows } from './rows.ts';

// One invocation a row and 64 a row (LANES of lib/reduce.wgsl) on the same adapter.
const software = await testGpu({ caps: { class: 'software' } });
const hardware = await testGpu({ caps: { class: 'nvidia' } });
const DEVICES = [
  ['software', software],
  ['hardware', hardware],
] as const;

const exact = { rel: 2e-7, abs: 1e-30 }; // one or two roundings
const sums = { rel: 1e-5, abs: 5e-5 }; // at most 5,000 normals in blocks of 64

async function reductions(gpu: Gpu, n: number, d: number): Promise<void> {
  const x = normals('x', n * d);
  const start = normals('start', Math.max(n, d));
  for (const of of ['sum', 'sum_squares'] as const)
    for (const accumulate of [false, true]) {
      const grown = (want: Float64Array) =>
        accumulate ? want.map((v, i) => v + (start[i] as number)) : want;
      const columns = await runOp(gpu, (rec, s) => {
        const out = s.upload('out', [d], 'f32', start.slice(0, d));
        reduceColumns(rec, { x: s.upload('x', [n, d], 'f32', x), out, of, scale: 0.5, accumulate });
        return out;
      });
      expectClose(columns, grown(columnsOracle(x, { n, d }, of, 0.5)), sums);
      const rows = await runOp(gpu, (rec, s) => {
        const out = s.upload('out', [n], 'f32', start.slice(0, n));
        reduceRows(rec, { x: s.upload('x', [n, d], 'f32', x), out, of, scale: 0.5, accumulate });
        return out;
      });
      expectClose(rows, grown(rowsOracle(x, { n, d }, of, 0.5)), sums);
    }
}

for (const [lanes, gpu] of DEVICES)
  describe(`reductions as on ${lanes}`, () => {
    for (const [n, d] of [
      [1, 1],
      [65, 67],
      [130, 3],
      [2, 4999],
    ] as const)
      test(`columns and rows of [${n}, ${d}]`, () => reductions(gpu, n, d));
    test('the sum and the norm over several tensors', async () => {
      const a = normals('a', 3 * 1021);
      const b = normals('b', 7);
      const got = await Promise.all(
        [false, true].map((root) =>
          runOp(gpu, (rec, s) => {
            const xs = [s.upload('a', [3, 1021], 'f32', a), s.upload('b', [7], 'f32', b)];
            const out = s.tensor('out', [1], 'f32');
            const partials = s.tensor('partials', [partialsLength(2)], 'f32');
            reduceAll(rec, { xs, of: root ? 'sum_squares' : 'sum', root, partials, out });
            return out;
          }),
        ),
      );
      const all = [...a, ...b];
      const sum = all.reduce((x, y) => x + y, 0);
      const norm = Math.sqrt(all.reduce((x, y) => x + y * y, 0));
      expectClose([got[0]?.[0] as number, got[1]?.[0] as number], [sum, norm], sums);
    });
  });

describe('elementwise', () => {
  const gpu = software;
  for (const n of [1, 63, 257])
    test(`add, axpy, scale, copy and fill of ${n}`, async () => {
      using s = gpu.scope('test');
      const [a, b] = [normals('a', n), normals('b', n)];
      const x = s.upload('a', [n], 'f32', a);
      const y = s.upload('b', [n], 'f32', b);
      const out = ['sum', 'scaled', 'copied', 'filled'].map((label) => s.tensor(label, [n], 'f32'));
      const rec = gpu.record('test');
      add(rec, { a: x, b: y, out: out[0]! });
      scale(rec, { alpha: -2, x, out: out[1]! });
      copy(rec, { x, out: out[2]! });
      fill(rec, { value: 0.25, out: out[3]! });
      axpy(rec, { alpha: 3, x, y });
      await rec.submit();
      const got = await Promise.all([...out, y].map((t) => gpu.readF32(t)));
      expectClose(
        got[0]!,
        a.map((v, i) => v + b[i]!),
        exact,
      );
      expectClose(
        got[1]!,
        a.map((v) => -2 * v),
        exact,
      );
      expectClose(got[2]!, a, exact);
      expectClose(got[3]!, new Float32Array(n).fill(0.25), exact);
      expectClose(
        got[4]!,
        a.map((v, i) => b[i]! + 3 * v),
        { rel: 2e-7, abs: 1e-6 },
      );
    });
  test('tensors of different size are refused by name', () => {
    using s = gpu.scope('test');
    const [a, b] = [s.tensor('a', [3], 'f32'), s.tensor('b', [4], 'f32')];
    expect(() => scale(gpu.record('test'), { alpha: 1, x: a, out: b })).toThrow(/out .* has 4 elements, x 3/);
  });
  test('rows are gathered, shifted and scaled; an index outside gives zeros', async () => {
    using s = gpu.scope('test');
    const table = s.upload('table', [2, 3], 'f32', Float32Array.of(1, 2, 3, 4, 5, 6));
    const idx = s.upload('idx', [3], 'u32', Uint32Array.of(1, 9, 0));
    const [g, a, f] = ['g', 'a', 'f'].map((label) => s.tensor(label, [3, 3], 'f32'));
    const row = s.upload('row', [3], 'f32', Float32Array.of(1, 0, -1));
    const factors = s.upload('factors', [3], 'f32', Float32Array.of(2, 3, 4));
    const rec = gpu.record('test');
    gatherRows(rec, { table, idx, out: g! });
    addRow(rec, { x: g!, row, alpha: 10, out: a! });
    scaleRows(rec, { x: a!, factors, out: f! });
    await rec.submit();
    expect([...(await gpu.readF32(g!))]).toEqual([4, 5, 6, 0, 0, 0, 1, 2, 3]);
    expect([...(await gpu.readF32(f!))]).toEqual([28, 10, -8, 30, 0, -30, 44, 8, -28]);
  });
  test('a table over the binding limit is gathered window by window', async () => {
    const table = normals('table', 200 * 3);
    const idx = Uint32Array.from({ length: 77 }, (_, i) => (i * 59) % 203);
    const got = await runOp(gpu, (rec, s) => {
      const out = s.upload('out', [77, 3], 'f32', normals('old', 231));
      const t = { table: s.upload('table', [200, 3], 'f32', table), idx: s.upload('idx', [77], 'u32', idx) };
      gatherRows(rec, { ...t, out, maxBindingBytes: 1024 });
      return out;
    });
    const want = Array.from({ length: 231 }, (_, i) => table[idx[Math.floor(i / 3)]! * 3 + (i % 3)] ?? 0);
    expect([...got]).toEqual(want);
  });
  test('a grid over 65,535 workgroups folds into two dimensions that cover it', () => {
    for (const workgroups of [1, 65535, 65536, 1_000_003]) {
      const [x, y = 1] = foldGrid(workgroups);
      expect(x).toBeLessThanOrEqual(65535);
      expect(x * y).toBeGreaterThanOrEqual(workgroups);
    }
  });
});

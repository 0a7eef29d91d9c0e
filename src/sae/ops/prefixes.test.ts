import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { Entry } from '#e2e/reference/sae.ts';
import { type PrefixProblem, prefixLossRef, suffixSumsRef } from '#e2e/reference/sae_prefixes.ts';
import { testGpu } from '#gpu/testing.ts';
import { decodePrefixes, prefixEnd } from './prefixes.ts';
import { columnStats, statSegments } from './stats.ts';
import { dzMark, fillPairs, fireStats, scanCounts } from './transpose.ts';

const gpu = await testGpu();

function problem(o: { n: number; d_in: number; ends: readonly number[]; k: number }): PrefixProblem {
  const rng = makeRng(`prefixes ${JSON.stringify(o)}`);
  const d_sae = o.ends.at(-1) as number;
  const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => rng.normal());
  const entries: Entry[] = [];
  for (let row = 0; row < o.n; row++) {
    const features = new Set(Array.from({ length: row % 3 === 2 ? 0 : o.k }, () => rng.int(d_sae)));
    for (const f of [...features].sort((a, b) => a - b))
      entries.push({ row, f, val: Math.fround(0.1 + rng.uniform()) });
  }
  return { ...o, x: draw(o.n * o.d_in), W_dec: draw(d_sae * o.d_in), b_dec: draw(o.d_in), entries };
}

function padded(data: ArrayLike<number>, d_in: number): Float32Array<ArrayBuffer> {
  const d_pad = Math.ceil(d_in / 4) * 4;
  const out = new Float32Array((data.length / d_in) * d_pad);
  for (let i = 0; i < data.length; i++) out[Math.floor(i / d_in) * d_pad + (i % d_in)] = data[i] as number;
  return out;
}

/** The kernels' answer: err, dz in entry order, err_sum, loss, and the row of err of every pair by feature. */
async function runGpu(p: PrefixProblem) {
  using s = gpu.scope('prefixes');
  const { n, d_in, ends } = p;
  const d_sae = ends.at(-1) as number;
  const d_pad = Math.ceil(d_in / 4) * 4;
  const cap = p.entries.length + 2;
  const start = Array.from({ length: n + 1 }, (_, row) => p.entries.filter((e) => e.row < row).length);
  start[n] = cap; // two unused entries at the end of the last row
  const of = (pick: (e: Entry) => number): number[] => [...p.entries.map(pick), 0, 0];
  const code = {
    rowStart: s.upload('row_start', [n + 1], 'u32', Uint32Array.from(start)),
    idx: s.upload('idx', [cap], 'u32', Uint32Array.from(of((e) => e.f))),
    val: s.upload('val', [cap], 'f32', Float32Array.from(of((e) => e.val))),
    cap,
  };
  const x = s.upload('x', [n, d_pad], 'f32', padded(p.x, d_in));
  const W_dec = s.upload('W_dec', [d_sae, d_pad], 'f32', padded(p.W_dec, d_in));
  const b_dec = s.upload('b_dec', [d_pad], 'f32', padded(p.b_dec, d_in));
  const err = s.tensor('err', [n * (1 + ends.length), d_pad], 'f32');
  const row_loss = s.tensor('row_loss', [n], 'f32');
  const part = s.tensor('part', [statSegments(n), 4, d_pad], 'f32');
  const err_sum = s.tensor('err_sum', [d_pad], 'f32');
  const scalars = s.zeros('scalars', [16], 'f32');
  const dz = s.tensor('dz', [cap], 'f32');
  const bits = s.zeros('bits', [d_sae, Math.ceil(n / 32)], 'u32');
  const byFeature = s.tensor('start', [d_sae + 1], 'u32');
  const counts = () => s.zeros('count', [d_sae], 'u32');
  const [by_val, by_dz] = [s.tensor('by_val', [cap, 2], 'u32'), s.tensor('by_dz', [cap, 2], 'u32')];
  const rec = gpu.record('prefixes');
  decodePrefixes(rec, { W_dec, b_dec, x, code, err, row_loss, ends });
  columnStats(rec, { err, x, part, fromRow: n, withX: false });
  prefixEnd(rec, { part, row_loss, err_sum, scalars });
  dzMark(rec, { W_dec, err, code, dz, bits, prefixes: { ends, n } });
  const stats = { hits: counts(), last_fired: counts(), fired: counts() };
  fireStats(rec, { bits, start: byFeature, ...stats, n, step: 1 });
  scanCounts(rec, byFeature);
  fillPairs(rec, { code, dz, bits, start: byFeature, by_val, by_dz, rows: n, n, ends });
  await rec.submit();
  return {
    d_pad,
    err: await gpu.readF32(err),
    dz: await gpu.readF32(dz),
    err_sum: await gpu.readF32(err_sum),
    loss: (await gpu.readF32(scalars))[8]!,
    pairs: await gpu.readU32(by_val),
  };
}

/** Sums of at most 40 products of size 1 in f32. */
const near = (got: number, want: number, what: string): void =>
  expect(Math.abs(got - want), `${what}: ${got}, expected ${want}`).toBeLessThan(2e-5 * (1 + Math.abs(want)));

for (const o of [
  { n: 1, d_in: 3, ends: [2, 5], k: 3 },
  { n: 7, d_in: 4, ends: [13], k: 4 },
  { n: 37, d_in: 13, ends: [5, 11, 17, 40, 67], k: 6 },
  { n: 33, d_in: 17, ends: [1, 2, 4, 8, 16, 32, 64, 101], k: 9 },
])
  test(`suffix sums of ${o.ends.length} prefixes over ${o.n} rows of ${o.d_in} follow the oracle`, async () => {
    const p = problem(o);
    const got = await runGpu(p);
    const sums = suffixSumsRef(p);
    near(got.loss, prefixLossRef(p), 'loss');
    sums.forEach((sum, h) => {
      for (let r = 0; r < o.n; r++)
        for (let c = 0; c < o.d_in; c++)
          near(got.err[(o.n * (1 + h) + r) * got.d_pad + c]!, sum[r * o.d_in + c]!, `S_${h} [${r}, ${c}]`);
    });
    for (let c = 0; c < o.d_in; c++) {
      const want = Array.from({ length: o.n }, (_, r) => sums[0]![r * o.d_in + c]!).reduce(
        (a, b) => a + b,
        0,
      );
      near(got.err_sum[c]!, want, `err_sum ${c}`);
    }
    const level = (f: number): number => o.ends.findIndex((end) => f < end);
    const order = [...p.entries].sort((a, b) => a.f - b.f || a.row - b.row);
    expect(order.map((_, i) => got.pairs[2 * i])).toEqual(order.map((e) => o.n * (1 + level(e.f)) + e.row));
  });

test('gradients are those of the loss: finite differences by every act, decoder weight and bias', async () => {
  const p = problem({ n: 6, d_in: 5, ends: [3, 7, 12], k: 3 });
  const got = await runGpu(p);
  const h = 1e-5;
  const slope = (make: (d: number) => PrefixProblem): number =>
    (prefixLossRef(make(h)) - prefixLossRef(make(-h))) / (2 * h);
  /** The loss is quadratic, so central differences are exact but for f64 rounding ÷ h and the kernels' f32. */
  const close = (value: number, want: number, what: string): void =>
    expect(Math.abs(value - want), `${what}: ${value}, expected ${want}`).toBeLessThan(1e-4);
  const moved = (data: ArrayLike<number>, at: number, d: number): Float64Array =>
    Float64Array.from(data, (v, i) => (i === at ? v + d : v));
  p.entries.forEach((_, j) => {
    const by = slope((d) => ({
      ...p,
      entries: p.entries.map((e, i) => (i === j ? { ...e, val: e.val + d } : e)),
    }));
    close(got.dz[j]!, by, `dz ${j}`);
  });
  for (let c = 0; c < p.d_in; c++)
    close(
      got.err_sum[c]!,
      slope((d) => ({ ...p, b_dec: moved(p.b_dec, c, d) })),
      `b_dec ${c}`,
    );
  const order = [...p.entries].sort((a, b) => a.f - b.f || a.row - b.row);
  for (let f = 0; f < 12; f++)
    for (let c = 0; c < p.d_in; c++) {
      let gradient = 0;
      order.forEach((e, i) => {
        if (e.f === f) gradient += e.val * got.err[got.pairs[2 * i]! * got.d_pad + c]!;
      });
      close(
        gradient,
        slope((d) => ({ ...p, W_dec: moved(p.W_dec, f * p.d_in + c, d) })),
        `W_dec ${f}, ${c}`,
      );
    }
});

import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { dzMark, fillPairs, fireStats, scanCounts } from './transpose.ts';

const gpu = await testGpu();

interface Case {
  /** Rows of the batch; as many AuxK rows follow when `aux`. */
  readonly n: number;
  readonly aux: boolean;
  readonly d_sae: number;
  readonly d_pad: number;
  readonly density: number;
}
const CASES: readonly Case[] = [
  { n: 1, aux: false, d_sae: 1, d_pad: 4, density: 1 },
  { n: 33, aux: true, d_sae: 67, d_pad: 12, density: 0.1 },
  { n: 31, aux: true, d_sae: 300, d_pad: 8, density: 0.02 },
  { n: 65, aux: false, d_sae: 5, d_pad: 20, density: 1 },
  { n: 40, aux: false, d_sae: 64, d_pad: 4, density: 0 },
];

for (const c of CASES)
  test(`pairs by feature: ${c.n} rows${c.aux ? ' and AuxK rows' : ''}, ${c.d_sae} features, density ${c.density}`, async () => {
    const rng = makeRng(JSON.stringify(c));
    const rows = c.aux ? 2 * c.n : c.n;
    const entries: { row: number; f: number; val: number }[] = [];
    const start = [0];
    for (let row = 0; row < rows; row++) {
      for (let f = 0; f < c.d_sae; f++)
        if (rng.uniform() < c.density) entries.push({ row, f, val: rng.uniform() + 0.1 });
      entries.push({ row, f: 0, val: 0 }); // an unused slot
      start.push(entries.length);
    }
    const draw = (n: number) => Float32Array.from({ length: n }, () => rng.normal());
    const [W, E] = [draw(c.d_sae * c.d_pad), draw(rows * c.d_pad)];
    const cap = entries.length;
    using s = gpu.scope('transpose');
    const code = {
      rowStart: s.upload('row_start', [rows + 1], 'u32', Uint32Array.from(start)),
      idx: s.upload(
        'idx',
        [cap],
        'u32',
        Uint32Array.from(entries, (e) => e.f),
      ),
      val: s.upload(
        'val',
        [cap],
        'f32',
        Float32Array.from(entries, (e) => e.val),
      ),
      cap,
    };
    const t = {
      W_dec: s.upload('W_dec', [c.d_sae, c.d_pad], 'f32', W),
      err: s.upload('err', [rows, c.d_pad], 'f32', E),
      dz: s.zeros('dz', [cap], 'f32'),
      bits: s.zeros('bits', [c.d_sae, Math.ceil(rows / 32)], 'u32'),
      start: s.zeros('start', [c.d_sae + 1], 'u32'),
      hits: s.zeros('hits', [c.d_sae], 'u32'),
      last_fired: s.upload('last_fired', [c.d_sae], 'u32', new Uint32Array(c.d_sae).fill(3)),
      fired: s.upload('fired', [c.d_sae], 'u32', new Uint32Array(c.d_sae).fill(10)),
      by_val: s.zeros('by_val', [cap, 2], 'u32'),
      by_dz: s.zeros('by_dz', [cap, 2], 'u32'),
    };
    const rec = gpu.record('transpose');
    dzMark(rec, { ...t, code });
    fireStats(rec, { ...t, n: c.n, step: 9 });
    scanCounts(rec, t.start);
    fillPairs(rec, { ...t, code, rows, n: c.n });
    await rec.submit();

    const dzOf = (e: { row: number; f: number }): number => {
      let sum = 0;
      for (let i = 0; i < c.d_pad; i++) sum += E[e.row * c.d_pad + i]! * W[e.f * c.d_pad + i]!;
      return sum;
    };
    const want = entries.filter((e) => e.val > 0).sort((a, b) => a.f - b.f || a.row - b.row);
    const starts = Array.from({ length: c.d_sae + 1 }, (_, f) => want.filter((e) => e.f < f).length);
    expect(Array.from(await gpu.readU32(t.start))).toEqual(starts);
    const byVal = await gpu.readU32(t.by_val);
    const byDz = await gpu.readU32(t.by_dz);
    want.forEach((e, j) => {
      expect([byVal[2 * j], byDz[2 * j]]).toEqual([e.row, e.row % c.n]);
      expect(new Float32Array(byVal.buffer)[2 * j + 1]).toBe(Math.fround(e.val));
      // 20 products of size 1.
      expect(Math.abs(new Float32Array(byDz.buffer)[2 * j + 1]! - dzOf(e))).toBeLessThan(1e-5);
    });
    const hits = Array.from(
      { length: c.d_sae },
      (_, f) => want.filter((e) => e.f === f && e.row < c.n).length,
    );
    expect(Array.from(await gpu.readU32(t.hits))).toEqual(hits);
    expect(Array.from(await gpu.readU32(t.last_fired))).toEqual(hits.map((h) => (h > 0 ? 9 : 3)));
    expect(Array.from(await gpu.readU32(t.fired))).toEqual(hits.map((h) => 10 + h));
  });

test('the scan of counts is exact beyond one run an invocation', async () => {
  for (const n of [1, 63, 64, 65, 1000, 4097]) {
    const rng = makeRng(n);
    const counts = Uint32Array.from({ length: n + 1 }, (_, i) => (i < n ? rng.int(9) : 77));
    using s = gpu.scope('scan');
    const start = s.upload('start', [n + 1], 'u32', counts);
    const rec = gpu.record('scan');
    scanCounts(rec, start);
    await rec.submit();
    let before = 0;
    const want = Array.from(counts, (v) => {
      const here = before;
      before += v;
      return here;
    });
    expect(Array.from(await gpu.readU32(start))).toEqual(want);
  }
});

import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { selectTopkRef } from '#e2e/reference/sae.ts';
import type { Gpu } from '#gpu/device.ts';
import { testGpu } from '#gpu/testing.ts';
import { selectTopk } from './select.ts';

const soft = await testGpu();
const wide = await testGpu({ caps: { class: 'nvidia' } });

interface Case {
  n: number;
  d_sae: number;
  k: number;
  draw: (f: number, uniform: () => number) => number;
}

async function run(gpu: Gpu, c: Case, limit?: number) {
  const rng = makeRng(`${c.n} ${c.d_sae} ${c.k}`);
  const data = Float32Array.from({ length: c.n * c.d_sae }, (_, i) =>
    c.draw(i % c.d_sae, () => rng.normal()),
  );
  const fired = Uint32Array.from({ length: c.d_sae }, () => rng.int(10));
  using s = gpu.scope('select');
  const pre_acts = s.upload('pre_acts', [c.n, c.d_sae], 'f32', data);
  const code = {
    rowStart: s.zeros('rowStart', [c.n + 1], 'u32'),
    idx: s.upload('idx', [c.n * c.k], 'u32', new Uint32Array(c.n * c.k).fill(77)),
    val: s.upload('val', [c.n * c.k], 'f32', new Float32Array(c.n * c.k).fill(-5)),
    cap: c.n * c.k,
  };
  const dead =
    limit === undefined
      ? undefined
      : {
          last_fired: s.upload('fired', [c.d_sae], 'u32', fired),
          scalars: s.upload('scalars', [2], 'f32', Float32Array.of(1, 1)),
          limit,
        };
  const rec = gpu.record('select');
  selectTopk(rec, { score: pre_acts, pre_acts, code, k: c.k, fromRow: 0, dead });
  await rec.submit();
  const [start, idx, val] = [
    await gpu.readU32(code.rowStart),
    await gpu.readU32(code.idx),
    await gpu.readF32(code.val),
  ];
  const got = Array.from(val, (v, i) => ({ row: Math.floor(i / c.k), f: idx[i]!, val: v })).filter(
    (e) => e.val !== 0,
  );
  const want = selectTopkRef(data, {
    ...c,
    eligible: (f) => limit === undefined || fired[f]! < limit,
  });
  expect(got).toEqual(want);
  expect(Array.from(start)).toEqual(Array.from({ length: c.n + 1 }, (_, i) => i * c.k));
}

const normal = (_: number, u: () => number): number => u();
/** Few distinct values: every row is full of ties. */
const coarse = (_: number, u: () => number): number => Math.round(u());
const CASES: Record<string, Case> = {
  'one feature': { n: 3, d_sae: 1, k: 1, draw: normal },
  'prime sizes': { n: 7, d_sae: 257, k: 13, draw: normal },
  'a usual row': { n: 5, d_sae: 1024, k: 32, draw: normal },
  'a tile less one': { n: 3, d_sae: 63, k: 31, draw: normal },
  'k of all features': { n: 4, d_sae: 130, k: 130, draw: normal },
  'k beyond the candidates, all positive': { n: 2, d_sae: 2500, k: 1000, draw: (_, u) => Math.abs(u()) },
  'ties everywhere': { n: 6, d_sae: 700, k: 20, draw: coarse },
  'one value in every feature': { n: 2, d_sae: 1025, k: 33, draw: () => 0.5 },
  'nothing positive': { n: 3, d_sae: 200, k: 8, draw: (_, u) => -Math.abs(u()) },
  'fewer positive than k': { n: 3, d_sae: 300, k: 16, draw: (f, u) => (f % 37 === 5 ? Math.abs(u()) : -1) },
  'large and tiny values': { n: 3, d_sae: 513, k: 24, draw: (_, u) => u() * 10 ** (8 * u()) },
  'sorted rows, where group maxima mislead': { n: 2, d_sae: 2048, k: 64, draw: (f) => 2048 - f },
};

const WIDE = ['prime sizes', 'k beyond the candidates, all positive', 'ties everywhere'];
for (const [name, c] of Object.entries(CASES)) test(`select_topk is exact: ${name}`, () => run(soft, c));
for (const name of WIDE)
  test(`select_topk with more invocations is exact: ${name}`, () => run(wide, CASES[name]!));

test('select_topk can be held to features that have not fired lately', async () => {
  for (const limit of [0, 3, 10]) await run(soft, { n: 5, d_sae: 777, k: 40, draw: normal }, limit);
});

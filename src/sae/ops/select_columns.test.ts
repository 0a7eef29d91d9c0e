import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { selectColumnsRef } from '#e2e/reference/sae_select.ts';
import type { Gpu } from '#gpu/device.ts';
import { testGpu } from '#gpu/testing.ts';
import { largestRemainder, zipfShares } from './quotas.ts';
import { columnScratch, selectColumns } from './select_columns.ts';

const soft = await testGpu();
const wide = await testGpu({ caps: { class: 'nvidia' } });

interface Case {
  readonly n: number;
  readonly d_sae: number;
  readonly slots: number;
  readonly draw: (u: () => number, i: number) => number;
}

/** Compares with the oracle exactly: selection has no rounding. `scored`: the score is not the value. */
async function run(gpu: Gpu, c: Case, scored = false): Promise<void> {
  const rng = makeRng(`columns ${c.n} ${c.d_sae} ${c.slots}`);
  const values = Float32Array.from({ length: c.n * c.d_sae }, (_, i) => c.draw(() => rng.normal(), i));
  const weights = scored ? values.map((v) => v * (1 + Math.abs(rng.normal()))) : values;
  const most = c.n * c.slots;
  const quotas = largestRemainder(zipfShares({ s: 0.9, q: 2 }, c.d_sae), most, 1, c.n);
  using s = gpu.scope('select_columns');
  const pre_acts = s.upload('pre_acts', [c.n, c.d_sae], 'f32', values);
  const code = {
    rowStart: s.zeros('rowStart', [c.n + 1], 'u32'),
    idx: s.upload('idx', [most], 'u32', new Uint32Array(most).fill(77)),
    val: s.upload('val', [most], 'f32', new Float32Array(most).fill(-5)),
    cap: most,
  };
  const scalars = s.zeros('scalars', [16], 'f32');
  const [[name, [shape]]] = Object.entries(columnScratch(c.d_sae)) as [[string, [number[], 'u32']]];
  const rec = gpu.record('select_columns');
  selectColumns(rec, {
    score: scored ? s.upload('score', [c.n, c.d_sae], 'f32', weights) : pre_acts,
    pre_acts,
    quotas: s.upload('quotas', [c.d_sae], 'u32', quotas),
    code,
    slots: c.slots,
    cuts: s.tensor(name, shape, 'u32'),
    scalars,
  });
  await rec.submit();
  const want = selectColumnsRef(weights, { ...c, quotas, pre_acts: values });
  const start = await gpu.readU32(code.rowStart);
  const [idx, val] = [await gpu.readU32(code.idx), await gpu.readF32(code.val)];
  const got: typeof want = [];
  for (let row = 0; row < c.n; row++)
    for (let j = start[row]!; j < start[row + 1]!; j++)
      if (val[j] !== 0) got.push({ row, f: idx[j]!, val: val[j]! });
  expect(got).toEqual(want);
  expect(start[c.n]).toBe(most);
  expect(Array.from(val.subarray(want.length))).toEqual(new Array(most - want.length).fill(0));
  const unfilled = (await gpu.readF32(scalars))[8]!;
  expect(Math.abs(unfilled - (most - want.length) / most)).toBeLessThan(1e-6);
}

const CASES: Record<string, Case> = {
  'one row of one feature': { n: 1, d_sae: 1, slots: 1, draw: () => 2 },
  'prime sizes': { n: 101, d_sae: 67, slots: 5, draw: (u) => u() },
  'a usual batch': { n: 256, d_sae: 128, slots: 8, draw: (u) => u() },
  'one feature more than a workgroup': { n: 66, d_sae: 65, slots: 3, draw: (u) => u() },
  'one feature less': { n: 66, d_sae: 63, slots: 2, draw: (u) => u() },
  'every quota full': { n: 9, d_sae: 20, slots: 20, draw: (u) => Math.abs(u()) },
  'ties everywhere': { n: 90, d_sae: 31, slots: 6, draw: (u) => Math.round(u()) },
  'one value in every entry': { n: 70, d_sae: 33, slots: 4, draw: () => 0.5 },
  'nothing positive': { n: 50, d_sae: 30, slots: 3, draw: (u) => -Math.abs(u()) },
  'features that never fire': { n: 40, d_sae: 30, slots: 4, draw: (u, i) => (i % 30 < 5 ? -1 : u()) },
  'large and tiny values': { n: 80, d_sae: 40, slots: 9, draw: (u) => u() * 10 ** (8 * u()) },
};
for (const [name, c] of Object.entries(CASES)) test(`select_columns is exact: ${name}`, () => run(soft, c));
for (const name of ['prime sizes', 'ties everywhere'])
  test(`select_columns with more invocations is exact: ${name}`, () => run(wide, CASES[name]!));
test('select_columns ranks by score and keeps the value', () => run(soft, CASES['a usual batch']!, true));

import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { selectBatchRef } from '#e2e/reference/sae_select.ts';
import type { Gpu } from '#gpu/device.ts';
import { testGpu } from '#gpu/testing.ts';
import { batchScratch, selectBatch } from './select_batch.ts';

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
  const rng = makeRng(`batch ${c.n} ${c.d_sae} ${c.slots}`);
  const size = c.n * c.d_sae;
  const values = Float32Array.from({ length: size }, (_, i) => c.draw(() => rng.normal(), i));
  const weights = scored ? values.map((v) => v * (1 + Math.abs(rng.normal()))) : values;
  using s = gpu.scope('select_batch');
  const pre_acts = s.upload('pre_acts', [c.n, c.d_sae], 'f32', values);
  const score = scored ? s.upload('score', [c.n, c.d_sae], 'f32', weights) : pre_acts;
  const most = c.n * c.slots;
  const code = {
    rowStart: s.zeros('rowStart', [c.n + 1], 'u32'),
    idx: s.upload('idx', [most], 'u32', new Uint32Array(most).fill(77)),
    val: s.upload('val', [most], 'f32', new Float32Array(most).fill(-5)),
    cap: most,
  };
  const scratch = Object.fromEntries(
    Object.entries(batchScratch(c.n)).map(([name, [shape]]) => [
      name,
      s.upload(name, shape, 'u32', new Uint32Array(shape.reduce((a, b) => a * b, 1)).fill(3)),
    ]),
  );
  const tensors = { bins: scratch['batch_bins']!, cut: scratch['batch_cut']!, rows: scratch['batch_rows']! };
  // Twice: what one call leaves behind must not reach the next.
  for (let i = 0; i < 2; i++) {
    const rec = gpu.record('select_batch');
    selectBatch(rec, { score, pre_acts, code, slots: c.slots, ...tensors });
    await rec.submit();
  }
  const want = selectBatchRef(weights, { ...c, most, pre_acts: values });
  const start = await gpu.readU32(code.rowStart);
  const [idx, val] = [await gpu.readU32(code.idx), await gpu.readF32(code.val)];
  const got: typeof want = [];
  for (let row = 0; row < c.n; row++)
    for (let j = start[row]!; j < start[row + 1]!; j++)
      if (val[j] !== 0) got.push({ row, f: idx[j]!, val: val[j]! });
  expect(got).toEqual(want);
  expect(start[c.n]).toBe(most);
  expect(Array.from(val.subarray(want.length))).toEqual(new Array(most - want.length).fill(0));
  expect(Array.from(idx.subarray(want.length))).toEqual(new Array(most - want.length).fill(0));
}

const CASES: Record<string, Case> = {
  'one row of one feature': { n: 1, d_sae: 1, slots: 1, draw: () => 2 },
  'prime sizes': { n: 13, d_sae: 257, slots: 5, draw: (u) => u() },
  'a usual batch': { n: 64, d_sae: 512, slots: 8, draw: (u) => u() },
  'a workgroup of scores less one': { n: 1, d_sae: 4095, slots: 31, draw: (u) => u() },
  'a workgroup of scores and one': { n: 17, d_sae: 241, slots: 3, draw: (u) => u() },
  'all slots': { n: 5, d_sae: 67, slots: 67, draw: (u) => u() },
  'ties everywhere': { n: 31, d_sae: 130, slots: 7, draw: (u) => Math.round(u()) },
  'one value in every entry': { n: 9, d_sae: 65, slots: 4, draw: () => 0.5 },
  'nothing positive': { n: 4, d_sae: 100, slots: 3, draw: (u) => -Math.abs(u()) },
  'fewer positive than slots': {
    n: 6,
    d_sae: 90,
    slots: 10,
    draw: (u, i) => (i % 23 === 4 ? Math.abs(u()) : -1),
  },
  'all in the last row': { n: 7, d_sae: 63, slots: 2, draw: (u, i) => (i >= 6 * 63 ? Math.abs(u()) : -1) },
  'all in the first row': { n: 7, d_sae: 63, slots: 2, draw: (u, i) => (i < 63 ? Math.abs(u()) : -1) },
  'large and tiny values': { n: 8, d_sae: 200, slots: 9, draw: (u) => u() * 10 ** (8 * u()) },
};
for (const [name, c] of Object.entries(CASES)) test(`select_batch is exact: ${name}`, () => run(soft, c));
for (const name of ['prime sizes', 'ties everywhere', 'all in the last row'])
  test(`select_batch with more invocations is exact: ${name}`, () => run(wide, CASES[name]!));
test('select_batch ranks by score and keeps the value', () => run(soft, CASES['a usual batch']!, true));

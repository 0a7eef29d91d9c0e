import { expect, test } from 'vitest';
import { tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { ActivationRows } from '#sae/sae.ts';
import { harvest } from './harvest.ts';
import { windowsOf } from './windows.ts';

const gpu = await testGpu();
const site: HookName = 'blocks.1.attn.hook_z';
const SEQ = 7;
const options = { site, seed: 3, excludedPositions: [0, 2], batch: 2, windowsPerBlock: 5 };
const windows = windowsOf(tinyWindows(11, SEQ), SEQ);
const signal = new AbortController().signal;

/** Rows of `x` as strings, for sets and for bitwise comparison. */
function keys(values: Float32Array, d: number): string[] {
  return Array.from({ length: values.length / d }, (_, i) => values.subarray(i * d, (i + 1) * d).join());
}

test('one epoch gives each row that is not excluded once, as the model makes it', async () => {
  using model = tinyModel(gpu, 'harvest').model;
  using source = harvest(gpu, model, windows, { ...options, epochs: 1 });
  const got: string[] = [];
  for (const n of [9, 25, 13, 8]) {
    const x = (await source.next(n, signal))?.x;
    if (x) got.push(...keys(await gpu.readF32(x), source.d_in));
  }
  expect(await source.next(1, signal)).toBeUndefined();
  expect(got.length).toBe(11 * 5);

  using s = gpu.scope('test');
  using ws = model.workspace({ batch: 11, seq: SEQ, keep: [site] });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [11, SEQ], 'u32', tinyWindows(11, SEQ));
  const run = model.forward(rec, ws, tokens, { stopAt: site });
  await rec.submit();
  const all = keys(await gpu.readF32(run.get(site)), source.d_in);
  const wanted = all.filter((_, i) => i % SEQ !== 0 && i % SEQ !== 2);
  expect(got.toSorted()).toEqual(wanted.toSorted());
  expect(got).not.toEqual(wanted);
});

const readRows = (rows: ActivationRows | undefined): Promise<Float32Array> =>
  gpu.readF32((rows as ActivationRows).x);

test('the stream does not depend on how it is cut, and goes on exactly from a position', async () => {
  using model = tinyModel(gpu, 'harvest').model;
  using one = harvest(gpu, model, windows, options);
  const whole = await readRows(await one.next(90, signal));
  using two = harvest(gpu, model, windows, options);
  const first = await readRows(await two.next(37, signal));
  expect(two.position).toEqual({ block: 1, row: 12 });
  using three = harvest(gpu, model, windows, options);
  three.seek(two.position.block, two.position.row);
  const rest = await readRows(await three.next(53, signal));
  expect([...first, ...rest]).toEqual([...whole]);
  expect(three.position).toEqual(one.position);
});

test('epochs have different orders, seeds too', async () => {
  using model = tinyModel(gpu, 'harvest').model;
  const read = async (seed: number) => {
    using source = harvest(gpu, model, windows, { ...options, seed, windowsPerBlock: 11 });
    const x = (await source.next(110, signal))?.x;
    return keys(await gpu.readF32(x as NonNullable<typeof x>), source.d_in);
  };
  const a = await read(1);
  expect(a.slice(0, 55)).not.toEqual(a.slice(55));
  expect(a.slice(0, 55).toSorted()).toEqual(a.slice(55).toSorted());
  expect(await read(2)).not.toEqual(a);
  expect(await read(1)).toEqual(a);
});

test('a fired signal and a wrong site are refused', async () => {
  using model = tinyModel(gpu, 'harvest').model;
  using source = harvest(gpu, model, windows, options);
  const stop = new AbortController();
  stop.abort();
  await expect(source.next(4, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
  expect(() => harvest(gpu, model, windows, { ...options, site: 'blocks.7.attn.hook_z' })).toThrow(
    'no hook blocks.7.attn.hook_z',
  );
});

test('gradients are those of the summed cross-entropy, row by row, whatever the passes', async () => {
  using model = tinyModel(gpu, 'harvest').model;
  using ws = model.workspace({ batch: 11, seq: SEQ, keep: [site], grad: true });
  using s = gpu.scope('test');
  const ids = tinyWindows(11, SEQ);
  const rec = gpu.record('test');
  const run = model.forward(rec, ws, s.upload('tokens', [11, SEQ], 'u32', ids));
  const targets = s.upload(
    'targets',
    [ids.length],
    'u32',
    Uint32Array.from(ids, (_, i) => ids[i + 1] ?? 0),
  );
  const last = Float32Array.from(ids, (_, i) => (i % SEQ === SEQ - 1 ? 0 : 1));
  const weights = s.upload('weights', [ids.length], 'f32', last);
  const d_z = model.backward(rec, run, { kind: 'ce', targets, weights }).at(site);
  await rec.submit();
  const [z, want] = [await gpu.readF32(run.get(site)), await gpu.readF32(d_z)];

  using plain = harvest(gpu, model, windows, { ...options, epochs: 1 });
  using source = harvest(gpu, model, windows, { ...options, epochs: 1, gradient: true });
  expect([plain.hasGradient, source.hasGradient]).toEqual([false, true]);
  const joined = (x: Float32Array, g: Float32Array): string[] => {
    const [a, b] = [keys(x, source.d_in), keys(g, source.d_in)];
    return a.map((key, i) => `${key} | ${b[i]}`);
  };
  const got: string[] = [];
  for (const n of [9, 25, 21]) {
    const rows = (await source.next(n, signal)) as Required<ActivationRows>;
    const x = await gpu.readF32(rows.x);
    expect([...x]).toEqual([...(await readRows(await plain.next(n, signal)))]);
    got.push(...joined(x, await gpu.readF32(rows.g as NonNullable<ActivationRows['g']>)));
  }
  const kept = joined(z, want).filter((_, i) => i % SEQ !== 0 && i % SEQ !== 2);
  expect(got.toSorted()).toEqual(kept.toSorted());
  expect(want.some((v) => Math.abs(v) > 1e-3)).toBe(true);
});

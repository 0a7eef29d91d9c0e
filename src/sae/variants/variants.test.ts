import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { resolveConfig, type SaeConfig } from '../config.ts';
import { deadLimit } from '../dead.ts';
import { encodeRows } from '../inference.ts';
import { initState } from '../init.ts';
import { adamStep } from '../ops/adam.ts';
import { RING_WIDTH } from '../ops/stats.ts';
import { makeSpace } from '../space.ts';
import { recordStep } from '../step.ts';
import { saeOnGpu } from '../weights.ts';
import { VARIANTS, variantOf } from './index.ts';

const gpu = await testGpu();
/** One list of checks for every variant (house style, rule 35). */
const SHAPE = { batch: 64, d_in: 16, d_sae: 128 };

test('every file of the folder is in the list', () => {
  const files = Object.keys(import.meta.glob('./*.ts')).filter((f) => !/index|\.test/.test(f));
  expect(VARIANTS.map((v) => `./${v.id}.ts`).sort()).toEqual(files.sort());
  expect(new Set(VARIANTS.map((v) => v.id)).size).toBe(VARIANTS.length);
});

/** Sums of two of 20 fixed directions, plus noise. */
function batchOf(step: number): Float32Array<ArrayBuffer> {
  const rng = makeRng(`batch ${step}`);
  const out = Float32Array.from({ length: SHAPE.batch * SHAPE.d_in }, () => 0.1 * rng.normal());
  for (let r = 0; r < SHAPE.batch; r++)
    for (let j = 0; j < 2; j++) {
      const direction = makeRng(`direction ${rng.int(20)}`);
      for (let i = 0; i < SHAPE.d_in; i++) out[r * SHAPE.d_in + i]! += direction.normal();
    }
  return out;
}

for (const variant of VARIANTS) {
  const small = Object.hasOwn(variant.fields, 'k') ? { k: 4 } : {};
  const cfg = resolveConfig<SaeConfig>(variant.id, variant.fields, { ...small, scaleInput: false });

  test(`${variant.id}: fields have defaults in range, presets are valid, a config survives the round trip`, () => {
    expect(variantOf(variant.id)).toBe(variant);
    for (const preset of variant.presets)
      expect(() => resolveConfig(variant.id, variant.fields, preset.config)).not.toThrow();
    const again = resolveConfig(variant.id, variant.fields, JSON.parse(JSON.stringify(cfg)));
    expect(again).toEqual(cfg);
    expect(variant.paper.url).toMatch(/^https:/);
  });

  test(`${variant.id}: fifty steps lower the loss, and inference selects what training selected`, async () => {
    using s = gpu.scope('variant');
    const shape = { ...SHAPE, slots: variant.slots(cfg, SHAPE.d_sae), k_aux: SHAPE.d_in / 2 };
    const space = makeSpace(s, shape, { chunkRows: SHAPE.batch, ringSlots: 51 });
    initState(gpu, space, makeRng(3), new Float32Array(SHAPE.d_in));
    const x = s.tensor('x', [SHAPE.batch, SHAPE.d_in], 'f32');
    const run = async (step: number, lr: number): Promise<void> => {
      gpu.write(x, batchOf(step));
      const rec = gpu.record('variant');
      recordStep(rec, space, variant, cfg, {
        step,
        adam: adamStep(step, { ...cfg, lr }),
        deadLimit: deadLimit(step, 5),
        nextDeadLimit: deadLimit(step + 1, 5),
        slot: step - 1,
        input: { x, fromRow: 0, scale: 1 },
      });
      await rec.submit();
    };
    for (let step = 1; step <= 50; step++) await run(step, 5e-3);
    const before = {
      W_enc: await gpu.readF32(space.W_enc.w),
      b_enc: await gpu.readF32(space.b_enc.w),
      W_dec: await gpu.readF32(space.W_dec.w),
      b_dec: await gpu.readF32(space.b_dec.w),
    };
    await run(51, 0);
    const ring = await gpu.readF32(space.f32('ring'));
    expect(ring[49 * RING_WIDTH]!).toBeLessThan(0.6 * ring[0]!);

    const actRule = variant.actRule(cfg);
    const weights = { ...SHAPE, actRule, applyBDecToInput: cfg.applyBDecToInput, ...before };
    const meta = { id: '', title: '', model: '', site: '', variant: variant.id, excludedPositions: [] };
    using sae = saeOnGpu(gpu, weights, meta);
    const code = await encodeRows(gpu, sae, x);
    const [idx, val] = [await gpu.readU32(space.code.idx), await gpu.readF32(space.code.val)];
    const trained = Array.from(idx.subarray(0, SHAPE.batch * shape.slots), (f, j) => ({
      f,
      val: val[j]!,
    })).filter((e) => e.val > 0);
    expect(trained.map((e) => e.f)).toEqual(Array.from(code.idx));
    trained.forEach((e, j) => {
      expect(Math.abs(e.val - code.val[j]!)).toBeLessThan(1e-5 * (1 + e.val));
    });
  });
}

import { expect, test } from 'vitest';
import { collect, memorySink, rowSource, rowsOf } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { readCheckpoint } from '../checkpoint.ts';
import { type ConfigValue, resolveConfig, type SaeConfig } from '../config.ts';
import { encodeRows, type HostCode } from '../inference.ts';
import { trainSae } from '../train.ts';
import type { SaeVariant } from '../variant.ts';
import { type SaeWeights, saeOnGpu } from '../weights.ts';
import { VARIANTS, variantOf } from './index.ts';

const never = new AbortController().signal;
const gpu = await testGpu();

test('every file of the folder is in the list', () => {
  const files = Object.keys(import.meta.glob('./*.ts')).filter((f) => !/index|\.test/.test(f));
  expect(VARIANTS.map((v) => `./${v.id}.ts`).sort()).toEqual(files.sort());
  expect(new Set(VARIANTS.map((v) => v.id)).size).toBe(VARIANTS.length);
});

/** Fields that a problem of this size needs. */
function smallConfig({ fields }: SaeVariant): Record<string, ConfigValue> {
  const small: Record<string, ConfigValue> = { k: 4, deadTokens: 256, lr: 5e-3, lambda: 0.1 };
  return Object.fromEntries(Object.entries(small).filter(([name]) => Object.hasOwn(fields, name)));
}

for (const variant of VARIANTS) {
  const cfg = resolveConfig<SaeConfig>(variant.id, variant.fields, smallConfig(variant));

  test(`${variant.id}: fields have defaults in range, presets are valid, a config survives the round trip`, () => {
    expect(variantOf(variant.id)).toBe(variant);
    for (const preset of variant.presets)
      expect(() => resolveConfig(variant.id, variant.fields, preset.config)).not.toThrow();
    const again = resolveConfig(variant.id, variant.fields, JSON.parse(JSON.stringify(cfg)));
    expect(again).toEqual(cfg);
    expect(variant.paper.url).toMatch(/^https:/);
  });

  test(`${variant.id}: a run learns, repeats bit for bit, and resumes so for the next fifty losses`, async () => {
    const steps = 84;
    const job = {
      variant: variant.id,
      config: smallConfig(variant),
      d_sae: 64,
      batch: 64,
      seed: 1,
      tokens: 64 * steps,
    };
    const options = { checkpointSeconds: 0, maxStepsPerSubmit: 4 };
    const sink = memorySink();
    let wanted = false;
    using first = rowSource(gpu, 12, 64 * (steps + 30));
    const run = trainSae(gpu, job, first, sink, never, {
      ...options,
      checkpointRequested: () => wanted && sink.saved.size === 0,
    });
    const losses: number[] = [];
    for await (const event of run) {
      if (event.type === 'step') losses.push(...event.losses);
      wanted = losses.length >= 18;
    }
    expect(losses).toHaveLength(steps);
    expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]!);

    using second = rowSource(gpu, 12, 64 * (steps + 30));
    const again = await collect(
      trainSae(gpu, job, second, memorySink(), never, { ...options, maxStepsPerSubmit: 2 }),
    );
    expect(again.losses).toEqual(losses);

    const [step, bytes] = [...sink.saved][0]!;
    expect(steps - step).toBeGreaterThanOrEqual(50);
    const resume = await readCheckpoint(bytes);
    using third = rowSource(gpu, 12, 64 * (steps + 30), resume.meta.position.row);
    const rest = await collect(
      trainSae(gpu, job, third, memorySink(), never, { ...options, maxStepsPerSubmit: 1, resume }),
    );
    expect(rest.losses).toEqual(losses.slice(step));
    // The calibration pass saw the same rows too.
    expect(rest.result.weights).toEqual(again.result.weights);
  });

  test(`${variant.id}: the trained SAE reconstructs held-out rows, at the L0 it was trained for`, async () => {
    const steps = 150;
    const config = smallConfig(variant);
    const job = { variant: variant.id, config, d_sae: 64, batch: 64, seed: 1, tokens: 64 * steps };
    using x = rowSource(gpu, 12, 64 * (2 * steps + 30));
    const { result } = await collect(
      trainSae(gpu, job, x, memorySink(), never, { checkpointSeconds: 0, maxStepsPerSubmit: 4 }),
    );
    const rule = variant.actRule(resolveConfig(variant.id, variant.fields, config));
    expect(result.weights.actRule).toEqual(rule);
    expect(result.weights.theta?.length).toBe(rule.kind === 'threshold' ? 64 : undefined);
    using sae = saeOnGpu(gpu, result.weights, {
      ...{ id: '', title: '', model: '', site: '', excludedPositions: [] },
      variant: variant.id,
    });
    using s = gpu.scope('held out');
    const n = 1024;
    const rows = rowsOf(12, 64 * 400, n);
    const code = await encodeRows(gpu, sae, s.upload('x', [n, 12], 'f32', rows));
    const l0 = code.idx.length / n;
    if (variant.theta === 'shared' || variant.theta === 'each') {
      expect(l0, 'threshold-mode L0').toBeGreaterThan(0.95 * 4);
      expect(l0, 'threshold-mode L0').toBeLessThan(1.05 * 4);
    } else expect(l0).toBeGreaterThan(0);
    expect(explained(result.weights, rows, code)).toBeGreaterThan(0.6);
  });
}

/** 1 − Σ‖x − recon‖² ÷ Σ‖x − mean x‖² of a code, in f64. */
function explained({ W_dec, b_dec, d_in }: SaeWeights, rows: Float32Array, code: HostCode): number {
  const n = rows.length / d_in;
  const recon = Float64Array.from(rows, (_, i) => b_dec[i % d_in]!);
  for (let r = 0; r < n; r++)
    for (let j = code.rowStart[r]!; j < code.rowStart[r + 1]!; j++)
      for (let c = 0; c < d_in; c++) recon[r * d_in + c]! += code.val[j]! * W_dec[code.idx[j]! * d_in + c]!;
  const mean = Array.from({ length: d_in }, (_, c) => {
    let sum = 0;
    for (let r = 0; r < n; r++) sum += rows[r * d_in + c]! / n;
    return sum;
  });
  let [left, all] = [0, 0];
  rows.forEach((v, i) => {
    left += (v - recon[i]!) ** 2;
    all += (v - mean[i % d_in]!) ** 2;
  });
  return 1 - left / all;
}

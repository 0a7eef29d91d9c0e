import { expect, test } from 'vitest';
import { testGpu } from '#gpu/testing.ts';
import { resolveConfig } from '#sae/config.ts';
import { adamStep } from '#sae/ops/adam.ts';
import { RING_WIDTH } from '#sae/ops/stats.ts';
import { makeSpace, padded } from '#sae/space.ts';
import { recordStep } from '#sae/step.ts';
import { type TopkConfig, topk } from '#sae/variants/topk.ts';
import golden from './sae_topk_record.json';

// Numbers of dictionary_learning's TopKTrainer in float64: see scripts/golden/topk_record.py.
const gpu = await testGpu();
type A = Float32Array<ArrayBuffer>;

/** The generator of the script: 24-bit numbers, exact in f32. */
function draw(seed: number, count: number, scale = 1): A {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale;
  });
}

function unitRows(values: A, d_in: number): A {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += d_in) {
    let sum = 0;
    for (let i = 0; i < d_in; i++) sum += values[at + i]! ** 2;
    for (let i = 0; i < d_in; i++) out[at + i] = values[at + i]! / Math.sqrt(sum);
  }
  return out;
}

/** Rows of d_in to rows of d_pad, zeros beyond. */
function pad(data: A, d_in: number): A {
  const d_pad = padded(d_in);
  const out = new Float32Array((data.length / d_in) * d_pad);
  data.forEach((v, i) => {
    out[Math.floor(i / d_in) * d_pad + (i % d_in)] = v;
  });
  return out;
}

test('TopK of record follows dictionary_learning for twenty steps', async () => {
  const { n, d_in, d_sae, k, k_aux, steps, lr, clip, deadSteps } = golden;
  const cfg = resolveConfig<TopkConfig>('golden', topk.fields, { k, lr, clip, warmup: 0, decay: 0 });
  using s = gpu.scope('golden');
  const space = makeSpace(s, { batch: n, d_in, d_sae, slots: k, k_aux }, { chunkRows: n, ringSlots: steps });
  const rows = pad(unitRows(draw(1, d_sae * d_in), d_in), d_in);
  gpu.write(space.W_enc.w, rows);
  gpu.write(space.W_dec.w, rows);
  gpu.write(space.b_enc.w, draw(2, d_sae, 1 / 8));
  gpu.write(space.b_dec.w, pad(draw(3, d_in, 1 / 4), d_in));
  const scalars = new Float32Array(16);
  scalars[0] = 1;
  gpu.write(space.f32('scalars'), scalars);
  const batches = new Float32Array(steps * n * d_in);
  for (let i = 0; i < steps; i++) batches.set(draw(100 + i, n * d_in, 2), i * n * d_in);
  const x = s.upload('x', [steps * n, d_in], 'f32', batches);
  const rec = gpu.record('golden');
  for (let step = 1; step <= steps; step++)
    recordStep(rec, space, topk, cfg, {
      step,
      adam: adamStep(step, cfg),
      deadLimit: Math.max(0, step - deadSteps),
      nextDeadLimit: Math.max(0, step + 1 - deadSteps),
      slot: step - 1,
      input: { x, fromRow: (step - 1) * n, scale: 1 },
    });
  await rec.submit();

  const ring = await gpu.readF32(space.f32('ring'));
  // f32 sums of 320 squares, and parameters that differ by up to 1e-5 after some steps.
  const near = (got: number, want: number, rel: number, what: string): void =>
    expect(Math.abs(got - want), `${what}: ${got}, expected ${want}`).toBeLessThan(
      rel * Math.abs(want) + 1e-6,
    );
  for (let i = 0; i < steps; i++) {
    near(ring[i * RING_WIDTH]!, golden.mse[i]!, 1e-5, `mse of step ${i + 1}`);
    // dictionary_learning computes AuxK in float32.
    near(ring[i * RING_WIDTH + 2]!, golden.aux[i]!, 1e-5, `aux of step ${i + 1}`);
    near(ring[i * RING_WIDTH + 5]!, golden.norm[i]!, 1e-5, `gradient norm of step ${i + 1}`);
  }
  for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const) {
    const got = await gpu.readF32(space[name].w);
    const flat = name === 'b_enc' ? got : got.filter((_, i) => i % padded(d_in) < d_in);
    expect(flat.length).toBe(golden[name].length);
    let worst = 0;
    flat.forEach((v, i) => {
      worst = Math.max(worst, Math.abs(v - golden[name][i]!));
    });
    // A hundredth of one step: Adam divides by sqrt(v), so a gradient near 0 is known to some 1e-2 of itself in f32.
    expect(worst, name).toBeLessThan(lr / 100);
  }
});

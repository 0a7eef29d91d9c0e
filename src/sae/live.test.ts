import { expect, test } from 'vitest';
import { memorySink, rowSource, rowsOf } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { encodeRows } from './inference.ts';
import type { LiveSae } from './live.ts';
import { type SaeJob, trainSae } from './train.ts';
import { VARIANTS } from './variants/index.ts';
import { type SaeWeights, saeOnGpu } from './weights.ts';

const gpu = await testGpu();
const never = new AbortController().signal;
const [D_IN, D_SAE, BATCH, STEPS] = [13, 40, 32, 6];
const FEATURES = [39, 0, 17];
const X_ROWS = 21;

/** Losses of a short run; `see` is called after every event with the SAE as it then is. */
async function losses(
  job: SaeJob,
  see: (
    live: LiveSae,
    snapshot: () => Promise<{ weights: SaeWeights; density: Float32Array }>,
  ) => Promise<void>,
): Promise<number[]> {
  using source = rowSource(gpu, D_IN, BATCH * (STEPS + 20));
  let live: LiveSae | undefined;
  const training = trainSae(gpu, job, source, memorySink(), never, {
    checkpointSeconds: 0,
    eventSteps: [1, 2, 3, 4, 5, 6],
    onLive: (of) => {
      live = of;
    },
  });
  const out: number[] = [];
  for await (const event of training) {
    if (event.type !== 'step') continue;
    out.push(...event.losses);
    if (live) await see(live, event.snapshot);
  }
  return out;
}

for (const variant of VARIANTS)
  test(`${variant.id}: features read from a running SAE are those of its snapshot, and reading changes no loss`, async () => {
    const config = {
      ...(Object.hasOwn(variant.fields, 'k') && { k: 4 }),
      ...(Object.hasOwn(variant.fields, 'deadTokens') && { deadTokens: 2 * BATCH }),
    };
    const job: SaeJob = {
      ...{ variant: variant.id, config, d_sae: D_SAE, batch: BATCH, seed: 1 },
      tokens: BATCH * STEPS,
    };
    const alone = await losses(job, async () => undefined);
    let seen = 0;
    const watched = await losses(job, async (live, snapshot) => {
      const { weights, density: all } = await snapshot();
      const rows = await live.rowsOf(FEATURES);
      expect(rows.d_sae).toBe(FEATURES.length);
      expect(rows.actRule).toEqual(weights.actRule);
      expect(rows.b_dec).toEqual(weights.b_dec);
      for (const [i, f] of FEATURES.entries()) {
        for (const name of ['W_enc', 'W_dec'] as const)
          expect(rows[name].slice(i * D_IN, (i + 1) * D_IN)).toEqual(
            weights[name].slice(f * D_IN, (f + 1) * D_IN),
          );
        expect(rows.b_enc[i]).toBe(weights.b_enc[f]);
        expect(rows.theta?.[i]).toBe(weights.theta?.[f]);
      }
      const { density, quietTokens, dead } = await live.counts();
      expect([density.length, dead.length]).toEqual([D_SAE, D_SAE]);
      expect(density).toEqual(all);
      for (const tokens of quietTokens) expect(tokens % BATCH).toBe(0);
      if (config.deadTokens) expect(dead).toEqual(Array.from(quietTokens, (tokens) => tokens >= 2 * BATCH));
      expect(Math.max(...quietTokens)).toBeLessThanOrEqual(live.tokens);
      seen++;
    });
    expect(seen).toBe(STEPS);
    expect(watched).toEqual(alone);
  });

test('the top k of a running SAE are those of its snapshot in model units', async () => {
  const job: SaeJob = {
    ...{ variant: 'topk', config: { k: 4 }, d_sae: D_SAE, batch: BATCH, seed: 2 },
    tokens: BATCH * STEPS,
  };
  const data = rowsOf(D_IN, 500, X_ROWS);
  await losses(job, async (live, snapshot) => {
    const { weights } = await snapshot();
    const meta = { id: 's', title: 's', model: 'm', site: 'x', variant: 'topk', excludedPositions: [] };
    using sae = saeOnGpu(gpu, weights, meta);
    using scope = gpu.scope('rows');
    const x = scope.upload('x', [X_ROWS, D_IN], 'f32', data);
    const want = await encodeRows(gpu, sae, x);
    const got = await live.encodeTopk(x, 4);
    expect(got.rowStart).toEqual(want.rowStart);
    expect(got.idx).toEqual(want.idx);
    // The input scale is folded on one side: sums of 13 products rounded in another order.
    for (const [i, v] of got.val.entries())
      expect(Math.abs(v - (want.val[i] as number))).toBeLessThan(1e-4 * (1 + v));
  });
});

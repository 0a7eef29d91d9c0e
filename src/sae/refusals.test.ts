import { expect, test } from 'vitest';
import { collect, memorySink, rowSource } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { resolveJob } from './job.ts';
import { RING_WIDTH } from './ops/stats.ts';
import type { ActivationSource } from './sae.ts';
import { makeSpace } from './space.ts';
import { startRun } from './start.ts';
import { planSae, type SaeJob, trainSae } from './train.ts';

const gpu = await testGpu();
const never = new AbortController().signal;
const job = (o: Partial<SaeJob> = {}): SaeJob => ({
  variant: 'topk',
  config: { k: 4 },
  d_sae: 64,
  batch: 64,
  seed: 1,
  tokens: 64 * 6,
  ...o,
});

/** A finished run's checkpoint. */
async function checkpoint() {
  const sink = memorySink();
  using x = rowSource(gpu, 8, 64 * 20);
  await collect(trainSae(gpu, job(), x, sink, never));
  return readCheckpoint(sink.saved.get(6)!);
}

test('a corpus that is smaller than one batch is refused with the batch', async () => {
  using x = rowSource(gpu, 8, 63);
  await expect(trainSae(gpu, job(), x, memorySink(), never).next()).rejects.toThrow(
    'Training: the corpus has fewer than one batch of 64 tokens.',
  );
});

test('a d_sae beyond the limits of the adapter is refused with what would fit', async () => {
  using x = rowSource(gpu, 8, 64);
  const wide = job({ d_sae: 2 ** 24 });
  expect(planSae(gpu, wide, 8).refusal).toMatch(
    /^d_sae 16777216 with batch 64 does not fit: .+\. The largest/,
  );
  await expect(trainSae(gpu, wide, x, memorySink(), never).next()).rejects.toThrow('does not fit');
});

test('a variant that needs gradients is refused by a source that has none', async () => {
  using x = rowSource(gpu, 8, 64 * 4);
  const plain: ActivationSource = { ...x, hasGradient: false, position: x.position };
  const resolved = resolveJob(gpu.caps, job(), 8);
  using scope = gpu.scope('refusal');
  const space = makeSpace(scope, resolved.shape, resolved);
  using ring = gpu.readback(1, RING_WIDTH * 4);
  const asking = { ...resolved, variant: { ...resolved.variant, needsGradient: () => true } };
  await expect(startRun(gpu, asking, plain, space, ring, never, {})).rejects.toThrow(
    "TopK needs the model's gradient, and this source has none.",
  );
});

test('a checkpoint of another variant, of other sizes or of a future version is refused, and says so', async () => {
  const resume = await checkpoint();
  using x = rowSource(gpu, 8, 64 * 20);
  const other = { ...resume, meta: { ...resume.meta, variant: 'gated' } };
  await expect(trainSae(gpu, job(), x, memorySink(), never, { resume: other }).next()).rejects.toThrow(
    'Training: the checkpoint was made by the variant gated, the job trains topk.',
  );
  await expect(trainSae(gpu, job({ d_sae: 128 }), x, memorySink(), never, { resume }).next()).rejects.toThrow(
    'Training: the checkpoint has d_sae 64, the job 128.',
  );
  const future = writeCheckpoint({ ...resume, meta: { ...resume.meta, version: 2 as 1 } });
  await expect(readCheckpoint(future)).rejects.toThrow(
    'checkpoint: it was written by a later version of Headlight (checkpoint version 2, this one reads 1).',
  );
  await expect(readCheckpoint(new Uint8Array(64))).rejects.toMatchObject({ code: 'format' });
});

test('a branch goes on from a checkpoint with another k, rate and length, and repeats itself', async () => {
  const resume = await checkpoint();
  const further = job({ config: { k: 6, lr: 1e-3 }, tokens: 64 * 12, seed: 2 });
  const run = async () => {
    using x = rowSource(gpu, 8, 64 * 30, resume.meta.position.row);
    return collect(
      trainSae(gpu, further, x, memorySink(), never, { resume, branch: true, checkpointSeconds: 0 }),
    );
  };
  const [one, two] = [await run(), await run()];
  expect(one.losses).toHaveLength(6);
  expect(two.losses).toEqual(one.losses);
  expect(one.result.weights.actRule).toEqual({ kind: 'topk', k: 6 });
  expect(one.result.metrics?.l0).toBeGreaterThan(4);
  using x = rowSource(gpu, 8, 64 * 30);
  await expect(
    trainSae(gpu, job({ tokens: 64 * 6 }), x, memorySink(), never, { resume, branch: true }).next(),
  ).rejects.toThrow('stands at step 6 and the job ends at step 6');
});

test('checkpoints that were written before a field existed count as having its default', async () => {
  const resume = await checkpoint();
  const { dead: _, ...config } = resume.meta.config as Record<string, string | number | boolean>;
  using x = rowSource(gpu, 8, 64 * 20, resume.meta.position.row);
  const old = { ...resume, meta: { ...resume.meta, config } };
  const { result } = await collect(trainSae(gpu, job(), x, memorySink(), never, { resume: old }));
  expect(result.end).toBe('finished');
});

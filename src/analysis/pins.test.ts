import { expect, test } from 'vitest';
import { memorySink } from '#e2e/fixtures/sae_source.ts';
import { TINY, tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import type { LiveSae } from '#sae/live.ts';
import { trainSae } from '#sae/train.ts';
import { type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { harvest } from './harvest.ts';
import { actOf } from './index_examples.ts';
import { type LogitList, staticLogits } from './logits.ts';
import { PinSample } from './pin_sample.ts';
import { pinnedFacts } from './pins.ts';
import { rowsOfRun } from './site.ts';
import { windowsOf } from './windows.ts';

const gpu = await testGpu();
const [COUNT, SEQ, D_SAE, BATCH] = [60, 11, 29, 20];
const SITE: HookName = 'blocks.1.attn.hook_z';
const FEATURES = [28, 3, 0, 11];
const windows = windowsOf(tinyWindows(COUNT, SEQ), SEQ);

async function result<R>(work: AsyncGenerator<unknown, R, void>): Promise<R> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

/** Acts of FEATURES by token, and the logit lists of all features, from a snapshot in one piece. */
async function oracle(model: LanguageModel, weights: SaeWeights, sample: PinSample) {
  const n = sample.filled * sample.windowsPerBatch;
  const meta = { id: 's', title: 's', model: 'm', site: SITE, variant: 'v', excludedPositions: [0] };
  using sae = saeOnGpu(gpu, weights, meta);
  using scope = gpu.scope('oracle');
  using ws = model.workspace({ batch: n, seq: SEQ, keep: [SITE] });
  const rec = gpu.record('oracle');
  const ids = tinyWindows(COUNT, SEQ).slice(0, n * SEQ);
  const run = model.forward(rec, ws, scope.upload('tokens', [n, SEQ], 'u32', ids), { stopAt: SITE });
  await rec.submit();
  const code = await encodeRows(gpu, sae, rowsOfRun(run, SITE));
  const lists: LogitList[] = [];
  for await (const some of staticLogits(gpu, model, sae, { top: 3 })) lists.push(...some);
  const acts = FEATURES.map((f) =>
    Array.from({ length: n * SEQ }, (_, t) => (t % SEQ === 0 ? 0 : actOf(code, t, f))),
  );
  return { acts, lists, ids };
}

for (const variant of ['topk', 'batch_topk', 'l1', 'jumprelu'])
  test(`${variant}: facts of pinned features are those of the running weights over the sample`, async () => {
    using model = tinyModel(gpu, 'pins').model;
    const before = gpu.pool.liveBytes;
    {
      using source = harvest(gpu, model, windows, { site: SITE, seed: 1, excludedPositions: [0] });
      using sample = new PinSample(gpu, model, windows, { site: SITE, excludedPositions: [0] });
      let live: LiveSae | undefined;
      const config = variant === 'topk' || variant === 'batch_topk' ? { k: 4 } : {};
      const job = { variant, config, d_sae: D_SAE, batch: BATCH, seed: 1, tokens: BATCH * 4 };
      const training = trainSae(gpu, job, source, memorySink(), new AbortController().signal, {
        checkpointSeconds: 0,
        eventSteps: [1, 2, 3, 4],
        onLive: (of) => {
          live = of;
        },
      });
      let seen = 0;
      for await (const event of training) {
        if (event.type !== 'step' || !live) continue;
        await result(sample.fill(++seen));
        expect(sample.filled).toBe(Math.min(seen, sample.most));
        const batches = sample.filled;
        const facts = await result(
          pinnedFacts(gpu, model, live, sample, { features: FEATURES, site: SITE, batches, top: 3 }),
        );
        const { acts, lists, ids } = await oracle(model, (await event.snapshot()).weights, sample);
        expect(facts.map((f) => f.feature)).toEqual(FEATURES);
        for (const [i, f] of facts.entries()) {
          const want = acts[i] as number[];
          const firing = want.filter((a) => a > 0);
          expect(f.density).toBeCloseTo(firing.length / (want.length * (1 - 1 / SEQ)), 6);
          expect(f.maxAct).toBeCloseTo(Math.max(0, ...firing), 4);
          expect(f.histogram.counts.reduce((a, b) => a + b, 0)).toBe(firing.length);
          const peaks = Array.from({ length: want.length / SEQ }, (_, w) =>
            Math.max(...want.slice(w * SEQ, (w + 1) * SEQ)),
          );
          const shown = f.examples.map((e) => e.acts[e.at] as number);
          if (firing.length > 0) expect(shown[0]).toBeCloseTo(Math.max(...peaks), 4);
          expect(shown).toEqual([...shown].sort((a, b) => b - a));
          for (const e of f.examples) {
            const at = ids.findIndex((_, t) => e.ids.every((id, j) => ids[t + j] === id));
            expect(at).toBeGreaterThanOrEqual(0);
            for (const [j, a] of e.acts.entries()) expect(a).toBeCloseTo(want[at + j] as number, 4);
          }
          const list = lists[f.feature] as LogitList;
          expect(f.topLogits.map((l) => l.id)).toEqual(list.top.map((l) => l.id));
          for (const [j, l] of f.bottomLogits.entries())
            expect(l.effect).toBeCloseTo(list.bottom[j]?.effect as number, 4);
        }
      }
      expect(seen).toBe(4);
      expect(live?.d_in).toBe(TINY.n_heads * TINY.d_head);
    }
    expect(gpu.pool.liveBytes).toBe(before);
  });

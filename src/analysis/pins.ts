import type { Gpu } from '#gpu/device.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import type { HostCode } from '#sae/inference.ts';
import { encodeRows } from '#sae/inference.ts';
import type { LiveSae } from '#sae/live.ts';
import type { Sae } from '#sae/sae.ts';
import { saeOnGpu } from '#sae/weights.ts';
import { binOf } from './index_build.ts';
import { actOf, chooseExamples } from './index_examples.ts';
import { BINS, evenEdges } from './index_record.ts';
import type { Histogram, IndexExample, TokenEffect } from './index_store.ts';
import { type LogitList, staticLogits } from './logits.ts';
import type { PinSample } from './pin_sample.ts';

/** A feature as it is in the middle of training, over the tokens of a sample. */
export interface PinnedFacts {
  readonly feature: number;
  /** Share of the sample's tokens with act > 0; excluded positions are not counted. */
  readonly density: number;
  readonly maxAct: number;
  /** Acts > 0 in 40 equal bins of (0, maxAct]. */
  readonly histogram: Histogram;
  /** Windows by their largest act, the largest first. */
  readonly examples: readonly IndexExample[];
  readonly topLogits: readonly TokenEffect[];
  readonly bottomLogits: readonly TokenEffect[];
}

export interface PinWish {
  readonly features: readonly number[];
  readonly site: HookName;
  /** Batches of the sample to go through, from the first. */
  readonly batches: number;
  /** Examples and logits of each list; default 5. */
  readonly top?: number | undefined;
}

const SHOWN = { perInterval: 0, before: 10, after: 5 } as const;

/**
 * Examples, histogram and logit effects of some features of a running SAE, exactly as its rule of inference has them at
 * this step: a TopK rule ranks whole rows, other rules need the pinned rows alone.
 *
 * Yields between pieces of work, so that others may use the device. Waits for the GPU at each of them.
 */
export async function* pinnedFacts(
  gpu: Gpu,
  model: LanguageModel,
  live: LiveSae,
  sample: PinSample,
  wish: PinWish,
): AsyncGenerator<void, readonly PinnedFacts[], void> {
  const { features, site, batches, top = 5 } = wish;
  if (features.length === 0) return [];
  const weights = await live.rowsOf(features);
  const meta = { id: 'running', title: 'running', model: '', site, variant: '', excludedPositions: [] };
  using few = saeOnGpu(gpu, weights, meta);
  const acts = features.map(() => new Float32Array(batches * sample.rowsPerBatch));
  for (let b = 0; b < batches; b++) {
    yield;
    const { x, first } = sample.batch(b);
    await addActs(gpu, { live, few, features, acts, first, seen: sample.counts }, x);
  }
  yield;
  const lists: LogitList[] = [];
  for await (const some of staticLogits(gpu, model, few, { top })) lists.push(...some);
  return features.map((feature, i) => {
    const { top: topLogits = [], bottom: bottomLogits = [] } = lists[i] ?? {};
    return { ...sampleFacts(feature, acts[i] as Float32Array, sample, top), topLogits, bottomLogits };
  });
}

interface Acts {
  readonly live: LiveSae;
  /** The pinned features alone. */
  readonly few: Sae;
  readonly features: readonly number[];
  /** Per feature one act a token. */
  readonly acts: readonly Float32Array[];
  readonly first: number;
  readonly seen: (token: number) => boolean;
}

/** Fills the acts of a batch of rows that begins at token `first`; positions that do not count keep act 0. */
async function addActs(gpu: Gpu, o: Acts, x: Tensor<'f32'>): Promise<void> {
  const rule = o.live.actRule;
  const whole = rule.kind === 'topk';
  const code: HostCode = whole ? await o.live.encodeTopk(x, rule.k) : await encodeRows(gpu, o.few, x);
  for (let row = 0; row + 1 < code.rowStart.length; row++) {
    const token = o.first + row;
    if (!o.seen(token)) continue;
    for (const [i, feature] of o.features.entries())
      (o.acts[i] as Float32Array)[token] = actOf(code, row, whole ? feature : i);
  }
}

type SampleFacts = Omit<PinnedFacts, 'topLogits' | 'bottomLogits'>;

function sampleFacts(feature: number, acts: Float32Array, sample: PinSample, top: number): SampleFacts {
  const { seq, ids } = sample;
  const maxAct = acts.reduce((a, b) => Math.max(a, b), 0);
  const counts = new Float64Array(BINS);
  const peaks = new Map<number, { token: number; act: number; interval: number }>();
  let [fired, tokens] = [0, 0];
  for (const [token, act] of acts.entries()) {
    if (sample.counts(token)) tokens++;
    if (!(act > 0)) continue;
    fired++;
    const bin = binOf(act, maxAct);
    counts[bin] = (counts[bin] as number) + 1;
    const window = Math.floor(token / seq);
    if (act > (peaks.get(window)?.act ?? 0)) peaks.set(window, { token, act, interval: -1 });
  }
  const best = [...peaks.values()].sort((a, b) => b.act - a.act || a.token - b.token);
  const examples = chooseExamples(best, ids, seq, { ...SHOWN, top }).map((e) => {
    const from = e.row * seq + e.start;
    const end = from + e.acts.length;
    const { position, start, interval } = e;
    const shown = { ids: [...ids.subarray(from, end)], acts: acts.slice(from, end) };
    return { ...shown, at: position - start, position, start, interval };
  });
  const histogram = { edges: evenEdges(0, maxAct), counts };
  return { feature, density: fired / Math.max(1, tokens), maxAct, histogram, examples };
}

import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import { decoderNeighbours, headShares, type Neighbour } from './decoder_facts.ts';
import { Candidates } from './index_candidates.ts';
import { type ChosenExample, chooseExamples, ExampleActs } from './index_examples.ts';
import { IndexPasses } from './index_passes.ts';
import { BINS, encodeRecord, evenEdges, type RecordBody } from './index_record.ts';
import { type IndexColumns, packIndex } from './index_store.ts';
import { type LogitList, staticLogits } from './logits.ts';
import type { TokenWindows } from './windows.ts';

export interface IndexOptions {
  /** Windows to index, from the first; default all. */
  readonly windows?: number | undefined;
  /** Windows of one forward pass; default about 2,048 tokens, 512 on a software adapter. */
  readonly batch?: number | undefined;
  /** Examples from the top of each feature; default 10. */
  readonly top?: number | undefined;
  /** Equal intervals of (0, max act] and examples drawn from each; default 4 and 4. */
  readonly intervals?: number | undefined;
  readonly perInterval?: number | undefined;
  /** Tokens shown before and after the chosen one; default 15 and 8. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
/** Work so far: tokens gone through (three passes together), then features written. */
export interface IndexProgress {
  readonly unit: 'tokens' | 'features';
  readonly done: number;
  readonly total: number;
}

const NEIGHBOURS = 10;
/** Candidates kept for each example shown, since some turn out to be the same text. */
const SPARE = 3;

/**
 * Builds the feature index of an SAE: the bytes of a safetensors file for `openIndex`.
 *
 * Excluded positions are not counted and show act 0. Three passes over the same tokens: largest acts, then histograms
 * and candidates, then the acts of the windows shown; codes are kept between them while they fit. Everything is exact
 * and depends on (model, SAE, windows, options) only.
 * @throws WorkbenchError('shape') when the SAE does not fit the model, 'cancelled' when the signal fires.
 */
export async function* buildIndex(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  windows: TokenWindows,
  options: IndexOptions = {},
): AsyncGenerator<IndexProgress, Uint8Array<ArrayBuffer>, void> {
  using passes = new IndexPasses(gpu, { model, sae, windows, options });
  const stats = yield* tokenPasses(passes, sae, options);
  const W_dec = await gpu.readF32(sae.W_dec);
  const { records, topToken } = yield* featureRecords(gpu, model, sae, { passes, stats, W_dec });
  const n_heads = sae.site.endsWith('.attn.hook_z') ? model.config.n_heads : 1;
  return packIndex({
    sae: sae.id,
    nTokens: stats.tokens,
    n_heads,
    density: Float32Array.from(stats.fired, (n) => n / Math.max(stats.tokens, 1)),
    maxAct: stats.maxAct,
    headShare: headShares(W_dec, { d_sae: sae.d_sae, d_in: sae.d_in, n_heads }),
    topToken,
    records,
  });
}

interface FeatureParts {
  readonly passes: IndexPasses;
  readonly stats: TokenStats;
  readonly W_dec: Float32Array;
}

/** The bytes of every feature and its most promoted token, chunk by chunk. */
async function* featureRecords(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  { passes, stats, W_dec }: FeatureParts,
): AsyncGenerator<IndexProgress, Pick<IndexColumns, 'records' | 'topToken'>, void> {
  const { signal } = passes;
  const records: Uint8Array<ArrayBuffer>[] = [];
  const topToken = new Uint32Array(sae.d_sae);
  const neighbours = flatten(decoderNeighbours(gpu, sae, W_dec, { k: NEIGHBOURS, signal }));
  try {
    for await (const lists of staticLogits(gpu, model, sae, { bins: BINS, signal })) {
      for (const list of lists) {
        topToken[list.feature] = list.top[0]?.id ?? 0;
        const near = (await neighbours.next()).value ?? [];
        records.push(encodeRecord(recordOf(list, near, passes, stats)));
      }
      yield { unit: 'features', done: records.length, total: sae.d_sae };
    }
  } finally {
    // Its buffers live until it ends, and nobody asks it for a value after the last.
    await neighbours.return(undefined);
  }
  return { records, topToken };
}

function recordOf(
  list: LogitList,
  neighbours: readonly Neighbour[],
  passes: IndexPasses,
  stats: TokenStats,
): RecordBody {
  const f = list.feature;
  return {
    histogram: {
      edges: evenEdges(0, stats.maxAct[f] as number),
      counts: Float64Array.from(stats.histogram.subarray(f * BINS, (f + 1) * BINS)),
    },
    logitHistogram: list.histogram,
    topLogits: list.top,
    bottomLogits: list.bottom,
    neighbours,
    examples: (stats.examples[f] ?? []).map((e) => passes.example(e)),
  };
}

async function* flatten<T>(chunks: AsyncIterable<readonly T[]>): AsyncGenerator<T, undefined, void> {
  for await (const chunk of chunks) yield* chunk;
  return undefined;
}

/** What the passes over the tokens find out. */
interface TokenStats {
  readonly tokens: number;
  readonly fired: Uint32Array;
  readonly maxAct: Float32Array<ArrayBuffer>;
  /** [d_sae × BINS] */
  readonly histogram: Uint32Array;
  /** Of each feature, acts filled in. */
  readonly examples: readonly (readonly ChosenExample[])[];
}

async function* tokenPasses(
  passes: IndexPasses,
  sae: Sae,
  options: IndexOptions,
): AsyncGenerator<IndexProgress, TokenStats, void> {
  const { d_sae } = sae;
  const { top = 10, intervals = 4, perInterval = 4, seed = 0 } = options;
  const fired = new Uint32Array(d_sae);
  const maxAct = new Float32Array(d_sae);
  for await (const { code, first, done, total } of passes.pass(0)) {
    passes.eachAct(code, first, (f, act) => {
      fired[f] = (fired[f] as number) + 1;
      if (act > (maxAct[f] as number)) maxAct[f] = act;
    });
    yield { unit: 'tokens', done, total };
  }
  const histogram = new Uint32Array(d_sae * BINS);
  const sizes = { d_sae, seq: passes.seq, intervals, seed };
  const candidates = new Candidates({ ...sizes, top: top * SPARE, perInterval: perInterval * SPARE }, maxAct);
  for await (const { code, first, done, total } of passes.pass(1)) {
    passes.eachAct(code, first, (f, act) => {
      const at = f * BINS + binOf(act, maxAct[f] as number);
      histogram[at] = (histogram[at] as number) + 1;
    });
    candidates.add(code, first, (position) => passes.counts(position));
    yield { unit: 'tokens', done, total };
  }
  const shown = { top, perInterval, before: options.before ?? 15, after: options.after ?? 8 };
  const examples = Array.from({ length: d_sae }, (_, f) =>
    chooseExamples(candidates.of(f), passes.ids, passes.seq, shown),
  );
  const acts = new ExampleActs(examples, passes.seq);
  for await (const { code, first, done, total } of passes.pass(2)) {
    acts.fill(code, first, (position) => passes.counts(position));
    yield { unit: 'tokens', done, total };
  }
  return { tokens: passes.countedTokens, fired, maxAct, histogram, examples };
}

/** Bin of `act` among BINS equal half-open parts (low, high] of (0, max]. */
export function binOf(act: number, max: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.ceil((act / max) * BINS) - 1));
}

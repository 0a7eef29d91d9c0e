import type { Gpu } from '#gpu/device.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel, Workspace } from '#model/model.ts';
import { encodeRows, type HostCode } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import { decoderNeighbours, headShares } from './decoder_facts.ts';
import { Candidates } from './index_candidates.ts';
import { type ChosenExample, chooseExamples, ExampleActs } from './index_examples.ts';
import { BINS, encodeRecord, evenEdges } from './index_record.ts';
import { packIndex } from './index_store.ts';
import { staticLogits } from './logits.ts';
import { checkSignal, positionMask, rowsOfRun, siteOf } from './site.ts';
import { readWindows, type TokenWindows } from './windows.ts';

export interface IndexOptions {
  /** Windows to index, from the first; default all. */
  readonly windows?: number | undefined;
  /** Windows of one forward pass; default about 2,048 tokens. */
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

const BATCH_TOKENS = 2048;
/** Entries of codes that are kept between the passes (8 bytes each); above it the passes encode again. */
const CACHE_ENTRIES = 8 * 2 ** 20;
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
  const records: Uint8Array<ArrayBuffer>[] = [];
  const topToken = new Uint32Array(sae.d_sae);
  const W_dec = await gpu.readF32(sae.W_dec);
  const { signal } = options;
  const neighbours = flatten(decoderNeighbours(gpu, sae, W_dec, { k: NEIGHBOURS, signal }));
  for await (const lists of staticLogits(gpu, model, sae, { bins: BINS, signal })) {
    for (const list of lists) {
      const f = list.feature;
      topToken[f] = list.top[0]?.id ?? 0;
      records.push(
        encodeRecord({
          histogram: {
            edges: evenEdges(0, stats.maxAct[f] as number),
            counts: Float64Array.from(stats.histogram.subarray(f * BINS, (f + 1) * BINS)),
          },
          logitHistogram: list.histogram,
          topLogits: list.top,
          bottomLogits: list.bottom,
          neighbours: (await neighbours.next()).value ?? [],
          examples: (stats.examples[f] ?? []).map((e) => passes.example(e)),
        }),
      );
    }
    yield { unit: 'features', done: records.length, total: sae.d_sae };
  }
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
  for await (const { code, first, progress } of passes.pass(0)) {
    passes.eachAct(code, first, (f, act) => {
      fired[f] = (fired[f] as number) + 1;
      if (act > (maxAct[f] as number)) maxAct[f] = act;
    });
    yield progress;
  }
  const histogram = new Uint32Array(d_sae * BINS);
  const sizes = { d_sae, seq: passes.seq, intervals, seed };
  const candidates = new Candidates({ ...sizes, top: top * SPARE, perInterval: perInterval * SPARE }, maxAct);
  for await (const { code, first, progress } of passes.pass(1)) {
    passes.eachAct(code, first, (f, act) => {
      const at = f * BINS + binOf(act, maxAct[f] as number);
      histogram[at] = (histogram[at] as number) + 1;
    });
    candidates.add(code, first, (position) => passes.counts(position));
    yield progress;
  }
  const shown = { top, perInterval, before: options.before ?? 15, after: options.after ?? 8 };
  const examples = Array.from({ length: d_sae }, (_, f) =>
    chooseExamples(candidates.of(f), passes.ids, passes.seq, shown),
  );
  const acts = new ExampleActs(examples, passes.seq);
  for await (const { code, first, progress } of passes.pass(2)) {
    acts.fill(code, first, (position) => passes.counts(position));
    yield progress;
  }
  return { tokens: passes.countedTokens, fired, maxAct, histogram, examples };
}

/** Bin of `act` among BINS equal half-open parts (low, high] of (0, max]. */
function binOf(act: number, max: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.ceil((act / max) * BINS) - 1));
}

interface IndexSetup {
  readonly model: LanguageModel;
  readonly sae: Sae;
  readonly windows: TokenWindows;
  readonly options: IndexOptions;
}

/** Codes of all windows, batch by batch, as often as asked. */
class IndexPasses implements Disposable {
  readonly seq: number;
  /** Ids of the windows that the first pass has read, [count·seq]. */
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly #gpu: Gpu;
  readonly #setup: IndexSetup;
  readonly #site: HookName;
  readonly #count: number;
  readonly #batch: number;
  readonly #mask: Uint32Array;
  readonly #ws: Workspace;
  readonly #cache: HostCode[] = [];
  #cached = 0;

  constructor(gpu: Gpu, setup: IndexSetup) {
    const { model, sae, windows, options } = setup;
    this.#gpu = gpu;
    this.#setup = setup;
    this.seq = windows.seq;
    this.#site = siteOf(model.config, sae);
    this.#count = Math.min(options.windows ?? windows.count, windows.count);
    this.#batch = Math.min(this.#count, options.batch ?? Math.max(1, Math.floor(BATCH_TOKENS / this.seq)));
    this.ids = new Uint32Array(this.#count * this.seq);
    this.#mask = positionMask(this.seq, sae.excludedPositions);
    this.#ws = model.workspace({ batch: this.#batch, seq: this.seq, keep: [this.#site] });
  }

  /** True when the SAE's metadata does not exclude the position. */
  counts(position: number): boolean {
    return this.#mask[position] === 0;
  }
  get countedTokens(): number {
    return this.#count * this.#mask.reduce((n, excluded) => n + 1 - excluded, 0);
  }

  async *pass(
    number: 0 | 1 | 2,
  ): AsyncGenerator<{ readonly code: HostCode; readonly first: number; readonly progress: IndexProgress }> {
    for (let at = 0, i = 0; at < this.#count; at += this.#batch, i++) {
      checkSignal(this.#setup.options.signal, 'The index');
      const n = Math.min(this.#batch, this.#count - at);
      const code = this.#cache[i] ?? (await this.#encode(at, n));
      if (number === 0 && this.#cached + code.idx.length <= CACHE_ENTRIES) {
        this.#cache[i] = code;
        this.#cached += code.idx.length;
      }
      const total = 3 * this.ids.length;
      const done = number * this.ids.length + (at + n) * this.seq;
      yield { code, first: at * this.seq, progress: { unit: 'tokens', done, total } };
    }
  }

  async #encode(at: number, n: number): Promise<HostCode> {
    const { model, sae, windows } = this.#setup;
    const indexes = Array.from({ length: n }, (_, i) => at + i);
    const ids = await readWindows(windows, indexes);
    this.ids.set(ids, at * this.seq);
    using s = this.#gpu.scope('index');
    const tokens = s.upload('tokens', [n, this.seq], 'u32', ids);
    const rec = this.#gpu.record('index');
    const run = model.forward(rec, this.#ws, tokens, { stopAt: this.#site });
    await rec.submit();
    const x: Tensor<'f32'> = rowsOfRun(run, this.#site);
    return encodeRows(this.#gpu, sae, view(x, { shape: [n * this.seq, sae.d_in] }));
  }

  /** Every act > 0 at a counted position. */
  eachAct(code: HostCode, first: number, see: (feature: number, act: number) => void): void {
    for (let row = 0; row + 1 < code.rowStart.length; row++) {
      if (!this.counts((first + row) % this.seq)) continue;
      for (let e = code.rowStart[row] as number; e < (code.rowStart[row + 1] as number); e++)
        see(code.idx[e] as number, code.val[e] as number);
    }
  }

  /** A chosen example with its ids. */
  example(e: ChosenExample) {
    const from = e.row * this.seq + e.start;
    return {
      ids: [...this.ids.subarray(from, from + e.acts.length)],
      acts: e.acts,
      at: e.position - e.start,
      position: e.position,
      start: e.start,
      interval: e.interval,
    };
  }

  [Symbol.dispose](): void {
    this.#ws[Symbol.dispose]();
  }
}

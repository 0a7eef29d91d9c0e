import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { reduceRows } from '#gpu/ops/reduce.ts';
import type { Scope } from '#gpu/scope.ts';
import { rowAlignment, rows, type Tensor, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import type { Histogram, TokenEffect } from './index_store.ts';
import { decoderRows, dotAt, type LogitLens, logitDirection, logitLens } from './logit_lens.ts';
import { centerRows, type Pick, rowHistogram, TopOfRows } from './rows.ts';
import { checkSignal, rowsOfRun, siteOf } from './site.ts';

/** What a feature does to the logits, from weights alone (decision 18). */
export interface LogitList {
  readonly feature: number;
  readonly top: readonly TokenEffect[];
  readonly bottom: readonly TokenEffect[];
  readonly histogram: Histogram;
}
export interface LogitListOptions {
  readonly from?: number | undefined;
  readonly count?: number | undefined;
  /** Length of both lists; default 10. Only effects above 0 are promoted, only those below 0 suppressed. */
  readonly top?: number | undefined;
  /** Default 40. */
  readonly bins?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Effects of a chunk of features take at most this much, twice (they and a negated copy). */
const CHUNK_BYTES = 16 * 2 ** 20;

/**
 * effect[f, v] = d_f·W_O·(γ_final ∘ centred W_U)[:, v], logits per unit act at unit LN scale (decision 18).
 *
 * Centred: over the vocabulary, and over d_model because the final norm subtracts the mean of what is written.
 * Yields features from..from+count in order, in chunks; lists and histogram are made on the GPU.
 */
export async function* staticLogits(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  options: LogitListOptions = {},
): AsyncGenerator<readonly LogitList[], void, void> {
  const { from = 0, top = 10, bins = 40, signal } = options;
  const end = Math.min(sae.d_sae, from + (options.count ?? sae.d_sae));
  const lens = await logitLens(gpu, model, siteOf(model.config, sae));
  using s = gpu.scope('static logits');
  const chunk = new LogitChunk(gpu, s, model, sae, { lens, top, bins });
  // Chunks begin where a window of W_dec can be bound.
  for (let at = from - (from % chunk.align); at < end; at += chunk.rows) {
    checkSignal(signal, 'The logit lists');
    const lists = await chunk.read(at, Math.min(chunk.rows, sae.d_sae - at));
    yield lists.filter((l) => l.feature >= from && l.feature < end);
  }
}

type ChunkTensor = 'write' | 'dirs' | 'raw' | 'up' | 'down' | 'mean' | 'range';

/** Buffers and work of one chunk of features. */
class LogitChunk {
  readonly rows: number;
  readonly align: number;
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #sae: Sae;
  readonly #top: TopOfRows;
  readonly #bottom: TopOfRows;
  readonly #bins: number;
  readonly #t: Readonly<Record<ChunkTensor, Tensor<'f32'>>>;
  readonly #counts: Tensor<'u32'>;

  constructor(
    gpu: Gpu,
    s: Scope,
    model: LanguageModel,
    sae: Sae,
    spec: { readonly lens: LogitLens; readonly top: number; readonly bins: number },
  ) {
    const { d_vocab, d_model } = model.config;
    this.#gpu = gpu;
    this.#model = model;
    this.#sae = sae;
    this.#bins = spec.bins;
    this.align = rowAlignment(sae.W_dec);
    const fit = Math.floor(Math.min(CHUNK_BYTES, gpu.caps.maxBindingBytes) / (4 * d_vocab));
    this.rows = Math.min(sae.d_sae, Math.max(this.align, Math.floor(fit / this.align) * this.align));
    const n = this.rows;
    const t = (name: string, shape: readonly number[]): Tensor<'f32'> => s.tensor(name, shape, 'f32');
    this.#t = {
      write: s.upload('write', [sae.d_in, d_model], 'f32', spec.lens.write),
      dirs: t('dirs', [n, d_model]),
      raw: t('raw', [n, d_vocab]),
      up: t('up', [n, d_vocab]),
      down: t('down', [n, d_vocab]),
      mean: t('mean', [n]),
      range: t('range', [n, 2]),
    };
    this.#counts = s.tensor('counts', [n, spec.bins], 'u32');
    const size = { n, d: d_vocab, k: spec.top };
    this.#top = new TopOfRows(gpu, s, size);
    this.#bottom = new TopOfRows(gpu, s, size);
  }

  async read(from: number, n: number): Promise<LogitList[]> {
    const { write } = this.#t;
    const cut = (name: ChunkTensor): Tensor<'f32'> => rows(this.#t[name], 0, n);
    const rec = this.#gpu.record('static logits');
    const dirs = cut('dirs');
    const raw = cut('raw');
    matmul(rec, { layout: 'NN', a: rows(this.#sae.W_dec, from, n), b: write, out: dirs });
    matmul(rec, { layout: 'NT', a: dirs, b: this.#model.weight('W_U_T'), out: raw });
    reduceRows(rec, { x: raw, out: cut('mean'), scale: 1 / this.#model.config.d_vocab });
    centerRows(rec, { x: raw, mean: cut('mean'), out: cut('up'), sign: 1 });
    centerRows(rec, { x: raw, mean: cut('mean'), out: cut('down'), sign: -1 });
    this.#top.record(rec, cut('up'));
    this.#bottom.record(rec, cut('down'));
    rowHistogram(rec, { x: cut('up'), range: cut('range'), counts: rows(this.#counts, 0, n) });
    await rec.submit();
    // The index waits for one chunk of lists; they are small.
    const [top, bottom, range, counts] = await Promise.all([
      this.#top.read(n),
      this.#bottom.read(n),
      this.#gpu.readF32(cut('range')),
      this.#gpu.readU32(this.#counts),
    ]);
    return Array.from({ length: n }, (_, i) => ({
      feature: from + i,
      top: effects(top[i] ?? [], 1),
      bottom: effects(bottom[i] ?? [], -1),
      histogram: {
        edges: edgesBetween(range[2 * i] as number, range[2 * i + 1] as number, this.#bins),
        counts: Float64Array.from(counts.subarray(i * this.#bins, (i + 1) * this.#bins)),
      },
    }));
  }
}

const effects = (picks: readonly Pick[], sign: 1 | -1): TokenEffect[] =>
  picks.map((p) => ({ id: p.column, effect: sign * p.value }));

/** bins + 1 edges from low to high. */
export function edgesBetween(low: number, high: number, bins: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: bins + 1 }, (_, b) => low + ((high - low) * b) / bins);
}

/** The static effect of every feature on token `id`, [d_sae]. */
export async function featuresByToken(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  id: number,
): Promise<Float32Array<ArrayBuffer>> {
  const lens = await logitLens(gpu, model, siteOf(model.config, sae));
  const direction = await logitDirection(gpu, model, lens, id);
  using s = gpu.scope('features by token');
  const b = s.upload('direction', [1, sae.d_in], 'f32', direction);
  const out = s.tensor('effect', [sae.d_sae, 1], 'f32');
  const rec = gpu.record('features by token');
  matmul(rec, { layout: 'NT', a: sae.W_dec, b, out });
  await rec.submit();
  return gpu.readF32(out);
}

/** Effect in logits of one active feature at one position. */
export interface FeatureEffect {
  readonly feature: number;
  readonly position: number;
  readonly act: number;
  readonly effect: number;
}

/**
 * Direct effect on logit `id` at position `at` of each active feature there:
 * act·d_f·W_O·(γ_final ∘ centred W_U[:, id]) ÷ σ, σ the final norm's scale at that position. Largest first.
 */
export async function directEffects(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  call: { readonly ids: readonly number[]; readonly at: number; readonly id: number },
): Promise<readonly FeatureEffect[]> {
  const { ids, at, id } = call;
  if (!(at >= 0 && at < ids.length))
    throw new WorkbenchError('shape', `effects: no position ${at} of ${ids.length}`);
  const { n_layers, d_model, norm } = model.config;
  const site = siteOf(model.config, sae);
  const last: HookName = `blocks.${n_layers - 1}.hook_resid_post`;
  using s = gpu.scope('direct effects');
  using ws = model.workspace({ batch: 1, seq: ids.length, keep: [site, last] });
  const rec = gpu.record('direct effects');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const run = model.forward(rec, ws, tokens);
  const x = s.tensor('x', [1, sae.d_in], 'f32');
  rec.copy(view(rowsOfRun(run, site), { shape: [1, sae.d_in], byteOffset: 4 * sae.d_in * at }), x);
  await rec.submit();
  const lens = await logitLens(gpu, model, site);
  const [code, resid, direction] = await Promise.all([
    encodeRows(gpu, sae, x),
    gpu.readF32(view(rowsOfRun(run, last), { shape: [d_model], byteOffset: 4 * d_model * at })),
    logitDirection(gpu, model, lens, id),
  ]);
  const sigma = norm.kind === 'none' ? 1 : normScale(resid, norm.eps);
  const decoder = await decoderRows(gpu, sae, code.idx);
  const out = Array.from(code.idx, (feature, e) => {
    const act = code.val[e] as number;
    const effect = (act * dotAt(decoder, e * sae.d_in, direction, 0, sae.d_in)) / sigma;
    return { feature, position: at, act, effect };
  });
  return out.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}

/** σ = √(var + eps) of a row, as the norm computes it. */
function normScale(row: ArrayLike<number>, eps: number): number {
  const n = row.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (row[i] as number) / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += ((row[i] as number) - mean) ** 2 / n;
  return Math.sqrt(variance + eps);
}

import type { Gpu } from '#gpu/device.ts';
import { add, scale } from '#gpu/ops/elementwise.ts';
import { crossEntropy, klDivergence } from '#gpu/ops/loss.ts';
import { reduceColumns, reduceRows } from '#gpu/ops/reduce.ts';
import { addRow, scaleRows } from '#gpu/ops/rows.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel, Run, Workspace } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import { RUN_KINDS, type RunKind } from './metrics.ts';
import { asRows, positionMask, rowsOfRun } from './site.ts';
import { type EncodeBuffers, encodeBuffers, recordRecon, replaceRows } from './splice.ts';

type F = Tensor<'f32'>;
/** Targets that count for nothing: what follows the last token of a window. */
const NO_TARGET = 0xffffffff;

/** Per row of a batch: squared errors and nats, once with the SAE's exclusions and once without. */
export interface Measured {
  /** ‖x − x̂‖² of each row. */
  readonly error: Float32Array;
  /** ‖x − x̄‖² of each row, x̄ over the counted or over all positions. */
  readonly deviation: ByExclusion<Float32Array>;
  /** nats and KL of each row in each run; undefined when only the reconstruction was asked for. */
  readonly runs: ByExclusion<RunRows> | undefined;
}
export interface ByExclusion<T> {
  readonly counted: T;
  readonly all: T;
}
export interface RunRows {
  readonly nats: Readonly<Record<RunKind, Float32Array>>;
  readonly kl: Float32Array;
}

export interface EvalSetup {
  readonly model: LanguageModel;
  readonly sae: Sae;
  readonly site: HookName;
  readonly batch: number;
  readonly seq: number;
  readonly excluded: readonly number[];
  /** Act in every run, before the site's activation is replaced. */
  readonly edit?: ReadonlyMap<HookName, HookEdit> | undefined;
}

/** The model's runs that an evaluation compares, batch by batch, on buffers made once. */
export class EvalRuns implements Disposable {
  readonly #gpu: Gpu;
  readonly #setup: EvalSetup;
  readonly #scope: Scope;
  readonly #clean: Workspace;
  readonly #changed: Workspace;
  readonly #encode: EncodeBuffers;
  readonly #u: Readonly<Record<'tokens' | 'targets' | 'keep' | 'keepNone', Tensor<'u32'>>>;
  readonly #f: Readonly<Record<FName, F>>;
  readonly #nats: ByExclusion<Record<RunKind | 'kl', F>>;
  readonly #sums: ByExclusion<Float64Array>;
  readonly #counts = { counted: 0, all: 0 };

  constructor(gpu: Gpu, setup: EvalSetup) {
    const { model, sae, site, batch, seq, excluded } = setup;
    const n = batch * seq;
    const s = gpu.scope('evaluate');
    this.#gpu = gpu;
    this.#setup = setup;
    this.#scope = s;
    this.#clean = model.workspace({ batch, seq, keep: [site] });
    this.#changed = model.workspace({ batch, seq });
    this.#encode = encodeBuffers(gpu, s, sae, n);
    const mask = positionMask(seq, excluded);
    this.#u = {
      tokens: s.tensor('tokens', [batch, seq], 'u32'),
      targets: s.tensor('targets', [n], 'u32'),
      keep: s.upload('keep', [seq], 'u32', mask),
      keepNone: s.zeros('keep none', [seq], 'u32'),
    };
    const counted = Float32Array.from({ length: n }, (_, row) => 1 - (mask[row % seq] as number));
    const wide = (name: string): F => s.tensor(name, [n, sae.d_in], 'f32');
    const one = (name: string): F => s.tensor(name, [sae.d_in], 'f32');
    this.#f = {
      ...{ recon: wide('recon'), difference: wide('difference'), negative: wide('negative') },
      ...{ stand_in: wide('stand_in'), mean: one('mean'), mean_all: one('mean_all'), zero: one('zero') },
      counted: s.upload('counted', [n], 'f32', counted),
      lse: s.tensor('lse', [n], 'f32'),
      error: s.tensor('error', [n], 'f32'),
      deviation: s.tensor('deviation', [n], 'f32'),
      deviation_all: s.tensor('deviation_all', [n], 'f32'),
    };
    gpu.clear(this.#f.zero);
    this.#nats = { counted: natTensors(s, n), all: natTensors(s, n) };
    this.#sums = { counted: new Float64Array(sae.d_in), all: new Float64Array(sae.d_in) };
  }

  /** Adds the rows of some windows to the means of x. */
  async addToMean(ids: Uint32Array<ArrayBuffer>): Promise<void> {
    const { site, seq } = this.#setup;
    const rec = this.#gpu.record('evaluate/mean');
    const n = ids.length;
    const x = rowsOfRun(this.#forward(rec, this.#clean, ids, { stopAt: site }), site);
    const part = rows(this.#f.difference, 0, n);
    scaleRows(rec, { x, factors: view(this.#f.counted, { shape: [n] }), out: part });
    reduceColumns(rec, { x: part, out: this.#f.mean });
    reduceColumns(rec, { x, out: this.#f.mean_all });
    await rec.submit();
    // Once a batch, so that the sums go on in f64.
    const [counted, all] = await Promise.all([
      this.#gpu.readF32(this.#f.mean),
      this.#gpu.readF32(this.#f.mean_all),
    ]);
    addTo(this.#sums.counted, counted);
    addTo(this.#sums.all, all);
    this.#counts.all += n;
    this.#counts.counted += (n / seq) * (seq - this.#setup.excluded.length);
  }

  /** Puts the means where `measure` reads them. */
  endMean(): void {
    const { counted, all } = this.#counts;
    this.#gpu.write(
      this.#f.mean,
      Float32Array.from(this.#sums.counted, (sum) => sum / Math.max(counted, 1)),
    );
    this.#gpu.write(
      this.#f.mean_all,
      Float32Array.from(this.#sums.all, (sum) => sum / all),
    );
  }

  /** Runs some windows every way; `x` are the clean rows, valid until the next call. */
  async measure(ids: Uint32Array<ArrayBuffer>, withRuns: boolean): Promise<Measured & { readonly x: F }> {
    const { site, sae, excluded } = this.#setup;
    const n = ids.length;
    const rec = this.#gpu.record('evaluate');
    const clean = this.#forward(rec, this.#clean, ids, withRuns ? {} : { stopAt: site });
    const x = rowsOfRun(clean, site);
    recordRecon(rec, sae, { x, recon: rows(this.#f.recon, 0, n), buffers: this.#encode });
    this.#recordErrors(rec, x);
    if (withRuns) {
      this.#writeTargets(ids);
      this.#recordRuns(rec, ids, clean, 'counted');
      if (excluded.length > 0) this.#recordRuns(rec, ids, clean, 'all');
    }
    await rec.submit();
    // Once a batch: per-row figures, which are added up in f64.
    const read = async (t: F): Promise<Float32Array> => (await this.#gpu.readF32(t)).subarray(0, n);
    const [error, counted, all] = await Promise.all(
      [this.#f.error, this.#f.deviation, this.#f.deviation_all].map(read),
    );
    const runs = withRuns ? await this.#readRuns(read) : undefined;
    return { x, error, deviation: { counted, all }, runs } as Measured & { readonly x: F };
  }

  async #readRuns(read: (t: F) => Promise<Float32Array>): Promise<ByExclusion<RunRows>> {
    const rowsOf = async (t: Record<RunKind | 'kl', F>): Promise<RunRows> => {
      const [clean, spliced, zero, mean, kl] = await Promise.all(
        [t.clean, t.spliced, t.zero, t.mean, t.kl].map(read),
      );
      return { nats: { clean, spliced, zero, mean }, kl } as RunRows;
    };
    const counted = await rowsOf(this.#nats.counted);
    return { counted, all: this.#setup.excluded.length > 0 ? await rowsOf(this.#nats.all) : counted };
  }

  #forward(
    rec: Recorder,
    ws: Workspace,
    ids: Uint32Array<ArrayBuffer>,
    options: { readonly stopAt?: HookName; readonly edit?: ReadonlyMap<HookName, HookEdit> },
  ): Run {
    const { seq } = this.#setup;
    const tokens = view(this.#u.tokens, { shape: [ids.length / seq, seq] });
    this.#gpu.write(tokens, ids);
    return this.#setup.model.forward(rec, ws, tokens, { ...options, edit: this.#edits(options.edit) });
  }

  /** The setup's edits and then, at the same hook, those of this run. */
  #edits(own: ReadonlyMap<HookName, HookEdit> = new Map()): ReadonlyMap<HookName, HookEdit> {
    const edits = new Map([...(this.#setup.edit ?? []), ...own]);
    for (const [hook, last] of own) {
      const first = this.#setup.edit?.get(hook);
      if (first) edits.set(hook, (rec, act) => last(rec, first(rec, act)));
    }
    return edits;
  }

  #writeTargets(ids: Uint32Array<ArrayBuffer>): void {
    const { seq } = this.#setup;
    const targets = Uint32Array.from(ids, (_, row) =>
      row % seq === seq - 1 ? NO_TARGET : (ids[row + 1] as number),
    );
    this.#gpu.write(view(this.#u.targets, { shape: [ids.length] }), targets);
  }

  /** error = ‖recon − x‖², deviation = ‖x − mean‖² by rows. */
  #recordErrors(rec: Recorder, x: F): void {
    const n = x.shape[0] as number;
    const difference = rows(this.#f.difference, 0, n);
    const negative = rows(this.#f.negative, 0, n);
    const column = (t: F): F => view(t, { shape: [n] });
    scale(rec, { alpha: -1, x, out: negative });
    add(rec, { a: rows(this.#f.recon, 0, n), b: negative, out: difference });
    reduceRows(rec, { x: difference, out: column(this.#f.error), of: 'sum_squares' });
    for (const [row, out] of [
      [this.#f.mean, this.#f.deviation],
      [this.#f.mean_all, this.#f.deviation_all],
    ] as const) {
      addRow(rec, { x, row, alpha: -1, out: difference });
      reduceRows(rec, { x: difference, out: column(out), of: 'sum_squares' });
    }
  }

  #recordRuns(rec: Recorder, ids: Uint32Array<ArrayBuffer>, clean: Run, which: 'counted' | 'all'): void {
    const { model, site, sae } = this.#setup;
    const n = ids.length;
    const nats = this.#nats[which];
    const column = (t: F): F => view(t, { shape: [n] });
    const targets = view(this.#u.targets, { shape: [n] });
    const keep = which === 'counted' ? this.#u.keep : this.#u.keepNone;
    const mean = which === 'counted' ? this.#f.mean : this.#f.mean_all;
    const sources = { spliced: rows(this.#f.recon, 0, n), zero: asOne(this.#f.zero), mean: asOne(mean) };
    for (const kind of RUN_KINDS) {
      if (kind === 'clean') continue;
      const edit: HookEdit = (r, act) => {
        const out = rows(this.#f.stand_in, 0, n);
        const x = asRows(act, sae.d_in);
        replaceRows(r, { x, source: sources[kind], keep, out, seq: act.shape[1] as number });
        return view(out, { shape: act.shape });
      };
      const run = this.#forward(rec, this.#changed, ids, { edit: new Map([[site, edit]]) });
      if (kind === 'spliced') this.#recordPair(rec, { clean, run, targets, nats });
      else model.crossEntropy(rec, run, targets, column(nats[kind]));
    }
  }

  /** nats of the clean and the spliced run and KL(clean ‖ spliced) by rows, in chunks of logits that are made once. */
  #recordPair(
    rec: Recorder,
    t: {
      readonly clean: Run;
      readonly run: Run;
      readonly targets: Tensor<'u32'>;
      readonly nats: Record<RunKind | 'kl', F>;
    },
  ): void {
    const { model } = this.#setup;
    const n = t.targets.shape[0] as number;
    for (let from = 0; from < n; from += model.logitsChunk) {
      const count = Math.min(model.logitsChunk, n - from);
      const part = <D extends 'f32' | 'u32'>(whole: Tensor<D>): Tensor<D> =>
        view(whole, { shape: [count], byteOffset: 4 * from });
      const targets = part(t.targets);
      const lse = view(this.#f.lse, { shape: [count] });
      const p_logits = model.logits(rec, t.clean, { from, count });
      const q_logits = model.logits(rec, t.run, { from, count });
      crossEntropy(rec, { logits: p_logits, targets, nats: part(t.nats.clean), lse });
      crossEntropy(rec, { logits: q_logits, targets, nats: part(t.nats.spliced), lse });
      klDivergence(rec, { p_logits, q_logits, kl: part(t.nats.kl) });
    }
  }

  [Symbol.dispose](): void {
    this.#clean[Symbol.dispose]();
    this.#changed[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

type FName =
  | 'recon'
  | 'difference'
  | 'negative'
  | 'stand_in'
  | 'mean'
  | 'mean_all'
  | 'zero'
  | 'counted'
  | 'lse'
  | 'error'
  | 'deviation'
  | 'deviation_all';

function natTensors(s: Scope, n: number): Record<RunKind | 'kl', F> {
  const t = (name: string): F => s.tensor(name, [n], 'f32');
  return { clean: t('clean'), spliced: t('spliced'), zero: t('zero'), mean: t('mean'), kl: t('kl') };
}
const asOne = (row: F): F => view(row, { shape: [1, row.shape[0] as number] });
function addTo(sums: Float64Array, values: Float32Array): void {
  for (const [i, value] of values.entries()) sums[i] = (sums[i] as number) + value;
}

import type { Gpu } from '#gpu/device.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel } from '#model/model.ts';
import { encodeRows, type HostCode } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import { type ByExclusion, EvalRuns, type Measured } from './evaluate_runs.ts';
import {
  copyOf,
  type EvalSums,
  emptySums,
  type Metrics,
  metricsOf,
  minus,
  RUN_KINDS,
  withAll,
} from './metrics.ts';
import { checkSignal, positionMask, siteOf, windowsPerPass } from './site.ts';
import { readWindows, type TokenWindows } from './windows.ts';

export interface Evaluation {
  /** Excluded positions stay clean in every run and are not counted (decision 15). */
  readonly metrics: Metrics;
  /** The same with nothing excluded. */
  readonly all: Metrics;
  /** Firings ÷ tokens of each feature over the counted positions, [d_sae]. */
  readonly density: Float32Array<ArrayBuffer>;
  readonly tokens: number;
  /** Sums over the counted positions of each forward pass, in order: what a bootstrap draws from. */
  readonly batches: readonly EvalSums[];
}
/** Tokens gone through, both passes (the mean of x first, then everything else). */
export interface EvaluateProgress {
  readonly done: number;
  readonly total: number;
}
export interface EvaluateOptions {
  /** Windows to use, from the first; default all. */
  readonly windows?: number | undefined;
  /** Windows of one forward pass; default about 2,048 tokens, 512 on a software adapter. */
  readonly batch?: number | undefined;
  /** Skips the runs of the whole model: mse, explained variance, l0 and dead fraction only; CE metrics are NaN. */
  readonly reconstructionOnly?: boolean | undefined;
  /** Edits that act in every run, before the SAE reads or replaces its activation; made for `batch` windows. */
  readonly edit?: ReadonlyMap<HookName, HookEdit> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BATCH_TOKENS = 2048;

/** Windows of one forward pass of an evaluation: what edits for it are made for. */
export function evaluationBatch(gpu: Gpu, windows: TokenWindows, count = windows.count): number {
  return Math.min(count, windows.count, windowsPerPass(gpu.caps, windows.seq, BATCH_TOKENS));
}

/**
 * All metrics of an SAE at its site over held-out windows (decisions 14 to 16, 22). CE in nats a token.
 *
 * Two passes: the mean of x, then the reconstruction and the clean, spliced, zero- and mean-ablated runs.
 * @throws WorkbenchError('shape') when the SAE does not fit the model, 'cancelled' when the signal fires.
 */
export async function* evaluateSae(
  gpu: Gpu,
  model: LanguageModel,
  sae: Sae,
  windows: TokenWindows,
  options: EvaluateOptions = {},
): AsyncGenerator<EvaluateProgress, Evaluation, void> {
  const { signal, reconstructionOnly = false } = options;
  const { seq } = windows;
  const count = Math.min(options.windows ?? windows.count, windows.count);
  const batch = Math.min(count, options.batch ?? evaluationBatch(gpu, windows, count));
  const site = siteOf(model.config, sae);
  const excluded = sae.excludedPositions.filter((p) => p < seq);
  using runs = new EvalRuns(gpu, { model, sae, site, batch, seq, excluded, edit: options.edit });
  const total = 2 * count * seq;
  const tally = new Tally(sae.d_sae, seq, excluded);
  for (let at = 0; at < count; at += batch) {
    checkSignal(signal, 'The evaluation');
    const ids = await readWindows(windows, upTo(at, Math.min(at + batch, count)));
    await runs.addToMean(ids);
    yield { done: at * seq + ids.length, total };
  }
  runs.endMean();
  for (let at = 0; at < count; at += batch) {
    checkSignal(signal, 'The evaluation');
    const ids = await readWindows(windows, upTo(at, Math.min(at + batch, count)));
    const { x, ...measured } = await runs.measure(ids, !reconstructionOnly);
    tally.add(measured, await encodeRows(gpu, sae, x));
    yield { done: (count + at) * seq + ids.length, total };
  }
  return tally.evaluation();
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Adds batches up, on the CPU in f64. */
class Tally {
  readonly #sums: ByExclusion<EvalSums> = { counted: emptySums(), all: emptySums() };
  readonly #batches: EvalSums[] = [];
  readonly #fired: ByExclusion<Uint32Array<ArrayBuffer>>;
  readonly #mask: Uint32Array;
  readonly #excluded: readonly number[];
  readonly #seq: number;

  constructor(d_sae: number, seq: number, excluded: readonly number[]) {
    this.#fired = { counted: new Uint32Array(d_sae), all: new Uint32Array(d_sae) };
    this.#mask = positionMask(seq, excluded);
    this.#excluded = excluded;
    this.#seq = seq;
  }

  add(m: Measured, code: HostCode): void {
    const before = copyOf(this.#sums.counted);
    for (let row = 0; row < m.error.length; row++) {
      this.#addRow('all', m, code, row);
      if (this.#mask[row % this.#seq] === 0) this.#addRow('counted', m, code, row);
    }
    this.#batches.push(minus(this.#sums.counted, before));
  }

  #addRow(which: keyof ByExclusion<unknown>, m: Measured, code: HostCode, row: number): void {
    const sums = this.#sums[which];
    const fired = this.#fired[which];
    sums.tokens++;
    sums.error += m.error[row] as number;
    sums.deviation += m.deviation[which][row] as number;
    for (let e = code.rowStart[row] as number; e < (code.rowStart[row + 1] as number); e++) {
      if (!((code.val[e] as number) > 0)) continue;
      sums.firings++;
      const f = code.idx[e] as number;
      fired[f] = (fired[f] as number) + 1;
    }
    // The last position of a window predicts a token that is not there.
    if (!m.runs || row % this.#seq === this.#seq - 1) return;
    sums.predictions++;
    sums.kl += m.runs[which].kl[row] as number;
    for (const kind of RUN_KINDS) sums.nats[kind] += m.runs[which].nats[kind][row] as number;
  }

  evaluation(): Evaluation {
    const { counted, all } = this.#sums;
    const density = Float32Array.from(this.#fired.counted, (n) => n / counted.tokens);
    const everything = metricsOf(all, { excluded: [], fired: this.#fired.all });
    const metrics = metricsOf(counted, { excluded: this.#excluded, fired: this.#fired.counted });
    return {
      metrics: withAll(metrics, everything),
      all: everything,
      density,
      tokens: counted.tokens,
      batches: this.#batches,
    };
  }
}

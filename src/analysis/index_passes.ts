import type { Gpu } from '#gpu/device.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel, Workspace } from '#model/model.ts';
import { encodeRows, type HostCode } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import type { ChosenExample } from './index_examples.ts';
import type { IndexExample } from './index_store.ts';
import { checkSignal, positionMask, rowsOfRun, siteOf, windowsPerPass } from './site.ts';
import { readWindows, type TokenWindows } from './windows.ts';

const BATCH_TOKENS = 2048;
/** Entries of codes that are kept between the passes (8 bytes each); above it the passes encode again. */
const CACHE_ENTRIES = 8 * 2 ** 20;

export interface IndexSetup {
  readonly model: LanguageModel;
  readonly sae: Sae;
  readonly windows: TokenWindows;
  readonly options: {
    readonly windows?: number | undefined;
    readonly batch?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  };
}

/** A batch of windows: its code, the number of its first token, and tokens gone through in all passes. */
export interface PassBatch {
  readonly code: HostCode;
  readonly first: number;
  readonly done: number;
  readonly total: number;
}

/** Codes of all windows, batch by batch, as often as asked. */
export class IndexPasses implements Disposable {
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
    this.#batch = Math.min(this.#count, options.batch ?? windowsPerPass(gpu.caps, this.seq, BATCH_TOKENS));
    this.ids = new Uint32Array(this.#count * this.seq);
    this.#mask = positionMask(this.seq, sae.excludedPositions);
    this.#ws = model.workspace({ batch: this.#batch, seq: this.seq, keep: [this.#site] });
  }

  get signal(): AbortSignal | undefined {
    return this.#setup.options.signal;
  }
  /** True when the SAE's metadata does not exclude the position. */
  counts(position: number): boolean {
    return this.#mask[position] === 0;
  }
  get countedTokens(): number {
    return this.#count * this.#mask.reduce((n, excluded) => n + 1 - excluded, 0);
  }

  async *pass(number: 0 | 1 | 2): AsyncGenerator<PassBatch, void, void> {
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
      yield { code, first: at * this.seq, done, total };
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
    return await encodeRows(this.#gpu, sae, rowsOfRun(run, this.#site));
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
  example(e: ChosenExample): IndexExample {
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

import type { Gpu } from '#gpu/device.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import { positionMask, rowsOfRun, siteWidth, windowsPerPass } from './site.ts';
import { readWindows, type TokenWindows } from './windows.ts';

/** Tokens of a sample at most, and of one batch of it (about what a click may have to wait for). */
const TOKENS = {
  gpu: { all: 8192, batch: 4096 },
  software: { all: 2048, batch: 256 },
} as const;

export interface PinSampleOptions {
  readonly site: HookName;
  /** Positions that are left out (decision 15). */
  readonly excludedPositions: readonly number[];
}

/** Activations of a site over the first windows of a text, harvested once and kept on the GPU in batches. */
export class PinSample implements Disposable {
  readonly seq: number;
  /** Windows and rows of one batch. */
  readonly windowsPerBatch: number;
  /** Batches that the sample may grow to. */
  readonly most: number;
  /** Ids of the windows of all batches that are there, [windows·seq]. */
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #windows: TokenWindows;
  readonly #site: HookName;
  readonly #mask: Uint32Array;
  readonly #scope: Scope;
  readonly #batches: Tensor<'f32'>[] = [];

  /** Allocates nothing yet. */
  constructor(gpu: Gpu, model: LanguageModel, windows: TokenWindows, options: PinSampleOptions) {
    const tokens = TOKENS[gpu.caps.class === 'software' ? 'software' : 'gpu'];
    this.#gpu = gpu;
    this.#model = model;
    this.#windows = windows;
    this.#site = options.site;
    this.seq = windows.seq;
    this.windowsPerBatch = Math.min(windows.count, windowsPerPass(gpu.caps, windows.seq, tokens.batch));
    const all = Math.min(windows.count, Math.ceil(tokens.all / windows.seq));
    this.most = Math.max(1, Math.floor(all / this.windowsPerBatch));
    this.ids = new Uint32Array(this.most * this.rowsPerBatch);
    this.#mask = positionMask(windows.seq, options.excludedPositions);
    this.#scope = gpu.scope('pins');
  }

  get rowsPerBatch(): number {
    return this.windowsPerBatch * this.seq;
  }
  /** Batches that are there. */
  get filled(): number {
    return this.#batches.length;
  }

  /** True when a token (window·seq + position) counts. */
  readonly counts = (token: number): boolean => this.#mask[token % this.seq] === 0;

  /** Rows [windowsPerBatch·seq, d_in] of a batch and the number of its first token. */
  batch(index: number): { readonly x: Tensor<'f32'>; readonly first: number } {
    return { x: this.#batches[index] as Tensor<'f32'>, first: index * this.rowsPerBatch };
  }

  /** Harvests until `batches` are there (at most `most`); yields before each forward pass. */
  async *fill(batches: number): AsyncGenerator<void, void, void> {
    const { seq, windowsPerBatch: n } = this;
    const site = this.#site;
    while (this.filled < Math.min(batches, this.most)) {
      yield;
      const at = this.filled * n;
      const ids = await readWindows(
        this.#windows,
        Array.from({ length: n }, (_, i) => at + i),
      );
      this.ids.set(ids, at * seq);
      using scope = this.#gpu.scope('pins/harvest');
      using ws = this.#model.workspace({ batch: n, seq, keep: [site] });
      const tokens = scope.upload('tokens', [n, seq], 'u32', ids);
      const width = siteWidth(this.#model.config, site);
      const x = this.#scope.tensor('x', [n * seq, width], 'f32');
      const rec = this.#gpu.record('pins/forward');
      const run = this.#model.forward(rec, ws, tokens, { stopAt: site });
      rec.copy(rowsOfRun(run, site), x);
      await rec.submit();
      this.#batches.push(x);
    }
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

import { WorkbenchError } from '#base/errors.ts';
import { makeRng, type Rng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import { gatherRows } from '#gpu/ops/rows.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import { type HookName, isHookOf } from '#model/hooks.ts';
import type { LanguageModel, Workspace } from '#model/model.ts';
import type { ActivationRows, ActivationSource } from '#sae/sae.ts';
import { type GradientTensors, gradientTensors, nextTokens } from './harvest_gradient.ts';
import { asRows, checkSignal, copyRows, rowsOfRun, siteWidth, windowsPerPass } from './site.ts';
import { readWindows, type TokenWindows } from './windows.ts';

export interface HarvestOptions {
  readonly site: HookName;
  readonly seed: number;
  /** Positions that are left out (decision 15). */
  readonly excludedPositions: readonly number[];
  /** Windows of one forward pass; default about 4,096 tokens, 512 on a software adapter. */
  readonly batch?: number | undefined;
  /** Windows of a block, in which rows are shuffled; default about 32,768 tokens, at most 64 MiB of rows. */
  readonly windowsPerBlock?: number | undefined;
  /** Passes over the windows before the source is exhausted; default no end. */
  readonly epochs?: number | undefined;
  /**
   * Also the gradient of the cross-entropy by every row, from our backward pass: of the sum over a window's predictions,
   * so that a token's gradient does not depend on how many are harvested at once (sae-training.md 3.3).
   */
  readonly gradient?: boolean | undefined;
  /** Awaited between two forward passes: interactive requests run here. */
  readonly yieldToInteractive?: (() => Promise<void>) | undefined;
}

/** An ActivationSource that can be put back where a checkpoint stood. */
export interface HarvestSource extends ActivationSource, Disposable {
  /** The next row is row `row` of block `block`; costs one harvest at the next `next`. */
  seek(block: number, row: number): void;
  /** Rows of a full block. */
  readonly rowsPerBlock: number;
}

const BATCH_TOKENS = 4096;
const BLOCK_TOKENS = 32_768;
const BLOCK_BYTES = 64 * 2 ** 20;

/**
 * Activations at `site`, block by block (decision 4). Windows go through in a seeded order, each epoch in another;
 * block i is windowsPerBlock of them, its rows permuted by rng.fork('block/i/rows'); nothing else is carried over, so
 * (seed, options, block, row) says all that comes next. Activations stay on the GPU.
 *
 * @throws WorkbenchError('shape') when the model has no such site, or every position is excluded.
 */
export function harvest(
  gpu: Gpu,
  model: LanguageModel,
  windows: TokenWindows,
  options: HarvestOptions,
): HarvestSource {
  if (!isHookOf(model.config, options.site))
    throw new WorkbenchError('shape', `harvest: this model has no hook ${options.site}`);
  if (windows.seq > model.config.n_ctx)
    throw new WorkbenchError(
      'shape',
      `harvest: windows of ${windows.seq} tokens, n_ctx is ${model.config.n_ctx}`,
    );
  const source = new Harvest(gpu, model, windows, options);
  if (source.rowsPerBlock === 0)
    throw new WorkbenchError('shape', `harvest: all ${windows.seq} positions are excluded`);
  return source;
}

class Harvest implements HarvestSource {
  readonly d_in: number;
  readonly rowsPerBlock: number;
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #windows: TokenWindows;
  readonly #options: HarvestOptions;
  readonly #rng: Rng;
  readonly #batch: number;
  readonly #windowsPerBlock: number;
  /** Positions of a window that give a row. */
  readonly #positions: readonly number[];
  readonly #scope: Scope;
  readonly #ws: Workspace;
  readonly #tokens: Tensor<'u32'>;
  readonly #table: Tensor<'f32'>;
  readonly #gradients: GradientTensors | undefined;
  #order: { readonly epoch: number; readonly indexes: Uint32Array } | undefined;
  /** Rows of the table in the order of the filled block. */
  #rows: Uint32Array<ArrayBuffer> | undefined;
  #block = 0;
  #row = 0;
  #out: { readonly n: number; readonly scope: Scope; readonly t: OutTensors } | undefined;

  constructor(gpu: Gpu, model: LanguageModel, windows: TokenWindows, options: HarvestOptions) {
    const { seq } = windows;
    this.#gpu = gpu;
    this.#model = model;
    this.#windows = windows;
    this.#options = options;
    this.#rng = makeRng(options.seed).fork('harvest');
    this.d_in = siteWidth(model.config, options.site);
    const fit = Math.floor(Math.min(BLOCK_BYTES, gpu.caps.maxBindingBytes) / (4 * this.d_in * seq));
    const wanted = options.windowsPerBlock ?? Math.min(Math.ceil(BLOCK_TOKENS / seq), windows.count, fit);
    this.#windowsPerBlock = Math.max(1, wanted);
    this.#batch = Math.min(
      this.#windowsPerBlock,
      options.batch ?? windowsPerPass(gpu.caps, seq, BATCH_TOKENS),
    );
    const excluded = new Set(options.excludedPositions);
    this.#positions = Array.from({ length: seq }, (_, p) => p).filter((p) => !excluded.has(p));
    this.rowsPerBlock = this.#windowsPerBlock * this.#positions.length;
    this.#scope = gpu.scope('harvest');
    this.#tokens = this.#scope.tensor('tokens', [this.#batch, seq], 'u32');
    this.#table = this.#scope.tensor('block', [this.#windowsPerBlock * seq, this.d_in], 'f32');
    const grad = options.gradient === true;
    const sizes = { rows: this.#windowsPerBlock * seq, d_in: this.d_in, windows: this.#batch, seq };
    if (grad) this.#gradients = gradientTensors(this.#scope, sizes);
    this.#ws = model.workspace({ batch: this.#batch, seq, keep: [options.site], grad });
  }

  get hasGradient(): boolean {
    return this.#gradients !== undefined;
  }

  get position(): { readonly block: number; readonly row: number } {
    return { block: this.#block, row: this.#row };
  }

  seek(block: number, row: number): void {
    if (block !== this.#block) this.#rows = undefined;
    this.#block = block;
    this.#row = row;
  }

  async next(n: number, signal: AbortSignal): Promise<ActivationRows | undefined> {
    const start = this.position;
    const { x, g, part, idx } = this.#outTensors(n);
    for (let filled = 0; filled < n; ) {
      const rows = await this.#filled(signal);
      if (!rows) {
        this.seek(start.block, start.row);
        return undefined;
      }
      const take = Math.min(n - filled, rows.length - this.#row);
      const whole = filled === 0 && take === n;
      const chosen = view(idx, { shape: [take] });
      this.#gpu.write(chosen, rows.slice(this.#row, this.#row + take));
      const rec = this.#gpu.record('harvest/rows');
      const gather = (table: Tensor<'f32'>, all: Tensor<'f32'>): void => {
        const out = view(whole ? all : part, { shape: [take, this.d_in] });
        gatherRows(rec, { table, idx: chosen, out });
        // A part may start anywhere in the whole, where a kernel could not bind it; a copy can.
        if (!whole) copyRows(rec, { from: out, to: all, toRow: filled, count: take });
      };
      gather(this.#table, x);
      if (this.#gradients && g) gather(this.#gradients.table, g);
      await rec.submit();
      filled += take;
      this.#row += take;
    }
    const shape = [n, this.d_in];
    return { x: view(x, { shape }), ...(g && { g: view(g, { shape }) }) };
  }

  /** Rows of the current block, harvested if need be; moves on past a block that is used up. */
  async #filled(signal: AbortSignal): Promise<Uint32Array<ArrayBuffer> | undefined> {
    if (this.#rows && this.#row >= this.#rows.length) {
      this.#rows = undefined;
      this.#block++;
      this.#row = 0;
    }
    this.#rows ??= await this.#fill(signal);
    return this.#rows;
  }

  async #fill(signal: AbortSignal): Promise<Uint32Array<ArrayBuffer> | undefined> {
    const chosen = this.#windowsOf(this.#block);
    if (chosen.length === 0) return undefined;
    const { seq } = this.#windows;
    for (let at = 0; at < chosen.length; at += this.#batch) {
      checkSignal(signal, 'Harvesting activations');
      const some = chosen.slice(at, at + this.#batch);
      const tokens = view(this.#tokens, { shape: [some.length, seq] });
      const ids = await readWindows(this.#windows, some);
      this.#gpu.write(tokens, ids);
      const rec = this.#gpu.record('harvest/forward');
      this.#pass(rec, tokens, ids, { toRow: at * seq, count: some.length * seq });
      await rec.submit();
      await this.#options.yieldToInteractive?.();
    }
    return this.#shuffledRows(chosen.length);
  }

  /** One forward pass, and one back where gradients are wanted, into the tables. */
  #pass(
    rec: Recorder,
    tokens: Tensor<'u32'>,
    ids: Uint32Array<ArrayBuffer>,
    place: { readonly toRow: number; readonly count: number },
  ): void {
    const { site } = this.#options;
    const wanted = this.#gradients;
    const run = this.#model.forward(rec, this.#ws, tokens, wanted ? {} : { stopAt: site });
    copyRows(rec, { from: rowsOfRun(run, site), to: this.#table, ...place });
    if (!wanted) return;
    const targets = view(wanted.targets, { shape: [ids.length] });
    const weights = view(wanted.weights, { shape: [ids.length] });
    this.#gpu.write(targets, nextTokens(ids));
    const grads = this.#model.backward(rec, run, { kind: 'ce', targets, weights });
    copyRows(rec, { from: asRows(grads.at(site), this.d_in), to: wanted.table, ...place });
  }

  /** Window numbers of a block: a stretch of the epochs' orders, one after the other. */
  #windowsOf(block: number): number[] {
    const { count } = this.#windows;
    const end = (this.#options.epochs ?? Number.POSITIVE_INFINITY) * count;
    const chosen: number[] = [];
    const from = block * this.#windowsPerBlock;
    for (let at = from; at < Math.min(from + this.#windowsPerBlock, end); at++)
      chosen.push(this.#orderOf(Math.floor(at / count))[at % count] as number);
    return chosen;
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const indexes = Uint32Array.from({ length: this.#windows.count }, (_, i) => i);
      this.#order = { epoch, indexes: shuffle(indexes, this.#rng.fork(`epoch/${epoch}`)) };
    }
    return this.#order.indexes;
  }

  #shuffledRows(windows: number): Uint32Array<ArrayBuffer> {
    const per = this.#positions.length;
    const rows = Uint32Array.from(
      { length: windows * per },
      (_, i) => Math.floor(i / per) * this.#windows.seq + (this.#positions[i % per] as number),
    );
    return shuffle(rows, this.#rng.fork(`block/${this.#block}/rows`));
  }

  #outTensors(n: number): OutTensors {
    if (this.#out && this.#out.n >= n) return this.#out.t;
    this.#out?.scope[Symbol.dispose]();
    const scope = this.#gpu.scope('harvest/out');
    const t = {
      x: scope.tensor('x', [n, this.d_in], 'f32'),
      g: this.#gradients && scope.tensor('g', [n, this.d_in], 'f32'),
      part: scope.tensor('part', [n, this.d_in], 'f32'),
      idx: scope.tensor('idx', [n], 'u32'),
    };
    this.#out = { n, scope, t };
    return t;
  }

  [Symbol.dispose](): void {
    this.#out?.scope[Symbol.dispose]();
    this.#ws[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

interface OutTensors {
  readonly x: Tensor<'f32'>;
  readonly g: Tensor<'f32'> | undefined;
  /** Rows of one block, when `x` takes from two. */
  readonly part: Tensor<'f32'>;
  readonly idx: Tensor<'u32'>;
}

/** Fisher-Yates, in place. */
function shuffle<T extends Uint32Array<ArrayBuffer>>(items: T, rng: Rng): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const held = items[i] as number;
    items[i] = items[j] as number;
    items[j] = held;
  }
  return items;
}

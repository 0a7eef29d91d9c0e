import type { Gpu } from '#gpu/device.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel } from '#model/model.ts';
import type { ActivationSource } from '#sae/sae.ts';
import type { TokenWindows } from './windows.ts';

export interface HarvestOptions {
  readonly site: HookName;
  readonly seed: number;
  /** Positions that are left out (decision 15). */
  readonly excludedPositions: readonly number[];
  /** Windows of one forward pass; default fits about 4,096 tokens. */
  readonly batch?: number | undefined;
  /** Windows of a block, in which rows are shuffled; default about 32,768 tokens, at most 64 MiB of rows. */
  readonly windowsPerBlock?: number | undefined;
  /** Passes over the windows before the source is exhausted; default no end. */
  readonly epochs?: number | undefined;
}

/** An ActivationSource that can be put back where a checkpoint stood. */
export interface HarvestSource extends ActivationSource, Disposable {
  /** The next row is row `row` of block `block`; costs one harvest at the next `next`. */
  seek(block: number, row: number): void;
  /** Rows of a full block. */
  readonly rowsPerBlock: number;
}

/**
 * Activations at `site`, block by block (decision 4). Windows go through in a seeded order, each epoch in another;
 * block i is windowsPerBlock of them, its rows permuted by rng.fork('block/i/rows'); nothing else is carried over, so
 * (seed, block, row) says all that comes next. Activations stay on the GPU.
 *
 * @throws WorkbenchError('shape') when the model has no such site.
 */
export declare function harvest(
  gpu: Gpu,
  model: LanguageModel,
  windows: TokenWindows,
  options: HarvestOptions,
): HarvestSource;

/** The activations of whole windows at `site`, in order: [count·seq, d_in]; owned by the caller's scope. */
export declare function activationsOf(
  gpu: Gpu,
  model: LanguageModel,
  ids: Uint32Array<ArrayBuffer>,
  options: {
    readonly site: HookName;
    readonly batch: number;
    readonly seq: number;
    readonly out: Tensor<'f32'>;
  },
): Promise<void>;

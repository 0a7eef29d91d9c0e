import type { Gpu } from '#gpu/device.ts';
import type { HookEdit } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';

/** What stands in for an activation at the SAE's site, and the buffers that takes. Dispose when done. */
export interface SiteEdit extends Disposable {
  readonly edit: HookEdit;
}

/** Sizes of the runs that an edit serves; scratch is made for batch·seq rows. */
export interface EditSizes {
  readonly batch: number;
  readonly seq: number;
  /** Positions left as they are; default the SAE's (decision 15). */
  readonly excludedPositions?: readonly number[] | undefined;
}

/** x → recon = SAE(x) at every position that is not excluded. */
export declare function spliceEdit(gpu: Gpu, sae: Sae, sizes: EditSizes): SiteEdit;

/** x → `value` [d_in] (zeros when absent: zero ablation; the mean of x: mean ablation), excluded positions stay. */
export declare function ablationEdit(
  gpu: Gpu,
  sizes: EditSizes & {
    readonly d_in: number;
    readonly excludedPositions: readonly number[];
    readonly value?: Float32Array<ArrayBuffer> | undefined;
  },
): SiteEdit;

/** One change of one feature; the protocol's Edit without the SAE's id. */
export interface FeatureEdit {
  readonly feature: number;
  readonly op: 'scale' | 'clamp' | 'add' | 'ablate';
  readonly value?: number | undefined;
  /** Heads whose slice of the decoder row is written; absent: all. */
  readonly heads?: readonly number[] | undefined;
  /** Positions counted with BOS; absent: all. */
  readonly positions?: readonly number[] | undefined;
}

/**
 * z' = z + Σ_e (acts'_e − acts)·W_dec[e] over the masked heads and positions: the SAE's error is kept.
 *
 * Every edit is measured from the clean act, and edits add up. scale: acts·value, clamp: value, add: acts + value,
 * ablate: 0. All positions may be edited, excluded ones too.
 */
export declare function featureEdit(
  gpu: Gpu,
  sae: Sae,
  edits: readonly FeatureEdit[],
  sizes: { readonly batch: number; readonly seq: number; readonly n_heads: number },
): SiteEdit;

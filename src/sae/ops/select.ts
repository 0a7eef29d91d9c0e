import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { SparseCode } from '../sae.ts';

/**
 * Row t of the code gets the k entries of largest score among pre_acts > 0, ties to the lower feature, idx ascending.
 *
 * score, pre_acts [rows, d_sae] (for plain TopK the same tensor); k slots a row; `fromRow` is the first row's place
 * in the code. Exact for every k up to d_sae. Slots without a positive pre_act hold val 0 and idx 0.
 */
export declare function selectTopk(
  rec: Recorder,
  t: {
    readonly score: Tensor<'f32'>;
    readonly pre_acts: Tensor<'f32'>;
    readonly code: SparseCode;
    readonly k: number;
    readonly fromRow: number;
  },
): void;

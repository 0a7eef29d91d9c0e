import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

/** Which operand is transposed: NN = a·b, NT = a·bᵀ, TN = aᵀ·b. All matrices row-major. */
export type MatmulLayout = 'NN' | 'NT' | 'TN';
/** 'reg': register tiles, no workgroup memory; 'shm': shared-memory tile; default by adapter class. */
export type MatmulFamily = 'reg' | 'shm' | 'any';

export interface MatmulCall {
  readonly layout: MatmulLayout;
  /** [m, k]; TN: [k, m]. */
  readonly a: Tensor<'f32'>;
  /** NN and TN: [k, n]; NT: [n, k]. */
  readonly b: Tensor<'f32'>;
  /** [n], added to every row. */
  readonly bias?: Tensor<'f32'>;
  /** [m, n] */
  readonly out: Tensor<'f32'>;
  /** out += instead of out =. */
  readonly accumulate?: boolean;
  /** Forces a kernel family (tests and bench); the default follows the adapter. */
  readonly family?: MatmulFamily;
}

/**
 * out[m, n] = Σ_k A[m, k]·B[k, n] (+ bias[n]) (+ out), A and B transposed as `layout` says.
 *
 * All tensors are matrices: give a window (`view`) of anything of higher rank. Bindings over the adapter's limit are
 * split by rows. Fast when the contiguous dimensions are multiples of 4; correct for all sizes.
 */
export declare function matmul(rec: Recorder, call: MatmulCall): void;

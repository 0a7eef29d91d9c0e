import type { Gpu } from '#gpu/device.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { Sae, SparseCode } from './sae.ts';

type F = Tensor<'f32'>;

/**
 * pre_acts[n, d_sae] = (x − p·b_dec)·W_encᵀ + b_enc. x [n, d_in]; xc [n, d_in] is scratch (unused when p = 0).
 * Keep n so that pre_acts stays under the binding limit: `chunkRows`.
 */
export declare function encodePreActs(rec: Recorder, sae: Sae, t: { x: F; xc: F; pre_acts: F }): void;

/** acts[n, d_sae] = actRule(pre_acts), dense; acts is another buffer than pre_acts. */
export declare function denseActs(rec: Recorder, sae: Sae, t: { pre_acts: F; acts: F }): void;

/** Fills `code` from pre_acts [n, d_sae] by the SAE's rule. Rows that exceed code.cap are cut; rowStart tells. */
export declare function selectCode(rec: Recorder, sae: Sae, t: { pre_acts: F; code: SparseCode }): void;

/** recon[n, d_in] = Σ val·W_dec[idx] + b_dec over the code of n rows. */
export declare function decodeCode(rec: Recorder, sae: Sae, t: { code: SparseCode; recon: F }): void;

/** A code for n rows of this SAE: k slots a row for topk, else `slots` (default 256, at most d_sae) a row. */
export declare function makeCode(scope: Scope, sae: Sae, n: number, slots?: number): SparseCode;

/** Rows of pre_acts that fit one binding (and `maxBytes`, default 64 MiB). */
export declare function chunkRows(gpu: Gpu, sae: Sae, maxBytes?: number): number;

/** A code on the CPU: row t owns [rowStart[t], rowStart[t+1]); zero slots are dropped. */
export interface HostCode {
  readonly rowStart: Uint32Array;
  readonly idx: Uint32Array;
  readonly val: Float32Array;
}

/**
 * Encodes rows x [n, d_in] and reads the code back (one wait, by whoever shows it). Submits its own work.
 * A rule without bound (relu, threshold) gets as many slots as it needs: nothing is cut.
 */
export declare function encodeRows(gpu: Gpu, sae: Sae, x: F): Promise<HostCode>;

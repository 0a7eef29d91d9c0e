import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import { ceilDiv } from '#base/num.ts';
import { defineKernel } from '#gpu/kernel.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import source from '#shaders/sae/select_topk.wgsl?raw';
import type { SparseCode } from '../sae.ts';

export const selectTopkKernel = defineKernel({
  name: 'sae/select_topk',
  source,
  tensors: ['score', 'pre_acts', 'last_fired', 'scalars', 'row_start', 'idx', 'val'],
  params: ['k', 'from_row', 'n', 'from_entry', 'dead_limit'],
  constants: { T: 64, Q4: 1, GROUPS4: 64, CAP: 256, D_SAE: 64, MASKED: 0 },
  grid: ({ n }) => [n],
  doc: 'The k largest positive scores of each row, features ascending (TopK, Gao 2024). Exact, ties to the lower feature.',
});

export interface SelectTopk {
  /** [rows, d_sae]; a feature with score ≤ 0 is never chosen. */
  readonly score: Tensor<'f32'>;
  /** [rows, d_sae]; for plain TopK the same tensor as score. */
  readonly pre_acts: Tensor<'f32'>;
  readonly code: SparseCode;
  /** At most d_sae. */
  readonly k: number;
  /** Row of the code that row 0 fills. */
  readonly fromRow: number;
  /** Entry at which that row starts; default fromRow·k. */
  readonly fromEntry?: number;
  /** Chooses only among features whose last firing (step, [d_sae]) came before `limit`. */
  readonly dead?:
    | { readonly last_fired: Tensor<'u32'>; readonly limit: number; readonly scalars: Tensor<'f32'> }
    | undefined;
}

/**
 * Candidates and maxima of a row lie in workgroup memory, of which 16 KiB are guaranteed. SwiftShader compiles about
 * 1.5 words of it a millisecond (it unrolls their zeroing), so there they stay small and the radix select comes sooner.
 */
const LIMITS = { software: { cap: 256, groups: 256 }, hardware: { cap: 768, groups: 512 } } as const;

/**
 * Invocations a row. Software adapters run four side by side, and every further four cost a coroutine switch at each
 * barrier: 256 x 1024 took 64 ms with 64 invocations, 22 ms with 4 (SwiftShader, 2 cores).
 */
export function selectThreads(caps: Recorder['caps'], d_sae: number): number {
  if (caps.class === 'software') return 4;
  return d_sae >= 8192 ? 256 : d_sae >= 2048 ? 128 : 64;
}

/**
 * Row t of the code gets the k entries of largest score among score > 0, ties to the lower feature, idx ascending;
 * val = pre_acts there. Exact for every k up to d_sae.
 *
 * A row owns k slots; those without a positive score hold val 0 and idx 0, at the end of the row.
 * @throws WorkbenchError('shape') when the code has no room for the rows.
 */
export function selectTopk(rec: Recorder, t: SelectTopk): void {
  const { n, d_sae } = dims('sae/select_topk', {
    score: [t.score, 'n d_sae'],
    pre_acts: [t.pre_acts, 'n d_sae'],
  });
  const from_entry = t.fromEntry ?? t.fromRow * t.k;
  const rowsLeft = (t.code.rowStart.shape[0] ?? 0) - 1 - t.fromRow;
  if (t.k < 1 || t.k > d_sae || from_entry + n * t.k > t.code.cap || n > rowsLeft)
    throw new WorkbenchError(
      'shape',
      `sae/select_topk: ${n} rows of k = ${t.k} from entry ${from_entry} (d_sae ${d_sae}) do not fit a code of ${t.code.cap} entries and ${rowsLeft} rows`,
    );
  const T = selectThreads(rec.caps, d_sae);
  const most = LIMITS[rec.caps.class === 'software' ? 'software' : 'hardware'];
  // Twice k groups leave about 1.4 k candidates; more than a quarter of the row gains nothing.
  const wanted = Math.min(most.groups, Math.ceil(d_sae / 4), 2 * t.k);
  const Q4 = Math.max(1, Math.min(ceilDiv(wanted, 4 * T), Math.floor(most.groups / (4 * T))));
  rec.run(selectTopkKernel, {
    tensors: {
      score: t.score,
      pre_acts: t.pre_acts,
      last_fired: t.dead?.last_fired ?? t.pre_acts,
      scalars: t.dead?.scalars ?? t.pre_acts,
      row_start: t.code.rowStart,
      idx: t.code.idx,
      val: t.code.val,
    },
    params: { k: t.k, from_row: t.fromRow, n, from_entry, dead_limit: t.dead?.limit ?? 0 },
    constants: {
      T,
      Q4,
      GROUPS4: T * Q4,
      CAP: Math.min(most.cap, Math.max(128, 4 * t.k)),
      D_SAE: d_sae,
      MASKED: t.dead ? 1 : 0,
    },
  });
}

export const topkDenseKernel = defineKernel({
  name: 'sae/select_topk/dense',
  source,
  entry: 'dense',
  tensors: ['score', 'last_fired', 'acts'],
  params: ['k', 'from_row', 'n', 'from_entry', 'dead_limit'],
  constants: { T: 64, D_SAE: 64 },
  grid: ({ n }) => [n],
  doc: 'acts = the k largest positive pre_acts of each row, else 0.',
});

/** acts[n, d_sae] = pre_acts of the k largest positive ones, else 0; the same choice as `selectTopk`. */
export function topkDense(
  rec: Recorder,
  t: { pre_acts: Tensor<'f32'>; acts: Tensor<'f32'>; k: number },
): void {
  const { n, d_sae } = dims('sae/topk_dense', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    acts: [t.acts, 'n d_sae'],
  });
  rec.run(topkDenseKernel, {
    tensors: { score: t.pre_acts, last_fired: t.pre_acts, acts: t.acts },
    params: { k: t.k, from_row: 0, n, from_entry: 0, dead_limit: 0 },
    constants: { T: selectThreads(rec.caps, d_sae), D_SAE: d_sae },
  });
}

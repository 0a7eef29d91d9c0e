import { WorkbenchError } from '#base/errors.ts';
import { roundUp } from '#base/num.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { Moments } from './ops/adam.ts';
import { pullSegments } from './ops/adam.ts';
import { RING_WIDTH, SCALARS, statSegments } from './ops/stats.ts';
import type { SparseCode } from './sae.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

/** Sizes of a training step. */
export interface StepShape {
  /** Tokens a step. */
  readonly batch: number;
  readonly d_in: number;
  readonly d_sae: number;
  /** Entries that a token's row of the code has. */
  readonly slots: number;
  /** Entries of a token's AuxK row; 0: no AuxK. */
  readonly k_aux: number;
  /** Ends of the nested prefixes of the dictionary, ascending, the last one d_sae; empty or absent: none. */
  readonly ends?: readonly number[] | undefined;
  /** Running densities are kept; `zipf`: aux_zipf goes by them. */
  readonly density?: boolean | undefined;
  readonly zipf?: boolean | undefined;
  /** The code has a second row for every token, of d_sae entries more: the open gates of a gated SAE. */
  readonly gate?: boolean | undefined;
  /** Firings before the window that resampling goes by are kept. */
  readonly resample?: boolean | undefined;
  /** A `score` [chunkRows, d_sae] beside pre_acts. */
  readonly scored?: boolean | undefined;
  /** Tensors beside the shared ones: the variant's own, theta's. */
  readonly own?: OwnTensors | undefined;
}

/** Shapes and types of tensors by name. */
export type Named = Readonly<Record<string, readonly [shape: readonly number[], dtype: 'f32' | 'u32']>>;

/** Tensors of one variant: `state` goes into checkpoints, `scratch` does not. */
export interface OwnTensors {
  readonly state: Named;
  readonly scratch: Named;
}

/** A trained parameter and its two moments, for a variant's `state`. */
export const trained = (name: string, shape: readonly number[]): Named => ({
  [name]: [shape, 'f32'],
  [`${name}.m`]: [shape, 'f32'],
  [`${name}.v`]: [shape, 'f32'],
});

/** d_in rounded up to whole vec4s; the columns beyond d_in stay 0 (prepare_batch.wgsl). */
export const padded = (d_in: number): number => roundUp(d_in, 4);
/** Rows of the code: the batch, then AuxK's rows or the open gates. */
export const codeRows = (s: StepShape): number => (s.k_aux > 0 || s.gate ? 2 : 1) * s.batch;
/** Entries of the code. */
export const codeCap = (s: StepShape): number => s.batch * (s.slots + (s.gate ? s.d_sae : s.k_aux));

/** What a run must keep to go on exactly: parameters, moments, firing statistics, scalars. Names as in checkpoints. */
export function stateTensors(s: StepShape): Named {
  const d_pad = padded(s.d_in);
  return {
    ...trained('W_enc', [s.d_sae, d_pad]),
    ...trained('b_enc', [s.d_sae]),
    ...trained('W_dec', [s.d_sae, d_pad]),
    ...trained('b_dec', [d_pad]),
    last_fired: [[s.d_sae], 'u32'],
    fired: [[s.d_sae], 'u32'],
    scalars: [[SCALARS], 'f32'],
    ...(s.resample && { fired_before: [[s.d_sae], 'u32'] }),
    ...(s.density && { density_sum: [[s.d_sae], 'f32'] }),
    ...(s.zipf && { pi: [[s.d_sae], 'f32'] }),
    ...s.own?.state,
  };
}

/** What a step computes with and forgets. */
export function scratchTensors(s: StepShape, o: { chunkRows: number; ringSlots: number }): Named {
  const d_pad = padded(s.d_in);
  const rows = codeRows(s);
  const cap = codeCap(s);
  const segments = statSegments(s.batch);
  const shared: Named = {
    xs: [[s.batch, d_pad], 'f32'],
    xc: [[s.batch, d_pad], 'f32'],
    pre_acts: [[o.chunkRows, s.d_sae], 'f32'],
    hits: [[s.d_sae], 'u32'],
    part: [[segments, 4, d_pad], 'f32'],
    err_sum: [[d_pad], 'f32'],
    g_b_enc: [[s.d_sae], 'f32'],
    g_b_dec: [[d_pad], 'f32'],
    pull: [[pullSegments(s.d_sae), d_pad], 'f32'],
    row_norm: [[2 * s.d_sae], 'f32'],
    ring: [[o.ringSlots, RING_WIDTH], 'f32'],
    ...(s.zipf && { weighed: [[o.chunkRows, s.d_sae], 'f32'] }),
    ...(s.scored && { score: [[o.chunkRows, s.d_sae], 'f32'] }),
    ...s.own?.scratch,
  };
  const levels = s.ends?.length ?? 0;
  return {
    ...shared,
    row_start: [[rows + 1], 'u32'],
    idx: [[cap], 'u32'],
    val: [[cap], 'f32'],
    err: [[rows + levels * s.batch, d_pad], 'f32'],
    row_loss: [[levels > 0 ? s.batch : 0], 'f32'],
    dz: [[cap], 'f32'],
    bits: [[s.d_sae, Math.ceil(rows / 32)], 'u32'],
    start: [[s.d_sae + 1], 'u32'],
    by_val: [[cap, 2], 'u32'],
    by_dz: [[cap, 2], 'u32'],
    aux_part: [[s.k_aux > 0 || s.gate ? segments : 0, 4, d_pad], 'f32'],
  };
}

/** Every buffer of a training run. It holds no state but in them. */
export interface StepSpace {
  readonly shape: StepShape;
  readonly chunkRows: number;
  readonly ringSlots: number;
  readonly code: SparseCode;
  readonly W_enc: Moments;
  readonly b_enc: Moments;
  readonly W_dec: Moments;
  readonly b_dec: Moments;
  readonly f32: (name: string) => F;
  readonly u32: (name: string) => U;
}

function found(all: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = all.get(name);
  if (!tensor) throw new WorkbenchError('internal', `This training run has no tensor ${name}.`);
  return tensor;
}

/** Allocates the buffers of a run in `scope`; state is zero until it is written, scratch that needs zeros has them. */
export function makeSpace(
  scope: Scope,
  shape: StepShape,
  o: { chunkRows: number; ringSlots: number },
): StepSpace {
  const all = new Map<string, Tensor>();
  const zeroed = new Set([...Object.keys(stateTensors(shape)), 'bits', 'ring']);
  for (const [name, [dims, dtype]] of Object.entries({ ...stateTensors(shape), ...scratchTensors(shape, o) }))
    all.set(name, zeroed.has(name) ? scope.zeros(name, dims, dtype) : scope.tensor(name, dims, dtype));
  const f32 = (name: string): F => found(all, name) as F;
  const u32 = (name: string): U => found(all, name) as U;
  const moments = (name: string): Moments => ({ w: f32(name), m: f32(`${name}.m`), v: f32(`${name}.v`) });
  return {
    shape,
    ...o,
    get code() {
      return { rowStart: u32('row_start'), idx: u32('idx'), val: f32('val'), cap: codeCap(shape) };
    },
    W_enc: moments('W_enc'),
    b_enc: moments('b_enc'),
    W_dec: moments('W_dec'),
    b_dec: moments('b_dec'),
    f32,
    u32,
  };
}

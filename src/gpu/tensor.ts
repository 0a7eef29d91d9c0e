import type { Shape } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';

export type DType = 'f32' | 'f16' | 'u32' | 'i32';
/** Bytes of one element. */
export const DTYPE_BYTES = { f32: 4, f16: 2, u32: 4, i32: 4 } as const satisfies Record<DType, number>;

/** Storage bindings start at multiples of this (WebGPU's default minStorageBufferOffsetAlignment). */
export const BINDING_ALIGN = 256;

/** A shaped, typed window on a GPU buffer. Row-major, contiguous. It never owns: its Scope does. */
export interface Tensor<D extends DType = DType> {
  readonly shape: Shape;
  readonly dtype: D;
  readonly label: string;
  readonly buffer: GPUBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Elements of a shape; 1 for []. */
export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Bytes of a tensor, rounded up to 4 (what copies and bindings need). */
export const byteSize = (shape: Shape, dtype: DType): number =>
  Math.ceil((size(shape) * DTYPE_BYTES[dtype]) / 4) * 4;

/**
 * Another shape over a part of `t`, sharing its buffer. `byteOffset` counts from the start of `t`.
 *
 * A window that a kernel binds starts at a multiple of 256 bytes (the recorder refuses others); for copies 4 will do.
 * @throws WorkbenchError('shape') when the window leaves `t` or is not aligned to 4 bytes.
 */
export function view<D extends DType>(
  t: Tensor<D>,
  to: { readonly shape: Shape; readonly byteOffset?: number; readonly label?: string },
): Tensor<D> {
  const from = to.byteOffset ?? 0;
  const byteLength = byteSize(to.shape, t.dtype);
  if (from % 4 !== 0 || from < 0 || from + byteLength > t.byteLength)
    throw new WorkbenchError(
      'shape',
      `view: [${to.shape}] at byte ${from} (${byteLength} bytes) does not lie in ${t.label} [${t.shape}] of ${t.byteLength} bytes`,
    );
  return {
    shape: to.shape,
    dtype: t.dtype,
    label: to.label ?? t.label,
    buffer: t.buffer,
    byteOffset: t.byteOffset + from,
    byteLength,
  };
}

/** Bytes of one row, where a row is everything below the first dimension. */
function rowBytes(t: Pick<Tensor, 'shape' | 'dtype'>): number {
  return size(t.shape.slice(1)) * DTYPE_BYTES[t.dtype];
}

/**
 * Rows from .. from + count of the first dimension: [count, …rest].
 * @throws WorkbenchError('shape') when the rows leave `t` or start between two words.
 */
export function rows<D extends DType>(t: Tensor<D>, from: number, count: number): Tensor<D> {
  return view(t, { shape: [count, ...t.shape.slice(1)], byteOffset: from * rowBytes(t) });
}

/** One window of rows, as `rowChunks` gives them. */
export interface RowChunk<D extends DType = DType> {
  readonly from: number;
  readonly count: number;
  readonly rows: Tensor<D>;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Windows start at multiples of this many rows, so that each one can be bound (decision 9). */
export function rowAlignment(t: Pick<Tensor, 'shape' | 'dtype'>): number {
  return BINDING_ALIGN / gcd(rowBytes(t), BINDING_ALIGN);
}

/**
 * Cuts `t` into windows of rows of at most `maxBytes`, each of which a kernel may bind.
 *
 * @throws WorkbenchError('out-of-memory') when the smallest bindable window is larger than `maxBytes`.
 */
export function* rowChunks<D extends DType>(t: Tensor<D>, maxBytes: number): Generator<RowChunk<D>> {
  const n = t.shape[0] ?? 1;
  const align = rowAlignment(t);
  const fit = Math.floor(maxBytes / rowBytes(t));
  if (fit < Math.min(n, align))
    throw new WorkbenchError(
      'out-of-memory',
      `${t.label} [${t.shape}]: ${Math.min(n, align)} rows of ${rowBytes(t)} bytes exceed the binding limit of ${maxBytes} bytes`,
      { hint: 'Choose a smaller SAE or model for this adapter.' },
    );
  const step = fit >= n ? n : Math.floor(fit / align) * align;
  for (let from = 0; from < n; from += step) {
    const count = Math.min(step, n - from);
    yield { from, count, rows: rows(t, from, count) };
  }
}

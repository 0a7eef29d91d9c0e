import type { Shape } from '#base/dims.ts';

export type DType = 'f32' | 'f16' | 'u32' | 'i32';
export const DTYPE_BYTES = { f32: 4, f16: 2, u32: 4, i32: 4 } as const satisfies Record<DType, number>;

/** A shaped, typed window on a GPU buffer. Row-major, contiguous. It never owns: its Scope does. */
export interface Tensor<D extends DType = DType> {
  readonly shape: Shape;
  readonly dtype: D;
  readonly label: string;
  readonly buffer: GPUBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
export const byteSize = (shape: Shape, dtype: DType): number =>
  Math.ceil((size(shape) * DTYPE_BYTES[dtype]) / 4) * 4;

import type { Shape } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { BufferPool } from './pool.ts';
import { byteSize, type DType, type Tensor } from './tensor.ts';

/** Typed arrays that a tensor is written from; f16 tensors take their bits as Uint16Array. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>;

/** What a scope needs of the device. */
export interface ScopeHost {
  readonly pool: BufferPool;
  write(t: Tensor, data: TensorData): void;
  clear(t: Tensor): void;
}

/** Owns tensors and gives all of them back at once. The only thing that allocates. */
export class Scope implements Disposable {
  readonly #owned = new Set<GPUBuffer>();
  readonly #host: ScopeHost;
  readonly label: string;
  constructor(host: ScopeHost, label: string) {
    this.#host = host;
    this.label = label;
  }

  /**
   * A new tensor. Its contents are undefined: buffers are reused, so write, clear or fill it before reading.
   * @throws WorkbenchError('out-of-memory') when it exceeds the adapter's largest buffer.
   */
  tensor<D extends DType>(label: string, shape: Shape, dtype: D): Tensor<D> {
    const byteLength = byteSize(shape, dtype);
    if (!Number.isSafeInteger(byteLength) || byteLength < 0)
      throw new WorkbenchError('shape', `${this.label}/${label}: [${shape}] is not a shape`);
    const buffer = this.#host.pool.acquire(byteLength, `${this.label}/${label}`);
    this.#owned.add(buffer);
    return { shape, dtype, label, buffer, byteOffset: 0, byteLength };
  }

  /** A new tensor of zeros. */
  zeros<D extends DType>(label: string, shape: Shape, dtype: D): Tensor<D> {
    const t = this.tensor(label, shape, dtype);
    this.#host.clear(t);
    return t;
  }

  /**
   * A new tensor with `data` in it.
   * @throws WorkbenchError('shape') when data has another length than the shape.
   */
  upload<D extends DType>(label: string, shape: Shape, dtype: D, data: TensorData): Tensor<D> {
    const t = this.tensor(label, shape, dtype);
    this.#host.write(t, data);
    return t;
  }

  /** Moves ownership to `to`, for a result that outlives this scope. */
  give<D extends DType>(tensor: Tensor<D>, to: Scope): Tensor<D> {
    if (this.#owned.delete(tensor.buffer)) to.#owned.add(tensor.buffer);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const b of this.#owned) this.#host.pool.release(b);
    this.#owned.clear();
  }
}

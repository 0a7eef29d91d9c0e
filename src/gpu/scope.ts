import type { Shape } from '#base/dims.ts';
import type { BufferPool } from './pool.ts';
import { byteSize, type DType, type Tensor } from './tensor.ts';

/** Owns tensors and gives all of them back at once. The only thing that allocates. */
export class Scope implements Disposable {
  readonly #owned = new Set<GPUBuffer>();
  readonly #pool: BufferPool;
  readonly label: string;
  constructor(pool: BufferPool, label: string) {
    this.#pool = pool;
    this.label = label;
  }
  tensor<D extends DType>(label: string, shape: Shape, dtype: D): Tensor<D> {
    const byteLength = byteSize(shape, dtype);
    const buffer = this.#pool.acquire(byteLength, `${this.label}/${label}`);
    this.#owned.add(buffer);
    return { shape, dtype, label, buffer, byteOffset: 0, byteLength };
  }
  /** Moves ownership to `to`, for a result that outlives this scope. */
  give<D extends DType>(tensor: Tensor<D>, to: Scope): Tensor<D> {
    if (this.#owned.delete(tensor.buffer)) to.#owned.add(tensor.buffer);
    return tensor;
  }
  [Symbol.dispose](): void {
    for (const b of this.#owned) this.#pool.release(b);
    this.#owned.clear();
  }
}

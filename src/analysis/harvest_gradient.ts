import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';

/** What a harvest of gradients keeps beside its activations. */
export interface GradientTensors {
  /** Gradients in the places of the table's rows. */
  readonly table: Tensor<'f32'>;
  readonly targets: Tensor<'u32'>;
  /** 1 at every position that has a next token. */
  readonly weights: Tensor<'f32'>;
}

/** Room for the gradients of `rows` rows, in passes of `windows` windows of `seq` tokens. */
export function gradientTensors(
  scope: Scope,
  o: { readonly rows: number; readonly d_in: number; readonly windows: number; readonly seq: number },
): GradientTensors {
  const n = o.windows * o.seq;
  const weights = Float32Array.from({ length: n }, (_, i) => (i % o.seq === o.seq - 1 ? 0 : 1));
  return {
    table: scope.tensor('gradients', [o.rows, o.d_in], 'f32'),
    targets: scope.tensor('targets', [n], 'u32'),
    weights: scope.upload('weights', [n], 'f32', weights),
  };
}

/** The next token of every position; the last position of a window predicts nothing and has weight 0. */
export const nextTokens = (ids: Uint32Array): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(ids, (_, i) => ids[i + 1] ?? 0);

import { WorkbenchError } from './errors.ts';

export type Shape = readonly number[];
export interface Shaped {
  readonly shape: Shape;
  readonly label: string;
}

type Words<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Words<Tail> : S;
type DimNames<T extends Record<string, readonly [Shaped, string]>> = {
  [K in keyof T]: Words<T[K][1]>;
}[keyof T];

/**
 * Binds dimension names to sizes and checks that every tensor agrees with them.
 *
 * `dims('sae/encode', { x: [x, 'n d_in'], w_enc: [w, 'd_in d_sae'] })` returns
 * `{ n, d_in, d_sae }`. A word made of digits stands for that literal size.
 *
 * @throws WorkbenchError('shape') naming the operation, the tensor and both shapes.
 */
export function dims<const T extends Record<string, readonly [Shaped, string]>>(
  op: string,
  tensors: T,
): Record<Exclude<DimNames<T>, `${number}`>, number> {
  const bound: Record<string, number> = {};
  for (const [name, [tensor, spec]] of Object.entries(tensors)) {
    const words = spec.split(' ');
    const fail = (why: string): never => {
      throw new WorkbenchError(
        'shape',
        `${op}: ${name} (${tensor.label}) should be [${spec}], got [${tensor.shape}]: ${why}`,
      );
    };
    if (words.length !== tensor.shape.length) fail(`rank ${tensor.shape.length}, expected ${words.length}`);
    words.forEach((word, axis) => {
      const size = tensor.shape[axis]!;
      const want = /^\d+$/.test(word) ? Number(word) : bound[word];
      if (want === undefined) bound[word] = size;
      else if (want !== size) fail(`${word} is ${want} elsewhere`);
    });
  }
  return bound as Record<Exclude<DimNames<T>, `${number}`>, number>;
}

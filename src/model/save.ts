import { WorkbenchError } from '#base/errors.ts';
import { size } from '#gpu/tensor.ts';
import type { TensorData } from '#io/safetensors.ts';
import type { ModelConfig } from './config.ts';
import { familyById } from './families/index.ts';
import type { WeightRule } from './family.ts';

/** Canonical weights by name. */
export type CanonicalWeights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/**
 * The tensors of a checkpoint in the family's own names and shapes: the way back from `readModel`.
 *
 * @throws WorkbenchError('internal') for a missing weight, or a family whose tensors are more than copied or joined.
 */
export function checkpointTensors(
  config: ModelConfig,
  weights: CanonicalWeights,
): Readonly<Record<string, TensorData>> {
  const out: Record<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }> = {};
  for (const [name, rule] of familyById(config.family).weights(config)) {
    const values = weights.get(name);
    if (values?.length !== size(rule.shape))
      throw new WorkbenchError('internal', `save: ${name} has ${values?.length ?? 'no'} values`);
    out[rule.from] ??= { shape: rule.fileShape, data: new Float32Array(size(rule.fileShape)) };
    put(rule, values, (out[rule.from] as { data: Float32Array }).data);
  }
  return out;
}

function put({ take, from, fileShape, shape }: WeightRule, values: Float32Array, data: Float32Array): void {
  switch (take.kind) {
    case 'same':
      data.set(values);
      return;
    case 'columns': {
      const width = fileShape.at(-1) as number;
      const rows = size(shape) / take.count;
      for (let row = 0; row < rows; row++)
        data.set(values.subarray(row * take.count, (row + 1) * take.count), row * width + take.from);
      return;
    }
    default:
      throw new WorkbenchError('internal', `save: ${from} cannot be written as '${take.kind}'`);
  }
}

/** Shapes of every canonical weight of an architecture: their sizes add up to its parameters. */
export function weightShapes(config: ModelConfig): readonly (readonly number[])[] {
  return [...familyById(config.family).weights(config).values()].map((rule) => rule.shape);
}

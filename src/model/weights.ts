import { WorkbenchError } from '#base/errors.ts';
import type { Scope } from '#gpu/scope.ts';
import { size, type Tensor } from '#gpu/tensor.ts';
import type { SafeTensorInfo, Safetensors } from '#io/safetensors.ts';
import type { ModelConfig } from './config.ts';
import type { Family, WeightRule, WeightTake } from './family.ts';

type Values = Float32Array<ArrayBuffer>;
const READABLE = ['F32', 'F16', 'BF16'];
const HINT = 'Choose weights and config.json of the same model, or download them again.';

const refuse = (message: string): WorkbenchError => new WorkbenchError('format', message, { hint: HINT });

/** A canonical weight and the tensor of the file that holds it. */
export interface FoundWeight {
  readonly name: string;
  readonly rule: WeightRule;
  readonly file: Safetensors;
  readonly info: SafeTensorInfo;
}

/**
 * Finds every weight of the model in the files and checks name, dtype and shape, before anything is allocated.
 *
 * @throws WorkbenchError('format') naming the tensor, both shapes or dtypes.
 */
export function findWeights(
  family: Family,
  config: ModelConfig,
  files: readonly Safetensors[],
): readonly FoundWeight[] {
  const found: FoundWeight[] = [];
  for (const [name, rule] of family.weights(config)) {
    const hit = find(family, rule, files);
    if (!hit) throw refuse(`${files[0]?.label ?? 'weights'}: tensor ${rule.from} is missing.`);
    const { file, info } = hit;
    if (!READABLE.includes(info.dtype))
      throw refuse(`${file.label}: ${info.name} has dtype ${info.dtype}, expected F32, F16 or BF16.`);
    if (info.shape.join() !== rule.fileShape.join())
      throw refuse(
        `${file.label}: ${info.name} has shape [${info.shape}], expected [${rule.fileShape}] by config.json.`,
      );
    found.push({ name, rule, file, info });
  }
  return found;
}

function find(
  family: Family,
  rule: WeightRule,
  files: readonly Safetensors[],
): { file: Safetensors; info: SafeTensorInfo } | undefined {
  for (const prefix of family.prefixes)
    for (const file of files) {
      const info = file.tensors.get(prefix + rule.from);
      if (info) return { file, info };
    }
  return undefined;
}

/**
 * Reads the weights one after the other into `scope`; yields the bytes on the GPU so far.
 *
 * @throws WorkbenchError('format') naming the first tensor that holds a NaN or an infinity.
 */
export async function* uploadWeights(
  scope: Scope,
  found: readonly FoundWeight[],
): AsyncGenerator<number, ReadonlyMap<string, Tensor<'f32'>>, void> {
  const weights = new Map<string, Tensor<'f32'>>();
  let done = 0;
  // Q, K and V lie in one tensor of the file: it is read once for its neighbours.
  let last: { name: string; values: Values } | undefined;
  for (const { name, rule, file, info } of found) {
    if (last?.name !== info.name) last = { name: info.name, values: await file.f32(info.name) };
    const bad = last.values.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0)
      throw refuse(
        `${file.label}: ${info.name} holds ${last.values[bad]} at element ${bad}, so it is damaged.`,
      );
    weights.set(name, scope.upload(name, rule.shape, 'f32', take(last.values, rule.fileShape, rule.take)));
    done += 4 * size(rule.shape);
    yield done;
  }
  return weights;
}

/** The values of a canonical weight out of those of the file's tensor, row-major. */
export function take(values: Values, shape: readonly number[], how: WeightTake): Values {
  const last = shape[shape.length - 1] ?? 1;
  switch (how.kind) {
    case 'same':
      return values;
    case 'transpose': {
      const out = new Float32Array(values.length);
      const rows = shape[0] as number;
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < last; c++) out[c * rows + r] = values[r * last + c] as number;
      return out;
    }
    case 'columns': {
      const rows = values.length / last;
      const out = new Float32Array(rows * how.count);
      for (let r = 0; r < rows; r++) {
        const from = r * last + how.from;
        out.set(values.subarray(from, from + how.count), r * how.count);
      }
      return out;
    }
    case 'heads': {
      const [heads, rows] = shape as [number, number, number];
      const out = new Float32Array(values.length);
      for (let h = 0; h < heads; h++)
        for (let r = 0; r < rows; r++) {
          const from = (h * rows + r) * last;
          out.set(values.subarray(from, from + last), (r * heads + h) * last);
        }
      return out;
    }
  }
}

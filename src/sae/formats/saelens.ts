import { WorkbenchError } from '#base/errors.ts';
import { toHalf } from '#base/half.ts';
import { type TensorData, writeSafetensors } from '#io/safetensors.ts';
import type { GatedEncoder } from '../fold_gated.ts';
import type { SaeMeta, SaeWeights } from '../weights.ts';
import { transposed } from './saelens_read.ts';

export { readSaeLens } from './saelens_read.ts';

/** Files of one SAE folder by name. */
export type SaeFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** What SAELens wants to know about the model; unknown parts are left out of cfg.json. */
export interface SaeLensContext {
  readonly modelName: string;
  readonly contextSize?: number | undefined;
  readonly prependBos?: boolean | undefined;
  readonly datasetPath?: string | undefined;
}

/** Version whose format is written. A config without one, or below 6.0.0, would be read as the old flat form. */
const FORMAT_VERSION = '6.18.0';
const ARCHITECTURES = { relu: 'standard', topk: 'topk', threshold: 'jumprelu' } as const;

/** Width of the numbers in the file: F16 halves it and rounds to 11 bits. */
export type SaeFileDtype = 'F32' | 'F16';

function config(
  weights: SaeWeights,
  meta: SaeMeta,
  context: SaeLensContext,
  dtype: SaeFileDtype,
): Record<string, unknown> {
  const { actRule } = weights;
  return {
    d_in: weights.d_in,
    d_sae: weights.d_sae,
    dtype: dtype === 'F16' ? 'float16' : 'float32',
    device: 'cpu',
    apply_b_dec_to_input: weights.applyBDecToInput,
    // Any input scale is folded into the weights.
    normalize_activations: 'none',
    reshape_activations: meta.site.endsWith('hook_z') ? 'hook_z' : 'none',
    architecture: weights.gated ? 'gated' : ARCHITECTURES[actRule.kind],
    ...(actRule.kind === 'topk' && { k: actRule.k, rescale_acts_by_decoder_norm: false }),
    metadata: {
      sae_lens_version: FORMAT_VERSION,
      sae_lens_training_version: 'headlight',
      model_name: context.modelName,
      hook_name: meta.site,
      hook_head_index: null,
      ...(context.contextSize !== undefined && { context_size: context.contextSize }),
      ...(context.prependBos !== undefined && { prepend_bos: context.prependBos }),
      ...(context.datasetPath !== undefined && { dataset_path: context.datasetPath }),
    },
  };
}

const jsonBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`);

/**
 * A SAELens v6 folder: cfg.json, sae_weights.safetensors and, for ourselves, headlight.json.
 * W_enc is transposed to [d_in, d_sae]; relu is 'standard', topk 'topk', threshold 'jumprelu'; a gated SAE is 'gated'
 * with the tensors it was trained with.
 * @throws WorkbenchError('shape') when a threshold rule comes without theta.
 */
export function writeSaeLens(
  weights: SaeWeights,
  meta: SaeMeta,
  context: SaeLensContext,
  dtype: SaeFileDtype = 'F32',
): SaeFiles {
  const { d_in, d_sae } = weights;
  const tensors = {
    ...(weights.gated ? gatedTensors(weights.gated, d_in, d_sae) : encoderTensors(weights, meta)),
    W_dec: { shape: [d_sae, d_in], data: weights.W_dec },
    b_dec: { shape: [d_in], data: weights.b_dec },
  };
  return {
    'cfg.json': jsonBytes(config(weights, meta, context, dtype)),
    'sae_weights.safetensors': writeSafetensors(dtype === 'F16' ? halved(tensors) : tensors),
    'headlight.json': jsonBytes({ version: 1, ...meta }),
  };
}

function encoderTensors(weights: SaeWeights, meta: SaeMeta): Record<string, TensorData> {
  const { d_in, d_sae, actRule, theta } = weights;
  if (actRule.kind === 'threshold' && !theta)
    throw new WorkbenchError('shape', `SAE ${meta.title}: a threshold rule needs theta [${d_sae}].`);
  return {
    W_enc: { shape: [d_in, d_sae], data: transposed(weights.W_enc, d_sae, d_in) },
    b_enc: { shape: [d_sae], data: weights.b_enc },
    ...(actRule.kind === 'threshold' && theta && { threshold: { shape: [d_sae], data: theta } }),
  };
}

const gatedTensors = (gated: GatedEncoder, d_in: number, d_sae: number): Record<string, TensorData> => ({
  W_enc: { shape: [d_in, d_sae], data: transposed(gated.W_enc, d_sae, d_in) },
  b_gate: { shape: [d_sae], data: gated.b_gate },
  b_mag: { shape: [d_sae], data: gated.b_mag },
  r_mag: { shape: [d_sae], data: gated.r_mag },
});

function halved(tensors: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: toHalf(data as Float32Array), dtype: 'F16' as const },
    ]),
  );
}

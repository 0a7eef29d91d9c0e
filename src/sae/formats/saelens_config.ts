import { WorkbenchError } from '#base/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A refusal: the reason, then what would do. */
export const refuse = (why: string): WorkbenchError =>
  new WorkbenchError('format', `SAELens folder: ${why}`, {
    hint: 'Choose a folder with cfg.json and sae_weights.safetensors of a standard, topk, jumprelu, gated, batchtopk or matryoshka SAE.',
  });

/** What a cfg.json calls these is one of our ways to read tensors. */
const ARCHITECTURES = {
  standard: 'standard',
  topk: 'topk',
  jumprelu: 'jumprelu',
  gated: 'gated',
  // Training checkpoints; a finished one is saved as jumprelu.
  batchtopk: 'batchtopk',
  matryoshka_batchtopk: 'batchtopk',
} as const;
export type Architecture = (typeof ARCHITECTURES)[keyof typeof ARCHITECTURES];

/** What of a config decides how the SAE is read; the same for v6 and for the flat v5 form. */
export interface SaeLensConfig {
  readonly architecture: Architecture;
  /** As the file says it: for titles. */
  readonly named: string;
  readonly k: number | undefined;
  readonly d_in: number;
  readonly d_sae: number;
  readonly applyBDecToInput: boolean;
  /** pre_acts were multiplied by the decoder rows' norms before the selection. */
  readonly rescaled: boolean;
  /** x was multiplied by a scale that stands in activation_scaler.json. */
  readonly scaled: boolean;
  /** v5: acts are multiplied by a tensor before the decoder. */
  readonly finetuned: boolean;
  readonly site: string;
  readonly model: string;
}

/** One weight matrix as f32 may take this much; a browser holds no longer array for certain. */
const MAX_MATRIX_BYTES = 2 ** 31;
const MAX_D_IN = 65_536;
const MAX_D_SAE = 2 ** 24;

const brief = (value: unknown): string => String(value).slice(0, 40);

function size(cfg: Json, name: string, most: number): number {
  const value = cfg[name];
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most) return value;
  throw refuse(`${name} = ${brief(value)} in cfg.json is not a whole number from 1 to ${most}.`);
}

/** Flat files before 6.0 name things otherwise; SAELens converts them the same way (handle_pre_6_0_config). */
function isLegacy(cfg: Json): boolean {
  const metadata = (cfg['metadata'] ?? {}) as Json;
  const version = cfg['sae_lens_version'] ?? metadata['sae_lens_version'];
  return !(typeof version === 'string' && Number.parseInt(version, 10) >= 6);
}

/** Whether x is scaled by activation_scaler.json; what cannot become weights is refused. */
function readNormalization(cfg: Json): boolean {
  const raw = cfg['normalize_activations'] ?? 'none';
  const normalize = raw === false ? 'none' : raw === true ? 'expected_average_only_in' : raw;
  switch (normalize) {
    case 'none':
      return false;
    case 'expected_average_only_in':
      return true;
    case 'layer_norm':
    case 'constant_norm_rescale':
      throw refuse(`normalize_activations is '${normalize}': its scale differs for every token.`);
    case 'covariance_whitening':
      throw refuse("normalize_activations is 'covariance_whitening': its matrices are not in the folder.");
    default:
      throw refuse(`normalize_activations is '${brief(normalize)}', which is not known.`);
  }
}

/** Architecture and k; v5 says topk by its activation function. */
function readArchitecture(
  cfg: Json,
  legacy: boolean,
): { named: string; architecture: Architecture; k?: number } {
  const fn = legacy ? (cfg['activation_fn_str'] ?? cfg['activation_fn'] ?? 'relu') : 'relu';
  const words = (cfg['activation_fn_kwargs'] ?? {}) as Json;
  const named = fn === 'topk' ? 'topk' : String(cfg['architecture'] ?? 'standard');
  if (fn !== 'relu' && fn !== 'topk')
    throw refuse(`the activation function is '${brief(fn)}'; relu and topk are read.`);
  if (!Object.hasOwn(ARCHITECTURES, named)) throw refuse(`architecture '${brief(named)}' is not supported.`);
  const architecture = ARCHITECTURES[named as keyof typeof ARCHITECTURES];
  if (architecture !== 'topk') return { named, architecture };
  const k = cfg['k'] ?? words['k'];
  if (typeof k !== 'number' || !Number.isInteger(k) || k < 1)
    throw refuse(`architecture topk has no k (it says ${brief(k)}).`);
  return { named, architecture, k };
}

/**
 * Reads cfg.json of SAELens v6, or the flat form of v5.
 *
 * @throws WorkbenchError('format') when a size is missing or too large, or the SAE is of a kind that our three inference
 * rules cannot hold.
 */
export function readConfig(cfg: Json): SaeLensConfig {
  const metadata = (cfg['metadata'] ?? cfg) as Json;
  const { named, architecture, k } = readArchitecture(cfg, isLegacy(cfg));
  const [d_in, d_sae] = [size(cfg, 'd_in', MAX_D_IN), size(cfg, 'd_sae', MAX_D_SAE)];
  if (4 * d_in * d_sae > MAX_MATRIX_BYTES)
    throw refuse(
      `W_enc [${d_in}, ${d_sae}] takes ${Math.ceil((4 * d_in * d_sae) / 2 ** 20)} MiB; at most ${MAX_MATRIX_BYTES / 2 ** 20} MiB are read.`,
    );
  if (k !== undefined && k > d_sae) throw refuse(`k = ${k} exceeds d_sae = ${d_sae}.`);
  return {
    architecture,
    named,
    k,
    d_in,
    d_sae,
    // SAELens takes true when the key is absent, in both versions.
    applyBDecToInput: cfg['apply_b_dec_to_input'] !== false,
    // Absent in files before the option existed, which did not rescale.
    rescaled:
      cfg['rescale_acts_by_decoder_norm'] === true &&
      (architecture === 'topk' || architecture === 'batchtopk'),
    scaled: readNormalization(cfg),
    finetuned: cfg['finetuning_scaling_factor'] === true,
    site: String(metadata['hook_name'] ?? metadata['hook_point'] ?? ''),
    model: String(metadata['model_name'] ?? ''),
  };
}

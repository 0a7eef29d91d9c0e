import { WorkbenchError } from '#base/errors.ts';
import { contentId } from '#io/hash.ts';
import { openSafetensors, type Safetensors } from '#io/safetensors.ts';
import type { ActRuleSpec } from '../variant.ts';
import type { SaeMeta, SaeWeights } from '../weights.ts';

type A = Float32Array<ArrayBuffer>;
type Json = Readonly<Record<string, unknown>>;
type Files = Readonly<Record<string, Blob | Uint8Array<ArrayBuffer>>>;

const refuse = (why: string): WorkbenchError =>
  new WorkbenchError('format', `SAELens folder: ${why}`, {
    hint: 'Choose a folder with cfg.json and sae_weights.safetensors of a standard, topk, jumprelu or gated SAE.',
  });

/** A file by its last path part. */
function find(files: Files, name: string): Blob | Uint8Array<ArrayBuffer> | undefined {
  const key = Object.keys(files).find((path) => path === name || path.endsWith(`/${name}`));
  return key === undefined ? undefined : files[key];
}

async function readJson(files: Files, name: string): Promise<Json | undefined> {
  const file = find(files, name);
  if (!file) return undefined;
  const text = file instanceof Blob ? await file.text() : new TextDecoder().decode(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw refuse(`${name} is not a JSON object.`);
}

/** What of a config decides how the SAE is read; v6 and the flat v5 form. */
interface Config {
  readonly architecture: string;
  readonly k: number | undefined;
  readonly d_in: number;
  readonly d_sae: number;
  readonly applyBDecToInput: boolean;
  readonly rescaled: boolean;
  readonly site: string;
  readonly model: string;
}

function readConfig(cfg: Json): Config {
  const metadata = (cfg['metadata'] ?? cfg) as Json;
  const count = (name: string): number => {
    const value = cfg[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw refuse(`${name} = ${String(value).slice(0, 20)} in cfg.json is not a size.`);
  };
  const normalize = cfg['normalize_activations'] ?? 'none';
  if (normalize !== 'none')
    throw refuse(
      `normalize_activations is '${String(normalize).slice(0, 40)}': its scale is not in the weights.`,
    );
  if (cfg['finetuning_scaling_factor'])
    throw refuse('finetuning_scaling_factor is on, which is not supported.');
  const words = (cfg['activation_fn_kwargs'] ?? {}) as Json;
  const isTopk = cfg['architecture'] === 'topk' || cfg['activation_fn_str'] === 'topk';
  const k = isTopk ? (cfg['k'] ?? words['k']) : undefined;
  if (isTopk && !(typeof k === 'number' && Number.isInteger(k) && k > 0))
    throw refuse('architecture topk has no k.');
  if (typeof k === 'number' && k > count('d_sae')) throw refuse(`k = ${k} exceeds d_sae.`);
  return {
    architecture: isTopk ? 'topk' : String(cfg['architecture'] ?? 'standard'),
    k: k as number | undefined,
    d_in: count('d_in'),
    d_sae: count('d_sae'),
    applyBDecToInput: cfg['apply_b_dec_to_input'] === true,
    // Absent in files before the option existed, which did not rescale.
    rescaled: cfg['rescale_acts_by_decoder_norm'] === true,
    site: String(metadata['hook_name'] ?? metadata['hook_point'] ?? ''),
    model: String(metadata['model_name'] ?? ''),
  };
}

async function read(file: Safetensors, name: string, shape: readonly number[]): Promise<A> {
  const info = file.tensors.get(name);
  if (!info) throw refuse(`there is no tensor ${name}; it has ${[...file.tensors.keys()].join(', ')}.`);
  if (info.shape.length !== shape.length || shape.some((s, i) => info.shape[i] !== s))
    throw refuse(`${name} is [${info.shape}], cfg.json says [${shape}].`);
  const data = await file.f32(name);
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw refuse(`${name} holds ${data[bad]} at element ${bad}: the file is damaged.`);
  return data;
}

/** The encoder's bias and rule; gated SAEs fold into a threshold (decision 3) and scale W_enc's rows in place. */
async function readRule(
  file: Safetensors,
  c: Config,
  W_enc: A,
): Promise<{ b_enc: A; actRule: ActRuleSpec; theta?: A }> {
  const vector = (name: string): Promise<A> => read(file, name, [c.d_sae]);
  switch (c.architecture) {
    case 'standard':
      return { b_enc: await vector('b_enc'), actRule: { kind: 'relu' } };
    case 'topk':
      return { b_enc: await vector('b_enc'), actRule: { kind: 'topk', k: c.k as number } };
    case 'jumprelu':
      return {
        b_enc: await vector('b_enc'),
        theta: await vector('threshold'),
        actRule: { kind: 'threshold' },
      };
    case 'gated': {
      const [r_mag, b_mag, b_gate] = [await vector('r_mag'), await vector('b_mag'), await vector('b_gate')];
      const theta = b_mag.map((b, f) =>
        Math.max(0, b - Math.exp(r_mag[f] as number) * (b_gate[f] as number)),
      );
      for (let i = 0; i < W_enc.length; i++)
        W_enc[i] = (W_enc[i] as number) * Math.exp(r_mag[Math.floor(i / c.d_in)] as number);
      return { b_enc: b_mag, theta, actRule: { kind: 'threshold' } };
    }
    default:
      throw refuse(`architecture '${c.architecture.slice(0, 40)}' is not supported.`);
  }
}

/** acts·‖d_i‖ decide the selection: the norm moves from the decoder row into the encoder, exactly. */
function foldNorms(c: Config, W_enc: A, b_enc: A, W_dec: A): void {
  for (let f = 0; f < c.d_sae; f++) {
    const row = W_dec.subarray(f * c.d_in, (f + 1) * c.d_in);
    const norm = Math.sqrt(row.reduce((s, v) => s + v * v, 0)) || 1;
    for (let i = 0; i < c.d_in; i++) {
      row[i] = (row[i] as number) / norm;
      W_enc[f * c.d_in + i] = (W_enc[f * c.d_in + i] as number) * norm;
    }
    b_enc[f] = (b_enc[f] as number) * norm;
  }
}

/** headlight.json where there is one; else what cfg.json says, under the content id of the weights. */
function readMeta(native: Json | undefined, c: Config, id: string): SaeMeta {
  const own = (native ?? {}) as Partial<SaeMeta>;
  const rule = c.architecture === 'topk' ? ` k ${c.k}` : '';
  return {
    id: typeof own.id === 'string' ? own.id : id,
    title: typeof own.title === 'string' ? own.title : `${c.architecture}${rule}, ${c.site}`,
    model: typeof own.model === 'string' ? own.model : c.model,
    site: typeof own.site === 'string' ? own.site : c.site,
    variant: typeof own.variant === 'string' ? own.variant : c.architecture,
    excludedPositions: Array.isArray(own.excludedPositions) ? own.excludedPositions : [],
    ...(typeof own.createdAt === 'string' && { createdAt: own.createdAt }),
    ...(typeof own.extra === 'object' && { extra: own.extra }),
  };
}

/**
 * Reads a SAELens v6 (or flat v5) folder: standard, topk, jumprelu, and gated folded into a threshold. Scales and
 * layer-norm inputs that we cannot fold are refused.
 *
 * @throws WorkbenchError('format') with the reason.
 */
export async function readSaeLens(
  files: Files,
): Promise<{ readonly weights: SaeWeights; readonly meta: SaeMeta }> {
  const cfg = await readJson(files, 'cfg.json');
  const bytes = find(files, 'sae_weights.safetensors');
  if (!cfg || !bytes)
    throw refuse(`there is no ${cfg ? 'sae_weights.safetensors' : 'cfg.json'} among ${Object.keys(files)}.`);
  const c = readConfig(cfg);
  const file = await openSafetensors(bytes, 'sae_weights.safetensors');
  const { d_in, d_sae } = c;
  const W_enc = transposed(await read(file, 'W_enc', [d_in, d_sae]), d_in, d_sae);
  const W_dec = await read(file, 'W_dec', [d_sae, d_in]);
  const rule = await readRule(file, c, W_enc);
  if (c.rescaled) foldNorms(c, W_enc, rule.b_enc, W_dec);
  const b_dec = await read(file, 'b_dec', [d_in]);
  const meta = readMeta(await readJson(files, 'headlight.json'), c, await contentId(bytes));
  return {
    weights: { d_in, d_sae, applyBDecToInput: c.applyBDecToInput, W_enc, W_dec, b_dec, ...rule },
    meta,
  };
}

/** [rows, cols] to [cols, rows]: W_enc between file layout and rows of features (decision 2). */
export function transposed(data: A, rows: number, cols: number): A {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < cols; c++) out[c * rows + r] = data[r * cols + c] as number;
  return out;
}

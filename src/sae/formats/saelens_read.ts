import { contentId } from '#io/hash.ts';
import { openSafetensors, type Safetensors } from '#io/safetensors.ts';
import { foldGated, type GatedEncoder } from '../fold_gated.ts';
import type { ActRuleSpec } from '../variant.ts';
import type { SaeMeta, SaeWeights } from '../weights.ts';
import { type Json, readConfig, refuse, type SaeLensConfig } from './saelens_config.ts';

type A = Float32Array<ArrayBuffer>;
type Files = Readonly<Record<string, Blob | Uint8Array<ArrayBuffer>>>;

const MAX_JSON_BYTES = 16 * 2 ** 20;
const FLOATS: readonly string[] = ['F32', 'F16', 'BF16', 'F64'];
/** Tensors with a known meaning; another one could change what the SAE computes. */
const KNOWN: readonly string[] = [
  ...['W_enc', 'b_enc', 'W_dec', 'b_dec', 'threshold', 'log_threshold', 'topk_threshold'],
  ...['b_gate', 'b_mag', 'r_mag', 'scaling_factor', 'finetuning_scaling_factor'],
];

/** A file by its last path part. */
function find(files: Files, name: string): Blob | Uint8Array<ArrayBuffer> | undefined {
  const key = Object.keys(files).find((path) => path === name || path.endsWith(`/${name}`));
  return key === undefined ? undefined : files[key];
}

async function readJson(files: Files, name: string): Promise<Json | undefined> {
  const file = find(files, name);
  if (!file) return undefined;
  const bytes = file instanceof Blob ? file.size : file.length;
  if (bytes > MAX_JSON_BYTES)
    throw refuse(`${name} holds ${bytes} bytes; at most ${MAX_JSON_BYTES} are read.`);
  const text = file instanceof Blob ? await file.text() : new TextDecoder().decode(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw refuse(`${name} is not a JSON object.`);
}

/** A tensor by name; name, shape and dtype are checked against the header before memory is taken for it. */
async function read(file: Safetensors, name: string, shape: readonly number[]): Promise<A> {
  const info = file.tensors.get(name);
  if (!info) throw refuse(`there is no tensor ${name}; it has ${listed([...file.tensors.keys()])}.`);
  if (info.shape.length !== shape.length || shape.some((s, i) => info.shape[i] !== s))
    throw refuse(`${name} is [${info.shape}], cfg.json says [${shape}].`);
  if (!FLOATS.includes(info.dtype))
    throw refuse(`${name} has dtype ${info.dtype}; ${FLOATS.join(', ')} are read.`);
  const data = await file.f32(name);
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw refuse(`${name} holds ${data[bad]} at element ${bad}: the file is damaged.`);
  return data;
}

const listed = (names: readonly string[]): string =>
  names
    .slice(0, 12)
    .map((n) => n.slice(0, 40))
    .join(', ');

interface Encoder {
  readonly W_enc: A;
  readonly b_enc: A;
  readonly actRule: ActRuleSpec;
  readonly theta?: A;
  readonly gated?: GatedEncoder;
}

/** The encoder and its rule; W_enc has rows of features. */
async function readEncoder(file: Safetensors, c: SaeLensConfig, W_enc: A): Promise<Encoder> {
  const vector = (name: string): Promise<A> => read(file, name, [c.d_sae]);
  switch (c.architecture) {
    case 'standard':
      return { W_enc, b_enc: await vector('b_enc'), actRule: { kind: 'relu' } };
    case 'topk':
      return { W_enc, b_enc: await vector('b_enc'), actRule: { kind: 'topk', k: c.k as number } };
    case 'jumprelu':
      return {
        W_enc,
        b_enc: await vector('b_enc'),
        // Training checkpoints before 2026 keep the logarithm.
        theta: file.tensors.has('log_threshold')
          ? (await vector('log_threshold')).map(Math.exp)
          : await vector('threshold'),
        actRule: { kind: 'threshold' },
      };
    case 'batchtopk': {
      const [one = 0] = await read(file, 'topk_threshold', []);
      const theta = new Float32Array(c.d_sae).fill(one);
      return { W_enc, b_enc: await vector('b_enc'), theta, actRule: { kind: 'threshold' } };
    }
    case 'gated': {
      const [r_mag, b_mag, b_gate] = [await vector('r_mag'), await vector('b_mag'), await vector('b_gate')];
      const gated = { W_enc, r_mag, b_mag, b_gate };
      return { ...foldGated(gated, c.d_in), gated, actRule: { kind: 'threshold' } };
    }
  }
}

/** acts·‖d_i‖ decide the selection: the norm moves from the decoder row into the encoder, exactly. theta counts it. */
function foldNorms(c: SaeLensConfig, e: Encoder, W_dec: A): void {
  for (let f = 0; f < c.d_sae; f++) {
    const row = W_dec.subarray(f * c.d_in, (f + 1) * c.d_in);
    const norm = Math.sqrt(row.reduce((s, v) => s + v * v, 0)) || 1;
    for (let i = 0; i < c.d_in; i++) {
      row[i] = (row[i] as number) / norm;
      e.W_enc[f * c.d_in + i] = (e.W_enc[f * c.d_in + i] as number) * norm;
    }
    e.b_enc[f] = (e.b_enc[f] as number) * norm;
  }
}

/** v5: acts·factor go into the decoder, so the factor belongs to its rows. */
async function foldFinetuned(file: Safetensors, c: SaeLensConfig, W_dec: A): Promise<void> {
  const name = ['finetuning_scaling_factor', 'scaling_factor'].find((n) => file.tensors.has(n));
  if (name === undefined) {
    if (c.finetuned) throw refuse('finetuning_scaling_factor is on, but there is no such tensor.');
    return;
  }
  const factor = await read(file, name, [c.d_sae]);
  if (factor.every((v) => v === 1)) return;
  if (!c.finetuned)
    throw refuse(`${name} is not all ones, but finetuning_scaling_factor is off in cfg.json.`);
  W_dec.forEach((v, i) => {
    W_dec[i] = v * (factor[Math.floor(i / c.d_in)] as number);
  });
}

/** s of x·s while training; 1 when there is none. */
async function readScale(files: Files, c: SaeLensConfig): Promise<number> {
  if (!c.scaled) return 1;
  const s = (await readJson(files, 'activation_scaler.json'))?.['scaling_factor'];
  if (typeof s === 'number' && Number.isFinite(s) && s > 0) return s;
  throw refuse(
    "normalize_activations is 'expected_average_only_in', and no activation_scaler.json with a scaling_factor is beside it: its scale is not in the weights.",
  );
}

const times = (data: A, factor: number): A => (factor === 1 ? data : data.map((v) => v * factor));

/** headlight.json where there is one; else what cfg.json says, under the content id of the weights. */
function readMeta(native: Json | undefined, cfg: Json, c: SaeLensConfig, id: string): SaeMeta {
  const own = (native ?? {}) as Partial<SaeMeta>;
  const rule = c.architecture === 'topk' ? ` k ${c.k}` : '';
  const extra = native === undefined ? { saelens: cfg } : own.extra;
  return {
    id: typeof own.id === 'string' ? own.id : id,
    title: typeof own.title === 'string' ? own.title : `${c.named}${rule}, ${c.site}`,
    model: typeof own.model === 'string' ? own.model : c.model,
    site: typeof own.site === 'string' ? own.site : c.site,
    variant: typeof own.variant === 'string' ? own.variant : c.named,
    excludedPositions: Array.isArray(own.excludedPositions) ? own.excludedPositions : [],
    ...(typeof own.createdAt === 'string' && { createdAt: own.createdAt }),
    ...(typeof extra === 'object' && { extra }),
  };
}

/**
 * Reads a SAELens v6 (or flat v5) folder: standard, topk, jumprelu, gated, and training checkpoints of batchtopk and
 * matryoshka. Folded into the weights, exactly: gates and thresholds (decision 3), decoder norms in the selection, a
 * finetuning factor, the input scale of activation_scaler.json. cfg.json stays in `extra.saelens`.
 *
 * @throws WorkbenchError('format') with the reason: a missing, misshapen or damaged tensor, one of unknown meaning, an
 * input normalisation that depends on the token, sizes beyond the caps.
 */
export async function readSaeLens(
  files: Files,
): Promise<{ readonly weights: SaeWeights; readonly meta: SaeMeta }> {
  const cfg = await readJson(files, 'cfg.json');
  const bytes = find(files, 'sae_weights.safetensors');
  if (!cfg || !bytes)
    throw refuse(
      `there is no ${cfg ? 'sae_weights.safetensors' : 'cfg.json'} among ${listed(Object.keys(files))}.`,
    );
  const c = readConfig(cfg);
  const file = await openSafetensors(bytes, 'sae_weights.safetensors');
  const unknown = [...file.tensors.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw refuse(`tensor ${unknown.slice(0, 40)} is not part of a ${c.named} SAE as we know it.`);
  const meta = readMeta(await readJson(files, 'headlight.json'), cfg, c, await contentId(bytes));
  return { weights: await readWeights(file, c, await readScale(files, c)), meta };
}

async function readWeights(file: Safetensors, c: SaeLensConfig, scale: number): Promise<SaeWeights> {
  const { d_in, d_sae, applyBDecToInput } = c;
  const stored = transposed(await read(file, 'W_enc', [d_in, d_sae]), d_in, d_sae);
  const { gated, ...encoder } = await readEncoder(file, c, stored);
  const W_dec = await read(file, 'W_dec', [d_sae, d_in]);
  await foldFinetuned(file, c, W_dec);
  if (c.rescaled) foldNorms(c, encoder, W_dec);
  const b_dec = await read(file, 'b_dec', [d_in]);
  // The scale comes last: norms and factors are those of the trained rows.
  return {
    ...{ d_in, d_sae, applyBDecToInput, ...encoder },
    W_enc: times(encoder.W_enc, scale),
    W_dec: times(W_dec, 1 / scale),
    b_dec: times(b_dec, 1 / scale),
    ...(gated && { gated: { ...gated, W_enc: times(gated.W_enc, scale) } }),
  };
}

/** [rows, cols] to [cols, rows]: W_enc between file layout and rows of features (decision 2). */
export function transposed(data: A, rows: number, cols: number): A {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < cols; c++) out[c * rows + r] = data[r * cols + c] as number;
  return out;
}

import { WorkbenchError } from '#base/errors.ts';
import { type Safetensors, writeSafetensors } from '#io/safetensors.ts';
import { decodeRecord } from './index_record.ts';

/** As the protocol's Histogram: bins + 1 edges. */
export interface Histogram {
  readonly edges: Float32Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}
/** As the protocol's Example, without its pieces (a tokenizer's work). */
export interface IndexExample {
  readonly ids: readonly number[];
  /** One act per token of the window. */
  readonly acts: Float32Array;
  /** Index in the window of the token the example was chosen for. */
  readonly at: number;
  /** Position of that token in its row (counted with BOS), and of the window's first token. */
  readonly position: number;
  readonly start: number;
  /** -1: among the top; else the interval (0 = lowest) it was drawn from. */
  readonly interval: number;
}
export interface TokenEffect {
  readonly id: number;
  /** Logits per unit act at unit LN scale (decision 18). */
  readonly effect: number;
}
/** All that the index says about one feature. */
export interface FeatureRecord {
  readonly feature: number;
  /** Share of indexed tokens with act > 0. */
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  /** 40 bins over (0, maxAct]. */
  readonly histogram: Histogram;
  readonly logitHistogram: Histogram;
  readonly examples: readonly IndexExample[];
  readonly topLogits: readonly TokenEffect[];
  readonly bottomLogits: readonly TokenEffect[];
  readonly headShare: Float32Array;
  readonly neighbours: readonly { readonly feature: number; readonly cosine: number }[];
}
/** Columns of the features table. */
export interface IndexTable {
  readonly nTokens: number;
  readonly n_heads: number;
  readonly density: Float32Array<ArrayBuffer>;
  readonly maxAct: Float32Array<ArrayBuffer>;
  /** [d_sae × n_heads] */
  readonly headShare: Float32Array<ArrayBuffer>;
  /** Id of the most promoted token of each feature. */
  readonly topToken: Uint32Array<ArrayBuffer>;
}

/** A feature index on disk or in memory: one feature is one range read. */
export interface FeatureIndex {
  readonly d_sae: number;
  readonly nTokens: number;
  /** Id of the SAE it was built for. */
  readonly sae: string;
  /** Reads the columns of all features. */
  table(): Promise<IndexTable>;
  /** @throws WorkbenchError('shape') when there is no such feature. */
  feature(feature: number): Promise<FeatureRecord>;
}

/** What `packIndex` writes besides the records. */
export interface IndexColumns extends IndexTable {
  readonly sae: string;
  readonly records: readonly Uint8Array<ArrayBuffer>[];
}

const FORMAT = 'headlight-index';
const VERSION = '1';

/**
 * The bytes of an index file: a safetensors file with the columns of the table, `records` (all features' bytes one
 * after the other) and `record_start` [d_sae + 1], so that a feature is one range.
 */
export function packIndex(c: IndexColumns): Uint8Array<ArrayBuffer> {
  const d_sae = c.records.length;
  const start = new Uint32Array(d_sae + 1);
  for (const [f, record] of c.records.entries()) start[f + 1] = (start[f] as number) + record.length;
  const records = new Uint8Array(start[d_sae] as number);
  for (const [f, record] of c.records.entries()) records.set(record, start[f]);
  return writeSafetensors(
    {
      density: { shape: [d_sae], data: c.density },
      max_act: { shape: [d_sae], data: c.maxAct },
      head_share: { shape: [d_sae, c.n_heads], data: c.headShare },
      top_token: { shape: [d_sae], data: c.topToken },
      record_start: { shape: [d_sae + 1], data: start },
      records: { shape: [records.length], data: records },
    },
    { format: FORMAT, version: VERSION, sae: c.sae, n_tokens: String(c.nTokens) },
  );
}

/**
 * Opens an index file; the columns are read now, records when asked for.
 * @throws WorkbenchError('format') when it is not one, or of a newer version.
 */
export async function openIndex(file: Safetensors): Promise<FeatureIndex> {
  const { format, version, sae, n_tokens } = file.metadata;
  if (format !== FORMAT || version !== VERSION || sae === undefined)
    throw new WorkbenchError(
      'format',
      `${file.label}: expected ${FORMAT} version ${VERSION}, got ${format} version ${version}`,
      { hint: 'Build the index again.' },
    );
  const [density, maxAct, headShare, topToken, start] = await Promise.all([
    file.f32('density'),
    file.f32('max_act'),
    file.f32('head_share'),
    u32(file, 'top_token'),
    u32(file, 'record_start'),
  ]);
  const d_sae = density.length;
  const n_heads = headShare.length / d_sae;
  const nTokens = Number(n_tokens);
  if (start.length !== d_sae + 1 || !Number.isInteger(n_heads) || !Number.isFinite(nTokens))
    throw new WorkbenchError('format', `${file.label}: its columns differ in length`, {
      hint: 'Build the index again.',
    });
  const table: IndexTable = { nTokens, n_heads, density, maxAct, headShare, topToken };
  const feature = async (f: number): Promise<FeatureRecord> => {
    if (!(Number.isInteger(f) && f >= 0 && f < d_sae))
      throw new WorkbenchError('shape', `index: no feature ${f} of ${d_sae}`);
    const bytes = await file.bytes('records', start[f], start[f + 1]);
    const max = maxAct[f] as number;
    return {
      feature: f,
      density: density[f] as number,
      maxAct: max,
      nTokens,
      headShare: headShare.slice(f * n_heads, (f + 1) * n_heads),
      ...decodeRecord(bytes, max),
    };
  };
  return { d_sae, nTokens, sae, table: async () => table, feature };
}

async function u32(file: Safetensors, name: string): Promise<Uint32Array<ArrayBuffer>> {
  return new Uint32Array(await file.bytes(name));
}

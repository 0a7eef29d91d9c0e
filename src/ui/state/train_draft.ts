import type { FieldInfo, TrainJob, VariantInfo } from '#engine/protocol/training.ts';

export type FieldValue = number | string | boolean;

/** The new-run form as typed: texts for numbers, so that a half-typed number is not lost. */
export interface TrainDraft {
  readonly variant: string;
  readonly site: string;
  readonly corpus: string;
  /** d_sae, tokens, batch, seed. */
  readonly common: Readonly<Record<CommonKey, string>>;
  /** Fields of the variant that differ from its defaults. */
  readonly config: Readonly<Record<string, string | boolean>>;
}
export type CommonKey = 'd_sae' | 'tokens' | 'batch' | 'seed';

/** The fields of a job that every variant has. */
export const COMMON_FIELDS: Readonly<Record<CommonKey, FieldInfo>> = {
  d_sae: {
    kind: 'int',
    label: 'd_sae',
    help: 'Number of features of the SAE. More features split finer and fire more rarely.',
    default: 1024,
    min: 8,
    max: 1_048_576,
    scale: 'log',
    unit: 'features',
  },
  tokens: {
    kind: 'int',
    label: 'tokens',
    help: 'Training tokens in all; the corpus is repeated in a new order when it is shorter.',
    default: 1_000_000,
    min: 1024,
    max: 10_000_000_000,
    scale: 'log',
    unit: 'tokens',
  },
  batch: {
    kind: 'int',
    label: 'batch',
    help: 'Tokens per optimiser step.',
    default: 1024,
    min: 16,
    max: 32_768,
    scale: 'log',
    unit: 'tokens',
  },
  seed: {
    kind: 'int',
    label: 'seed',
    help: 'Every random draw of the run follows from it: data order and initial weights.',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    scale: 'linear',
  },
};
export const COMMON_KEYS = Object.keys(COMMON_FIELDS) as CommonKey[];

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

/** What was typed into a field, checked against its kind and range. Accepts 1e6, 1_000 and 1,000. */
export function parseField(field: FieldInfo, typed: string | boolean): Parsed<FieldValue> {
  if (field.kind === 'flag') return { ok: true, value: typed === true || typed === 'true' };
  const text = String(typed).trim();
  if (field.kind === 'choice') {
    if (field.choices?.includes(text)) return { ok: true, value: text };
    return { ok: false, error: `${field.label}: choose one of ${(field.choices ?? []).join(', ')}` };
  }
  const value = Number(text.replace(/[_,\s]/g, ''));
  if (text === '' || !Number.isFinite(value)) return { ok: false, error: `${field.label}: not a number` };
  if (field.kind === 'int' && !Number.isInteger(value)) {
    return { ok: false, error: `${field.label}: a whole number is needed` };
  }
  if (field.min !== undefined && value < field.min) {
    return { ok: false, error: `${field.label}: at least ${field.min}` };
  }
  if (field.max !== undefined && value > field.max)
    return { ok: false, error: `${field.label}: at most ${field.max}` };
  return { ok: true, value };
}

/** What the form shows for a field of the variant: the typed text, else its default. */
export function shownValue(field: FieldInfo, typed: string | boolean | undefined): string | boolean {
  if (typed !== undefined) return typed;
  return typeof field.default === 'boolean' ? field.default : String(field.default);
}

/** Errors by field name ('common:…' or 'config:…'). */
export type DraftErrors = Readonly<Record<string, string>>;
export type DraftJob =
  | { readonly ok: true; readonly job: TrainJob }
  | { readonly ok: false; readonly errors: DraftErrors };

/** The job that the form describes, or the errors by field. Fields at their defaults are left out of `config`. */
export function jobOf(draft: TrainDraft, variant: VariantInfo, model: string | undefined): DraftJob {
  const errors: Record<string, string> = {};
  const numbers = {} as Record<CommonKey, number>;
  for (const key of COMMON_KEYS) {
    const parsed = parseField(COMMON_FIELDS[key], draft.common[key]);
    if (parsed.ok) numbers[key] = parsed.value as number;
    else errors[`common:${key}`] = parsed.error;
  }
  const config: Record<string, FieldValue> = {};
  for (const [key, field] of Object.entries(variant.fields)) {
    const typed = draft.config[key];
    if (typed === undefined) continue;
    const parsed = parseField(field, typed);
    if (!parsed.ok) errors[`config:${key}`] = parsed.error;
    else if (parsed.value !== field.default) config[key] = parsed.value;
  }
  if (draft.site === '') errors['site'] = 'site: no model is loaded';
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  return {
    ok: true,
    job: { model, site: draft.site, variant: variant.id, config, ...numbers, corpus: draft.corpus },
  };
}

/** An empty form: the defaults of everything. */
export function emptyDraft(variant: string, site: string): TrainDraft {
  const common = Object.fromEntries(COMMON_KEYS.map((k) => [k, String(COMMON_FIELDS[k].default)]));
  return { variant, site, corpus: 'embedded', common: common as Record<CommonKey, string>, config: {} };
}

/** The form as it stands in a link: what differs from the defaults, 'name:value' by commas; undefined when nothing does. */
export function draftText(draft: TrainDraft): string | undefined {
  const parts = [`site:${draft.site}`];
  if (draft.corpus !== 'embedded') parts.push(`corpus:${draft.corpus}`);
  for (const key of COMMON_KEYS) {
    if (draft.common[key] !== String(COMMON_FIELDS[key].default)) parts.push(`${key}:${draft.common[key]}`);
  }
  for (const [key, value] of Object.entries(draft.config)) parts.push(`${key}:${value}`);
  // Half-typed nonsense stays in the form and out of the link.
  const good = parts.filter((part) => /^\w+:[\w.+-]+$/.test(part));
  return good.length === 0 ? undefined : good.join(',');
}

/** The form with the settings of a link put in; names that neither the form nor the variant has are passed over. */
export function readDraft(text: string, base: TrainDraft, variant: VariantInfo): TrainDraft {
  const settings = new Map(
    text.split(',').map((part) => part.split(/:(.*)/s).slice(0, 2) as [string, string]),
  );
  const common = { ...base.common };
  for (const key of COMMON_KEYS) common[key] = settings.get(key) ?? String(COMMON_FIELDS[key].default);
  const config: Record<string, string | boolean> = {};
  for (const [key, field] of Object.entries(variant.fields)) {
    const value = settings.get(key);
    if (value !== undefined) config[key] = field.kind === 'flag' ? value === 'true' : value;
  }
  return {
    ...{ variant: variant.id, common, config },
    site: settings.get('site') ?? base.site,
    corpus: settings.get('corpus') ?? 'embedded',
  };
}

/** The hooks that an SAE of a model can be trained on: the attention outputs before W_O, one a layer. */
export function sitesOf(n_layers: number): string[] {
  return Array.from({ length: n_layers }, (_, layer) => `blocks.${layer}.attn.hook_z`);
}

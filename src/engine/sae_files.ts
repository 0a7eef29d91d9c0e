import { readAbilities } from '#base/ability.ts';
import { contentId } from '#io/hash.ts';
import type { SaeFiles } from '#sae/formats/saelens.ts';
import type { SaeMeta, SaeWeights } from '#sae/weights.ts';
import type { Metrics } from './protocol/metrics.ts';
import type { ActRuleInfo, SaeInfo } from './protocol/models.ts';

/** Content id of an SAE's values, whatever file they came in: W_enc, W_dec [d_sae, d_in], b_enc and theta if it has one. */
export function weightsId(w: SaeWeights): Promise<string> {
  return contentId(new Blob([w.W_enc, w.W_dec, w.b_enc, ...(w.theta ? [w.theta] : [])]));
}

/** What the page shows of an SAE whose weights were read. */
export function saeInfo(
  meta: SaeMeta,
  weights: SaeWeights,
  more: { readonly source: string; readonly bytes: number },
): SaeInfo {
  const extra = meta.extra as { readonly metrics?: Metrics; readonly abilities?: unknown } | undefined;
  return {
    id: meta.id,
    title: meta.title || meta.site,
    model: meta.model,
    site: meta.site,
    variant: meta.variant,
    d_in: weights.d_in,
    d_sae: weights.d_sae,
    actRule: weights.actRule,
    source: more.source,
    bytes: more.bytes,
    createdAt: meta.createdAt,
    excludedPositions: meta.excludedPositions,
    hasIndex: false,
    metrics: extra?.metrics,
    abilities: readAbilities(extra?.abilities),
  };
}

/** Bytes of a written folder as blobs. */
export function blobsOf(files: SaeFiles): Record<string, Blob> {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, new Blob([bytes])]));
}

export interface InfoParts {
  readonly cfg: Readonly<Record<string, unknown>> | undefined;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  readonly bytes: number;
  readonly source: string;
  readonly hasIndex: boolean;
}

/** What the page shows of an SAE, from cfg.json and headlight.json alone. */
export function infoOf({ cfg = {}, meta = {}, bytes, source, hasIndex }: InfoParts): SaeInfo {
  const text = (key: string): string | undefined => (typeof meta[key] === 'string' ? meta[key] : undefined);
  const extra = (meta['extra'] ?? {}) as { readonly metrics?: Metrics; readonly abilities?: unknown };
  const site = text('site') ?? '';
  const excluded = meta['excludedPositions'];
  return {
    id: text('id') ?? '',
    title: text('title') ?? site,
    model: text('model') ?? '',
    site,
    variant: text('variant') ?? 'topk',
    d_in: Number(cfg['d_in']),
    d_sae: Number(cfg['d_sae']),
    actRule: ruleOf(cfg),
    source,
    bytes,
    createdAt: text('createdAt'),
    excludedPositions: Array.isArray(excluded) ? excluded.filter((p) => Number.isInteger(p)) : [],
    hasIndex,
    metrics: extra.metrics,
    abilities: readAbilities(extra.abilities),
  };
}

/** Architectures of SAELens that infer by a threshold. */
const THRESHOLD: ReadonlySet<string> = new Set(['jumprelu', 'gated', 'batchtopk', 'matryoshka_batchtopk']);

function ruleOf(cfg: Readonly<Record<string, unknown>>): ActRuleInfo {
  // The architecture goes first: BatchTopK has a k too, and infers by its threshold.
  if (THRESHOLD.has(String(cfg['architecture']))) return { kind: 'threshold' };
  if (typeof cfg['k'] === 'number') return { kind: 'topk', k: cfg['k'] };
  return { kind: 'relu' };
}

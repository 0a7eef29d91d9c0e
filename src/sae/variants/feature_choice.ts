import { deadField, type SaeConfig } from '../config.ts';
import { fitZipf, largestRemainder, ranked, zipfShares } from '../ops/quotas.ts';
import { batchScratch } from '../ops/select_batch.ts';
import { columnScratch, selectColumns } from '../ops/select_columns.ts';
import { densityUnbias } from '../ops/zipf.ts';
import type { SaeHost, SaeVariant } from '../variant.ts';
import { type BatchTopkConfig, batchTopk } from './batch_topk.ts';

export interface FeatureChoiceConfig extends BatchTopkConfig {
  /** Quotas: the same for every feature, or by rank of density. */
  readonly law: 'uniform' | 'zipf';
  /** Share of the steps that Mutual Choice has first. */
  readonly mutual: number;
}

/** Steps of the Mutual Choice phase. */
const mutualSteps = (cfg: FeatureChoiceConfig, steps: number): number => Math.floor(cfg.mutual * steps);

/** Quotas m_i of a batch by density rank: 1 ≤ m_i ≤ n, Σ m_i = k·n, rounded by largest remainder (decision 23). */
function writeQuotas(
  { gpu, cfg, space }: SaeHost<FeatureChoiceConfig>,
  order: readonly number[],
  law: { readonly s: number; readonly q: number },
): void {
  const { batch, d_sae } = space.shape;
  const shares = cfg.law === 'zipf' ? zipfShares(law, d_sae) : new Float64Array(d_sae).fill(1);
  const byRank = largestRemainder(shares, cfg.k * batch, 1, batch);
  const quotas = new Uint32Array(d_sae);
  order.forEach((f, r) => {
    quotas[f] = byRank[r] as number;
  });
  gpu.write(space.u32('quotas'), quotas);
}

const lawOf = (cfg: SaeConfig) => ({ s: cfg.zipfS, q: cfg.zipfQ });

/**
 * Feature Choice: feature i keeps its m_i largest positive pre_acts of the batch, after a phase of Mutual Choice whose
 * densities give the ranks and, by a fit, the Zipf law of the m_i. The phases and the law's form are sae-training.md 4.2
 * and 4.3, ours where the paper is silent. Unfilled quota is the figure `unfilled`.
 */
export const featureChoice: SaeVariant<FeatureChoiceConfig, 'feature_choice'> = {
  ...(batchTopk as unknown as SaeVariant<FeatureChoiceConfig>),
  id: 'feature_choice',
  title: 'Feature Choice',
  paper: {
    key: 'ayonrinde2024',
    title: 'Adaptive sparse allocation with mutual choice and feature choice sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2411.02124',
  },
  fields: {
    k: batchTopk.fields['k']!,
    law: {
      kind: 'choice',
      label: 'Quotas',
      default: 'zipf',
      choices: ['uniform', 'zipf'],
      help: 'Tokens of a batch that each feature may have: the same for all, or by a Zipf law of its density rank.',
    },
    mutual: {
      kind: 'number',
      label: 'Mutual Choice first',
      default: 0.85,
      min: 0,
      max: 0.99,
      help: 'Share of the steps in which the whole batch chooses; its densities then give the quotas. 0: quotas from the start.',
    },
    ...batchTopk.fields,
    dead: deadField(['none', 'auxk', 'aux_zipf', 'resample'], 'aux_zipf'),
  },
  presets: [
    { title: 'Zipf, after Mutual Choice', config: {} },
    { title: 'Uniform', config: { law: 'uniform', mutual: 0 } },
  ],
  theta: 'each',
  density: true,
  figures: ['unfilled'],
  refuse: (cfg, sizes) =>
    cfg.k * sizes.batch < sizes.d_sae
      ? `k · batch = ${cfg.k * sizes.batch} gives ${sizes.d_sae} features less than one token each; choose a batch of at least ${Math.ceil(sizes.d_sae / cfg.k)}.`
      : batchTopk.refuse?.(cfg, sizes),
  state: (_, { d_sae }) => ({ quotas: [[d_sae], 'u32'] }),
  scratch: (_, { batch, d_sae }) => ({ ...batchScratch(batch), ...columnScratch(d_sae) }),
  init: (host) =>
    writeQuotas(
      host,
      Array.from({ length: host.space.shape.d_sae }, (_, f) => f),
      lawOf(host.cfg),
    ),
  allocate: (rec, step) => {
    if (step.step <= mutualSteps(step.cfg, step.steps)) return batchTopk.allocate(rec, step);
    selectColumns(rec, {
      score: step.score,
      pre_acts: step.pre_acts,
      quotas: step.u32('quotas'),
      code: step.code,
      slots: step.cfg.k,
      cuts: step.u32('column_cuts'),
      scalars: step.f32('scalars'),
    });
  },
  hostSteps: (cfg, { steps }) => (cfg.mutual > 0 ? [mutualSteps(cfg, steps) + 1] : []),
  beforeStep: async (host, step) => {
    // The change of phase waits here, once a run.
    const sums = await host.gpu.readF32(host.space.f32('density_sum'));
    const density = sums.map((v) => v * densityUnbias(step - 1));
    writeQuotas(host, ranked(density), fitZipf(density, lawOf(host.cfg)));
  },
  lrFactor: (cfg, step, steps) => {
    const from = mutualSteps(cfg, steps);
    const warm = Math.max(1, Math.round(cfg.warmup * steps));
    return from > 0 && step > from ? Math.min(1, (step - from) / warm) : 1;
  },
};

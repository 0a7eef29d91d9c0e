import type { SaeConfig } from '../config.ts';
import { COMMON_FIELDS } from '../config.ts';
import { selectTopk } from '../ops/select.ts';
import type { SaeVariant } from '../variant.ts';

export interface TopkConfig extends SaeConfig {
  /** Features kept per token. */
  readonly k: number;
}

/** Keeps the k largest positive pre_acts of each token. k fixes L0, so there is no sparsity loss. */
export const topk: SaeVariant<TopkConfig, 'topk'> = {
  id: 'topk',
  title: 'TopK',
  paper: {
    key: 'gao2024',
    title: 'Scaling and evaluating sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2406.04093',
  },
  fields: {
    k: {
      kind: 'int',
      label: 'k',
      default: 32,
      min: 1,
      max: 1024,
      scale: 'log',
      unit: 'features',
      help: 'Features kept for each token.',
    },
    ...COMMON_FIELDS,
  },
  lossTerms: ['mse', 'aux'],
  presets: [
    { title: 'TopK of record', config: {} },
    {
      title: 'Bench step (no AuxK, clip or norm)',
      config: {
        lr: 1e-3,
        warmup: 0,
        decay: 0,
        clip: 0,
        auxWeight: 0,
        scaleInput: false,
        applyBDecToInput: false,
        unitNorm: false,
      },
    },
  ],
  step: 'sparse',
  slots: (cfg) => cfg.k,
  refuse: (cfg, { d_sae }) =>
    cfg.k > d_sae ? `k = ${cfg.k} exceeds d_sae = ${d_sae}; choose k of at most ${d_sae}.` : undefined,
  allocate: (rec, step) =>
    selectTopk(rec, {
      score: step.score,
      pre_acts: step.pre_acts,
      code: step.code,
      k: step.cfg.k,
      fromRow: step.chunk.from,
    }),
  actRule: (cfg) => ({ kind: 'topk', k: cfg.k }),
};

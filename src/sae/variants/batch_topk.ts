import { COMMON_FIELDS, type SaeConfig } from '../config.ts';
import { batchScratch, selectBatch } from '../ops/select_batch.ts';
import type { SaeVariant } from '../variant.ts';
import { topk } from './topk.ts';

export interface BatchTopkConfig extends SaeConfig {
  /** Features kept per token on average over the batch. */
  readonly k: number;
}

/** Keeps the k·n largest positive pre_acts of a batch of n tokens; inference takes every act above one threshold. */
export const batchTopk: SaeVariant<BatchTopkConfig, 'batch_topk'> = {
  id: 'batch_topk',
  title: 'BatchTopK',
  paper: {
    key: 'bussmann2024',
    title: 'BatchTopK sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2412.06410',
  },
  fields: {
    k: { ...topk.fields['k']!, help: 'Features kept for each token on average over the batch.' },
    ...COMMON_FIELDS,
  },
  lossTerms: ['mse', 'aux'],
  presets: [{ title: 'BatchTopK', config: {} }],
  step: 'sparse',
  wholeBatch: true,
  theta: 'shared',
  slots: (cfg) => cfg.k,
  refuse: (cfg, { d_sae }) =>
    cfg.k > d_sae ? `k = ${cfg.k} exceeds d_sae = ${d_sae}; choose k of at most ${d_sae}.` : undefined,
  scratch: (_, { batch }) => batchScratch(batch),
  allocate: (rec, step) =>
    selectBatch(rec, {
      score: step.score,
      pre_acts: step.pre_acts,
      code: step.code,
      slots: step.cfg.k,
      bins: step.u32('batch_bins'),
      cut: step.u32('batch_cut'),
      rows: step.u32('batch_rows'),
    }),
  actRule: () => ({ kind: 'threshold' }),
};

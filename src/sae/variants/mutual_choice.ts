import { deadField } from '../config.ts';
import type { SaeVariant } from '../variant.ts';
import { type BatchTopkConfig, batchTopk } from './batch_topk.ts';

/**
 * Mutual Choice: only the total of the batch is bounded, by exactly min(k·n, positive pre_acts) (decision 23). BatchTopK
 * is the same choice; Mutual Choice adds aux_zipf for features that fire less than a Zipf law expects.
 */
export const mutualChoice: SaeVariant<BatchTopkConfig, 'mutual_choice'> = {
  ...batchTopk,
  id: 'mutual_choice',
  title: 'Mutual Choice',
  paper: {
    key: 'ayonrinde2024',
    title: 'Adaptive sparse allocation with mutual choice and feature choice sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2411.02124',
  },
  fields: { ...batchTopk.fields, dead: deadField(['none', 'auxk', 'aux_zipf', 'resample'], 'aux_zipf') },
  presets: [{ title: 'Mutual Choice', config: {} }],
};

import type { SaeConfig } from '../config.ts';
import { MAX_PREFIXES } from '../ops/prefixes.ts';
import type { SaeVariant } from '../variant.ts';
import { type BatchTopkConfig, batchTopk } from './batch_topk.ts';

export interface MatryoshkaConfig extends BatchTopkConfig {
  /** Nested prefixes of the dictionary. */
  readonly groups: number;
}

/** Ends of G prefixes: d_sae ÷ 2^(G − 1), …, d_sae ÷ 2, d_sae. */
export const halvedPrefixes = (groups: number, d_sae: number): number[] =>
  Array.from({ length: groups }, (_, g) => Math.floor(d_sae / 2 ** (groups - 1 - g)));

/**
 * BatchTopK whose reconstruction is asked for at every one of G nested prefixes of the dictionary:
 * loss = (1/G) Σ_g (1/n) Σ ‖b_dec + Σ_{i < end_g} f_i d_i − x‖² + AuxK on the full residual. No level has b_dec alone
 * (Bussmann has one; it has no gradient but b_dec's).
 */
export const matryoshka: SaeVariant<MatryoshkaConfig & SaeConfig, 'matryoshka'> = {
  ...batchTopk,
  id: 'matryoshka',
  title: 'Matryoshka',
  paper: {
    key: 'bussmann2025',
    title: 'Learning multi-level features with Matryoshka sparse autoencoders',
    year: 2025,
    url: 'https://arxiv.org/abs/2503.17547',
  },
  fields: {
    k: batchTopk.fields['k']!,
    groups: {
      kind: 'int',
      label: 'Prefixes',
      default: 5,
      min: 1,
      max: MAX_PREFIXES,
      help: 'Nested prefixes of the dictionary, each twice as long as the one before; 5 end at 1/16, 1/8, 1/4, 1/2 and all of it.',
    },
    ...batchTopk.fields,
  },
  lossTerms: ['prefixes', 'mse', 'aux'],
  presets: [{ title: 'Matryoshka', config: {} }],
  figures: ['prefixes'],
  prefixes: (cfg, d_sae) => halvedPrefixes(cfg.groups, d_sae),
  refuse: (cfg, sizes) =>
    sizes.d_sae < 2 ** (cfg.groups - 1)
      ? `${cfg.groups} prefixes need d_sae of at least ${2 ** (cfg.groups - 1)}, not ${sizes.d_sae}; choose fewer prefixes.`
      : batchTopk.refuse?.(cfg, sizes),
};

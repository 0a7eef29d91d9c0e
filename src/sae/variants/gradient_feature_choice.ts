import {
  countOffTopk,
  GRADIENT_FIELDS,
  GRADIENT_PAPER,
  type GradientConfig,
  gradientScratch,
  scoreByGradient,
  usesGradient,
} from '../gradient_parts.ts';
import { batchScratch } from '../ops/select_batch.ts';
import { columnScratch } from '../ops/select_columns.ts';
import type { SaeVariant } from '../variant.ts';
import { type FeatureChoiceConfig, featureChoice } from './feature_choice.ts';

/** Feature Choice, and the phase before it, by acts weighed with the gradient. No paper has this: it is ours. */
export const gradientFeatureChoice: SaeVariant<
  GradientConfig & FeatureChoiceConfig,
  'gradient_feature_choice'
> = {
  ...(featureChoice as unknown as SaeVariant<GradientConfig & FeatureChoiceConfig>),
  id: 'gradient_feature_choice',
  title: 'Gradient Feature Choice',
  paper: GRADIENT_PAPER,
  ours: true,
  fields: { k: featureChoice.fields['k']!, ...GRADIENT_FIELDS, ...featureChoice.fields },
  presets: [{ title: 'Gradient Feature Choice', config: {} }],
  needsGradient: usesGradient,
  scratch: (_, shape) => ({
    ...batchScratch(shape.batch),
    ...columnScratch(shape.d_sae),
    ...gradientScratch(shape),
  }),
  score: scoreByGradient,
  figures: ['unfilled', 'offTopk'],
  afterStep: (rec, step) => countOffTopk(rec, step, 1),
};

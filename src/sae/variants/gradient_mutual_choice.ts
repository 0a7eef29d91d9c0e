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
import type { SaeVariant } from '../variant.ts';
import { mutualChoice } from './mutual_choice.ts';

/** Mutual Choice by acts weighed with the gradient. No paper has this point of the grid: it is ours. */
export const gradientMutualChoice: SaeVariant<GradientConfig, 'gradient_mutual_choice'> = {
  ...(mutualChoice as unknown as SaeVariant<GradientConfig>),
  id: 'gradient_mutual_choice',
  title: 'Gradient Mutual Choice',
  paper: GRADIENT_PAPER,
  ours: true,
  fields: { k: mutualChoice.fields['k']!, ...GRADIENT_FIELDS, ...mutualChoice.fields },
  presets: [{ title: 'Gradient Mutual Choice', config: {} }],
  needsGradient: usesGradient,
  scratch: (_, shape) => ({ ...batchScratch(shape.batch), ...gradientScratch(shape) }),
  score: scoreByGradient,
  figures: ['offTopk'],
  afterStep: (rec, step) => countOffTopk(rec, step, 0),
};

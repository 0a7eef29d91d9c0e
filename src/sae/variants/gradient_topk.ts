import {
  countOffTopk,
  GRADIENT_FIELDS,
  GRADIENT_PAPER,
  type GradientConfig,
  gradientScratch,
  scoreByGradient,
  usesGradient,
} from '../gradient_parts.ts';
import type { SaeVariant } from '../variant.ts';
import { topk } from './topk.ts';

/**
 * Keeps the k best of each token by act weighed with the gradient of the model's loss. Inference without gradients is
 * plain TopK with the same weights.
 */
export const gradientTopk: SaeVariant<GradientConfig, 'gradient_topk'> = {
  ...(topk as unknown as SaeVariant<GradientConfig>),
  id: 'gradient_topk',
  title: 'Gradient SAE',
  paper: GRADIENT_PAPER,
  fields: { k: topk.fields['k']!, ...GRADIENT_FIELDS, ...topk.fields },
  presets: [
    { title: 'Gradient SAE', config: {} },
    { title: 'Product of act and gradient', config: { reading: 'product' } },
  ],
  wholeBatch: true,
  needsGradient: usesGradient,
  scratch: (_, shape) => gradientScratch(shape),
  score: scoreByGradient,
  figures: ['offTopk'],
  afterStep: (rec, step) => countOffTopk(rec, step, 0),
};

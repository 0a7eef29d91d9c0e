import { WorkbenchError } from '#base/errors.ts';
import type { SaeConfig } from '../config.ts';
import type { SaeVariant } from '../variant.ts';
import { batchTopk } from './batch_topk.ts';
import { featureChoice } from './feature_choice.ts';
import { gated } from './gated.ts';
import { gradientFeatureChoice } from './gradient_feature_choice.ts';
import { gradientMutualChoice } from './gradient_mutual_choice.ts';
import { gradientTopk } from './gradient_topk.ts';
import { jumprelu } from './jumprelu.ts';
import { l1 } from './l1.ts';
import { matryoshka } from './matryoshka.ts';
import { mutualChoice } from './mutual_choice.ts';
import { topk } from './topk.ts';

/** A variant among others: its config is resolved from its own fields before any of it is called. */
const listed = <C extends SaeConfig>(variant: SaeVariant<C>): SaeVariant => variant as unknown as SaeVariant;

/** Every variant, in the order of the picker. */
export const VARIANTS: readonly SaeVariant[] = [
  listed(topk),
  listed(batchTopk),
  listed(mutualChoice),
  listed(featureChoice),
  listed(matryoshka),
  listed(gradientTopk),
  listed(gradientMutualChoice),
  listed(gradientFeatureChoice),
  listed(l1),
  listed(gated),
  listed(jumprelu),
];

/** @throws WorkbenchError('format') when no variant has this id. */
export function variantOf(id: string): SaeVariant {
  const found = VARIANTS.find((v) => v.id === id);
  if (!found)
    throw new WorkbenchError('format', `There is no SAE variant ${id.slice(0, 60)}.`, {
      hint: `Known variants: ${VARIANTS.map((v) => v.id).join(', ')}.`,
    });
  return found;
}

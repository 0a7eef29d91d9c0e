import { WorkbenchError } from '#base/errors.ts';
import type { SaeVariant } from '../variant.ts';
import { topk } from './topk.ts';

/** Every variant, in the order of the picker. */
export const VARIANTS: readonly SaeVariant[] = [topk as unknown as SaeVariant];

/** @throws WorkbenchError('format') when no variant has this id. */
export function variantOf(id: string): SaeVariant {
  const found = VARIANTS.find((v) => v.id === id);
  if (!found)
    throw new WorkbenchError('format', `There is no SAE variant ${id.slice(0, 60)}.`, {
      hint: `Known variants: ${VARIANTS.map((v) => v.id).join(', ')}.`,
    });
  return found;
}

import { WorkbenchError } from '#base/errors.ts';
import type { FamilyId } from '../config.ts';
import type { Json } from '../config_fields.ts';
import type { Family } from '../family.ts';
import { gpt2 } from './gpt2.ts';
import { hookedTransformer } from './hooked_transformer.ts';

/** Every architecture that Headlight reads. */
export const FAMILIES: readonly Family[] = [gpt2, hookedTransformer];

/**
 * The family of a config.json, by its `model_type`.
 *
 * @throws WorkbenchError('unsupported-model') when no family claims it.
 */
export function familyOf(json: Json): Family {
  const type = json['model_type'];
  const family = FAMILIES.find((f) => typeof type === 'string' && f.modelTypes.includes(type));
  if (family) return family;
  const known = FAMILIES.flatMap((f) => f.modelTypes).join(', ');
  const said = typeof type === 'string' ? `model_type is '${type.slice(0, 40)}'` : 'it has no model_type';
  throw new WorkbenchError('unsupported-model', `config.json: ${said}, which Headlight cannot run.`, {
    hint: `Choose a model of one of these types: ${known}.`,
  });
}

/** The family with that id. */
export function familyById(id: FamilyId): Family {
  return FAMILIES.find((f) => f.id === id) as Family;
}

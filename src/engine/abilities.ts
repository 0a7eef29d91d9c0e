import { type AbilityFigures, abilitiesOf, measureAbilities } from '#analysis/abilities.ts';
import type { Ability } from '#base/ability.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Sae } from '#sae/sae.ts';
import { ABILITY_SEED, abilityPrompts } from '#text/storyland/ability_prompts.ts';
import type { LoadedModel } from './loaded_model.ts';

/** Prompts of each ability; a software adapter gets what it does in about ten seconds on the embedded model. */
export const ABILITY_PROMPTS = { gpu: 200, software: 12 } as const;

export interface AbilityJob {
  readonly gpu: Gpu;
  readonly model: LoadedModel;
  readonly sae: Sae;
  /** Prompts of each ability; default by the adapter. */
  readonly count?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a model without any SAE, by the number of prompts: it serves all SAEs of the model. */
const cleanFigures = new WeakMap<LoadedModel, Map<number, AbilityFigures>>();

/**
 * The abilities of a model clean and with an SAE spliced in; events count tokens. A step of it needs the turn.
 *
 * @throws WorkbenchError('cancelled') when the signal fires.
 */
export async function* spliceAbilities(
  job: AbilityJob,
): AsyncGenerator<{ readonly done: number; readonly total: number }, readonly Ability[], void> {
  const { gpu, model, sae, signal } = job;
  const count = countOf(job);
  const { n_ctx, bosId } = model.config;
  const prompts = abilityPrompts(model.tokenizer, {
    seed: ABILITY_SEED,
    count,
    n_ctx,
    bosId: model.tokenizer.bosId ?? bosId,
  });
  const known = cleanFigures.get(model) ?? new Map<number, AbilityFigures>();
  cleanFigures.set(model, known);
  const halves = known.has(count) ? 1 : 2;
  let clean = known.get(count);
  if (!clean) {
    const steps = measureAbilities(gpu, model.lm, prompts, { signal });
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) yield { ...step.value, total: 2 * step.value.total };
    clean = step.value;
    known.set(count, clean);
  }
  const steps = measureAbilities(gpu, model.lm, prompts, { sae, signal });
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    const { done, total } = step.value;
    yield { done: (halves - 1) * total + done, total: halves * total };
  }
  return abilitiesOf(prompts.kinds, clean, step.value);
}

function countOf({ gpu, count }: AbilityJob): number {
  const usual = gpu.caps.fallback ? ABILITY_PROMPTS.software : ABILITY_PROMPTS.gpu;
  return count === undefined ? usual : Math.max(1, Math.floor(count));
}

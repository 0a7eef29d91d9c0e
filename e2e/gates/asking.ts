import { type AbilityFigure, type AbilityFigures, measureAbilities } from '#analysis/abilities.ts';
import type { AbilityPrompts } from '#base/ability.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';

/** The figures of all prompts, with an SAE spliced in or not. */
export async function figuresOf(
  gpu: Gpu,
  model: LanguageModel,
  prompts: AbilityPrompts,
  sae?: Sae,
): Promise<AbilityFigures> {
  const measuring = measureAbilities(gpu, model, prompts, { sae });
  for (;;) {
    const next = await measuring.next();
    if (next.done) return next.value;
  }
}

/** The figure of one ability. @throws Error when nothing asked about it. */
export function figure(figures: AbilityFigures, key: string): AbilityFigure {
  const found = figures.get(key);
  if (!found) throw new Error(`gates: nothing was measured of '${key}'`);
  return found;
}

/** The prompts that ask about one of these abilities. */
export function only(prompts: AbilityPrompts, keys: readonly string[]): AbilityPrompts {
  const rows = prompts.rows.filter((row) => row.questions.some((q) => keys.includes(q.of)));
  return { ...prompts, rows };
}

/** The same prompts, asked for the probability of S: with P(IO) it says whether a name is expected at all. */
export function askingForS(prompts: AbilityPrompts, of: string, key: string): AbilityPrompts {
  const rows = prompts.rows.flatMap(({ ids, questions }) => {
    const asked = questions.find((q) => q.of === of);
    const s = asked?.rivals?.[0];
    return asked && s !== undefined ? [{ ids, questions: [{ of: key, at: asked.at, right: s }] }] : [];
  });
  const kind = {
    key,
    label: key,
    unit: 'probability',
    better: 'lower',
    definition: 'Mean of p(S).',
  } as const;
  return { kinds: [kind], rows };
}

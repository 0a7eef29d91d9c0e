import type { ModelJob, ModelJobField, ModelRecipe } from '#engine/protocol/model_training.ts';
import { type DraftErrors, parseField } from './train_draft.ts';

/** The value of `variant` in a link that shows the transformer's form instead of an SAE variant's. */
export const TRANSFORMER = 'transformer';

/** The transformer's form as typed; a field that is absent stands at its default. */
export type ModelDraft = Readonly<Partial<Record<ModelJobField, string>>>;

export type ModelDraftJob =
  | { readonly ok: true; readonly job: ModelJob }
  | { readonly ok: false; readonly errors: DraftErrors };

export const fieldsOf = (recipe: ModelRecipe): readonly ModelJobField[] =>
  Object.keys(recipe.fields) as ModelJobField[];

/** The job that the form describes, or the errors by field. */
export function modelJobOf(draft: ModelDraft, recipe: ModelRecipe): ModelDraftJob {
  const errors: Record<string, string> = {};
  const job: Partial<Record<ModelJobField, number>> = {};
  for (const key of fieldsOf(recipe)) {
    const field = recipe.fields[key];
    const parsed = parseField(field, draft[key] ?? String(field.default));
    if (parsed.ok) job[key] = parsed.value as number;
    else errors[key] = parsed.error;
  }
  return Object.keys(errors).length > 0 ? { ok: false, errors } : { ok: true, job };
}

/** The form of a preset: what differs from the defaults. */
export function draftOfJob(job: ModelJob, recipe: ModelRecipe): ModelDraft {
  const changed = fieldsOf(recipe).filter(
    (key) => job[key] !== undefined && job[key] !== recipe.fields[key].default,
  );
  return Object.fromEntries(changed.map((key) => [key, String(job[key])]));
}

/** The form as it stands in a link, 'name:value' by commas; undefined at the defaults. */
export function modelDraftText(draft: ModelDraft): string | undefined {
  const parts = Object.entries(draft).map(([key, value]) => `${key}:${value}`);
  // Half-typed nonsense stays in the form and out of the link.
  const good = parts.filter((part) => /^\w+:[\w.+-]+$/.test(part));
  return good.length === 0 ? undefined : good.join(',');
}

/** The form of a link; names that it does not have are passed over. */
export function readModelDraft(text: string, recipe: ModelRecipe): ModelDraft {
  const settings = new Map(text.split(',').map((part) => part.split(':') as [string, string]));
  const named = fieldsOf(recipe).flatMap((key) => {
    const value = settings.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(named);
}

import { expect, test } from 'vitest';
import type { ModelJobField, ModelRecipe } from '#engine/protocol/model_training.ts';
import type { FieldInfo } from '#engine/protocol/training.ts';
import { draftOfJob, fieldsOf, modelDraftText, modelJobOf, readModelDraft } from './model_draft.ts';

const int = (value: number): FieldInfo => ({
  ...{ kind: 'int', label: 'n', help: '', default: value, min: 1, max: 1e9 },
});
const NAMES: readonly ModelJobField[] = ['d_model', 'n_layers', 'n_heads'];
const recipe = {
  fields: Object.fromEntries(NAMES.map((name, i) => [name, int(2 ** (6 - i))])),
  presets: [],
} as unknown as ModelRecipe;

test('an empty form is the job of the defaults', () => {
  expect(fieldsOf(recipe)).toEqual(NAMES);
  expect(modelJobOf({}, recipe)).toEqual({ ok: true, job: { d_model: 64, n_layers: 32, n_heads: 16 } });
});

test('a field that is wrong names itself, the others are not blamed', () => {
  const made = modelJobOf({ d_model: 'wide', n_layers: '3' }, recipe);
  expect(made.ok).toBe(false);
  expect(made.ok ? {} : Object.keys(made.errors)).toEqual(['d_model']);
});

test('a preset, a link and back: what differs from the defaults survives', () => {
  const draft = draftOfJob({ d_model: 128, n_layers: 32, n_heads: 4 } as never, recipe);
  expect(draft).toEqual({ d_model: '128', n_heads: '4' });
  const text = modelDraftText(draft);
  expect(text).toBe('d_model:128,n_heads:4');
  expect(readModelDraft(text as string, recipe)).toEqual(draft);
});

test('a link carries no half-typed nonsense and no names that the form lacks', () => {
  expect(modelDraftText({ d_model: '1 <b>' })).toBeUndefined();
  expect(modelDraftText({})).toBeUndefined();
  expect(readModelDraft('__proto__:1,d_model:96,evil:2,n_heads', recipe)).toEqual({ d_model: '96' });
});

import { expect, test } from 'vitest';
import type { FieldInfo, VariantInfo } from '#engine/protocol/training.ts';
import { draftText, emptyDraft, jobOf, parseField, readDraft, shownValue, sitesOf } from './train_draft.ts';

const k: FieldInfo = { kind: 'int', label: 'k', help: '', default: 32, min: 1, max: 64 };
const norm: FieldInfo = { kind: 'flag', label: 'norm', help: '', default: true };
const shape: FieldInfo = { kind: 'choice', label: 'shape', help: '', default: 'a', choices: ['a', 'b'] };
const variant: VariantInfo = {
  ...{ id: 'topk', title: 'TopK', lossTerms: ['mse'], presets: [] },
  paper: { key: 'x', title: 'x', year: 2024, url: 'https://example.org' },
  fields: { k, norm, shape },
};

test('numbers may be typed with exponents and separators', () => {
  expect(['1e6', '1_000', '1,000', ' 12 '].map((t) => parseField({ ...k, max: 1e9 }, t))).toEqual(
    [1e6, 1000, 1000, 12].map((value) => ({ ok: true, value })),
  );
});

test('what is out of range, not whole or not a number is refused with the reason', () => {
  const error = (text: string) => {
    const parsed = parseField(k, text);
    return parsed.ok ? '' : parsed.error;
  };
  expect([error('0'), error('65'), error('1.5'), error('')]).toEqual([
    'k: at least 1',
    'k: at most 64',
    'k: a whole number is needed',
    'k: not a number',
  ]);
  expect(parseField(shape, 'c').ok).toBe(false);
});

test('a job carries only what differs from the defaults', () => {
  const draft = {
    ...emptyDraft('topk', 'blocks.1.attn.hook_z'),
    config: { k: '16', norm: true, shape: 'b' },
  };
  const made = jobOf(draft, variant, 'm');
  expect(made.ok && made.job).toEqual({
    ...{ model: 'm', site: 'blocks.1.attn.hook_z', variant: 'topk', config: { k: 16, shape: 'b' } },
    ...{ d_sae: 1024, tokens: 1_000_000, batch: 1024, seed: 0, corpus: 'embedded' },
  });
});

test('every wrong field is named', () => {
  const empty = emptyDraft('topk', '');
  const made = jobOf(
    { ...empty, common: { ...empty.common, batch: '3' }, config: { k: 'x' } },
    variant,
    undefined,
  );
  expect(made.ok ? [] : Object.keys(made.errors)).toEqual(['common:batch', 'config:k', 'site']);
});

test('an untouched field shows its default', () => {
  expect([shownValue(k, undefined), shownValue(norm, undefined), shownValue(k, '7')]).toEqual([
    '32',
    true,
    '7',
  ]);
});

test('the sites of a model are its attention outputs, one a layer', () => {
  expect(sitesOf(2)).toEqual(['blocks.0.attn.hook_z', 'blocks.1.attn.hook_z']);
});

test('the form comes back from its link as it was', () => {
  const base = emptyDraft('topk', 'blocks.0.attn.hook_z');
  const draft = {
    ...base,
    common: { ...base.common, d_sae: '2048', tokens: '1e5' },
    config: { k: '16', norm: false, shape: 'b' },
  };
  const text = draftText(draft) ?? '';
  expect(text).toBe('site:blocks.0.attn.hook_z,d_sae:2048,tokens:1e5,k:16,norm:false,shape:b');
  expect(readDraft(text, emptyDraft('topk', 'elsewhere'), variant)).toEqual(draft);
});

test('half-typed values stay out of the link and unknown names are passed over', () => {
  const base = emptyDraft('topk', 'blocks.0.attn.hook_z');
  expect(draftText({ ...base, config: { k: '', shape: 'a b' } })).toBe('site:blocks.0.attn.hook_z');
  expect(readDraft('site:blocks.0.attn.hook_z,other:3,k:4', base, variant).config).toEqual({ k: '4' });
});

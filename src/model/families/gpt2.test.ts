import { expect, test } from 'vitest';
import { WorkbenchError } from '#base/errors.ts';
import { tinyConfig, tinyJson } from '#e2e/fixtures/models.ts';
import { familyOf } from './index.ts';

function errorOf(json: Readonly<Record<string, unknown>>): WorkbenchError {
  try {
    familyOf(json).config(json);
  } catch (error) {
    if (error instanceof WorkbenchError) return error;
    throw error;
  }
  throw new Error('the config was accepted');
}

test('a config of sizes only takes the defaults of GPT-2', () => {
  const config = familyOf({ model_type: 'gpt2' }).config({ model_type: 'gpt2' });
  expect(config).toMatchObject({ d_model: 768, n_layers: 12, n_heads: 12, d_head: 64, d_mlp: 3072 });
  expect(config).toMatchObject({ d_vocab: 50257, n_ctx: 1024, tiedUnembed: true, bosId: undefined });
  expect(config.attnScale).toEqual(Array(12).fill(1 / 8));
  expect(config.mlp.act).toBe('gelu_new');
});

test('n_inner 0 and attn_only leave the MLPs out', () => {
  expect(tinyConfig({ n_inner: 0 }).d_mlp).toBe(0);
  expect(tinyConfig({ attn_only: true }).d_mlp).toBe(0);
  const names = [
    ...familyOf(tinyJson())
      .weights(tinyConfig({ attn_only: true }))
      .keys(),
  ];
  expect(names.filter((n) => n.includes('mlp') || n.includes('ln2'))).toEqual([]);
});

test('attention scales follow scale_attn_weights and the inverse layer index', () => {
  expect(tinyConfig({ scale_attn_weights: false }).attnScale).toEqual([1, 1]);
  const scale = 1 / Math.sqrt(5);
  expect(tinyConfig({ scale_attn_by_inverse_layer_idx: true }).attnScale).toEqual([scale, scale / 2]);
});

test('a BOS id outside the vocabulary counts as none', () => {
  expect(tinyConfig({ bos_token_id: 50256 }).bosId).toBeUndefined();
});

test.each([
  ['a negative size', { n_layer: -1 }, 'n_layer is -1, expected 1 to 256.'],
  ['a fraction', { n_embd: 1.5 }, 'n_embd is 1.5, expected a whole number.'],
  ['a text', { n_head: '3' }, 'n_head is "3", expected a whole number.'],
  ['a huge vocabulary', { vocab_size: 1e12 }, 'vocab_size is 1000000000000, expected 1 to 1048576.'],
  ['heads that do not divide', { n_head: 4 }, 'n_embd 15 is not a multiple of n_head 4.'],
  ['an epsilon of zero', { layer_norm_epsilon: 0 }, 'layer_norm_epsilon is 0'],
  [
    'a flag that is a number',
    { tie_word_embeddings: 1 },
    'tie_word_embeddings is 1, expected true or false.',
  ],
])('%s is refused in one sentence', (_, over, message) => {
  const error = errorOf(tinyJson(over));
  expect(error.code).toBe('format');
  expect(error.message).toContain(message);
  expect(error.hint).toBeDefined();
});

test.each([
  ['an unknown activation', { activation_function: '__proto__' }, 'activation_function is "__proto__"'],
  ['cross attention', { add_cross_attention: true }, 'add_cross_attention'],
  ['another architecture', { model_type: 'bert' }, "model_type is 'bert'"],
  ['no architecture', { model_type: undefined }, 'it has no model_type'],
])('%s is unsupported, and the hint says what is', (_, over, message) => {
  const error = errorOf(tinyJson(over));
  expect(error.code).toBe('unsupported-model');
  expect(error.message).toContain(message);
  expect(error.hint).toBeDefined();
});

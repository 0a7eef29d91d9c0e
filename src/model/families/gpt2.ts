import { WorkbenchError } from '#base/errors.ts';
import type { Activation, ModelConfig } from '../config.ts';
import { type Json, readCount, readFlag, readPositive, readTokenId, readWord } from '../config_fields.ts';
import type { Family, WeightRule } from '../family.ts';

/** Names of transformers' ACT2FN that the family uses; two of them are other spellings of the same function. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu_fast: 'gelu_new',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  quick_gelu: 'quick_gelu',
};

/** scores are scaled by 1/√d_head unless scale_attn_weights is off, and by 1/(layer + 1) when asked. */
function attnScales(json: Json, n_layers: number, d_head: number): number[] {
  const base = readFlag(json, 'scale_attn_weights', true) ? 1 / Math.sqrt(d_head) : 1;
  const byLayer = readFlag(json, 'scale_attn_by_inverse_layer_idx', false);
  return Array.from({ length: n_layers }, (_, layer) => (byLayer ? base / (layer + 1) : base));
}

function config(json: Json): ModelConfig {
  const d_model = readCount(json, 'n_embd', { min: 1, max: 16_384, fallback: 768 });
  const n_heads = readCount(json, 'n_head', { min: 1, max: 256, fallback: 12 });
  const n_layers = readCount(json, 'n_layer', { min: 1, max: 256, fallback: 12 });
  const d_vocab = readCount(json, 'vocab_size', { min: 1, max: 2 ** 20, fallback: 50_257 });
  const n_ctx = readCount(json, 'n_positions', { min: 1, max: 2 ** 16, fallback: 1024 });
  if (d_model % n_heads !== 0)
    throw new WorkbenchError(
      'format',
      `config.json: n_embd ${d_model} is not a multiple of n_head ${n_heads}.`,
      {
        hint: 'Choose the config.json that belongs to these weights.',
      },
    );
  if (readFlag(json, 'add_cross_attention', false))
    throw new WorkbenchError('unsupported-model', 'config.json: add_cross_attention is on.', {
      hint: 'Choose a decoder-only GPT-2 model.',
    });
  const inner = readCount(json, 'n_inner', { min: 0, max: 65_536, fallback: 4 * d_model });
  const d_head = d_model / n_heads;
  return {
    family: 'gpt2',
    d_model,
    n_layers,
    n_heads,
    n_kv_heads: n_heads,
    d_head,
    d_mlp: readFlag(json, 'attn_only', false) ? 0 : inner,
    d_vocab,
    n_ctx,
    norm: { kind: 'layer', eps: readPositive(json, 'layer_norm_epsilon', { max: 1, fallback: 1e-5 }) },
    positions: { kind: 'learned' },
    mlp: { act: readWord(json, 'activation_function', ACTIVATIONS, 'gelu_new') },
    attnScale: attnScales(json, n_layers, d_head),
    tiedUnembed: readFlag(json, 'tie_word_embeddings', true),
    unembedBias: false,
    bosId: readTokenId(json, 'bos_token_id', d_vocab),
  };
}

const same = (from: string, ...shape: number[]): WeightRule => ({
  from,
  fileShape: shape,
  shape,
  take: { kind: 'same' },
});

/** Conv1D keeps (in, out) and holds q, k and v side by side in its columns. */
function attentionRules(c: ModelConfig, layer: number): [string, WeightRule][] {
  const width = c.n_heads * c.d_head;
  const to = `blocks.${layer}.attn`;
  const from = `h.${layer}.attn`;
  const parts = ['Q', 'K', 'V'].flatMap((part, i): [string, WeightRule][] => {
    const take = { kind: 'columns', from: i * width, count: width } as const;
    const weight = {
      from: `${from}.c_attn.weight`,
      fileShape: [c.d_model, 3 * width],
      shape: [c.d_model, width],
      take,
    };
    const bias = { from: `${from}.c_attn.bias`, fileShape: [3 * width], shape: [width], take };
    return [
      [`${to}.W_${part}`, weight],
      [`${to}.b_${part}`, bias],
    ];
  });
  return [
    ...parts,
    [`${to}.W_O`, same(`${from}.c_proj.weight`, width, c.d_model)],
    [`${to}.b_O`, same(`${from}.c_proj.bias`, c.d_model)],
  ];
}

function blockRules(c: ModelConfig, layer: number): [string, WeightRule][] {
  const to = `blocks.${layer}`;
  const from = `h.${layer}`;
  const head: [string, WeightRule][] = [
    [`${to}.ln1.w`, same(`${from}.ln_1.weight`, c.d_model)],
    [`${to}.ln1.b`, same(`${from}.ln_1.bias`, c.d_model)],
    ...attentionRules(c, layer),
  ];
  if (c.d_mlp === 0) return head;
  return [
    ...head,
    [`${to}.ln2.w`, same(`${from}.ln_2.weight`, c.d_model)],
    [`${to}.ln2.b`, same(`${from}.ln_2.bias`, c.d_model)],
    [`${to}.mlp.W_in`, same(`${from}.mlp.c_fc.weight`, c.d_model, c.d_mlp)],
    [`${to}.mlp.b_in`, same(`${from}.mlp.c_fc.bias`, c.d_mlp)],
    [`${to}.mlp.W_out`, same(`${from}.mlp.c_proj.weight`, c.d_mlp, c.d_model)],
    [`${to}.mlp.b_out`, same(`${from}.mlp.c_proj.bias`, c.d_model)],
  ];
}

function weights(c: ModelConfig): ReadonlyMap<string, WeightRule> {
  const rules = new Map<string, WeightRule>([
    ['W_E', same('wte.weight', c.d_vocab, c.d_model)],
    ['W_pos', same('wpe.weight', c.n_ctx, c.d_model)],
  ]);
  for (let layer = 0; layer < c.n_layers; layer++)
    for (const [name, rule] of blockRules(c, layer)) rules.set(name, rule);
  rules.set('ln_final.w', same('ln_f.weight', c.d_model));
  rules.set('ln_final.b', same('ln_f.bias', c.d_model));
  if (!c.tiedUnembed) rules.set('W_U_T', same('lm_head.weight', c.d_vocab, c.d_model));
  return rules;
}

/** GPT-2: learned positions, pre-LN, causal attention; `attn_only: true` or `n_inner: 0` leaves the MLPs out. */
export const gpt2: Family = {
  id: 'gpt2',
  paper: {
    key: 'radford2019language',
    title: 'Language Models are Unsupervised Multitask Learners',
    year: 2019,
    url: 'https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf',
  },
  modelTypes: ['gpt2'],
  prefixes: ['', 'transformer.'],
  config,
  weights,
};

import type { Activation, ModelConfig } from '../config.ts';
import { type Json, readCount, readFlag, readTokenId, readWord } from '../config_fields.ts';
import type { Family, WeightRule } from '../family.ts';

/** Without MLPs nothing is activated; the field is read so that a model with MLPs is refused by name. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = { relu: 'relu' };
const NORMS = { none: 'none' } as const;

function config(json: Json): ModelConfig {
  const d_vocab = readCount(json, 'd_vocab', { min: 1, max: 2 ** 20 });
  const n_layers = readCount(json, 'n_layers', { min: 1, max: 256 });
  const n_heads = readCount(json, 'n_heads', { min: 1, max: 256 });
  const d_head = readCount(json, 'd_head', { min: 1, max: 16_384 });
  const scale = readFlag(json, 'use_attn_scale', true) ? 1 / Math.sqrt(d_head) : 1;
  return {
    family: 'hooked_transformer',
    d_model: readCount(json, 'd_model', { min: 1, max: 16_384 }),
    n_layers,
    n_heads,
    n_kv_heads: n_heads,
    d_head,
    d_mlp: readCount(json, 'd_mlp', { min: 0, max: 0, fallback: 0 }),
    d_vocab,
    n_ctx: readCount(json, 'n_ctx', { min: 1, max: 2 ** 16 }),
    norm: { kind: readWord(json, 'normalization_type', NORMS, 'none'), eps: 1e-5 },
    positions: {
      kind: readWord(json, 'positional_embedding_type', { standard: 'learned' } as const, 'standard'),
    },
    mlp: { act: readWord(json, 'act_fn', ACTIVATIONS, 'relu') },
    attnScale: Array.from({ length: n_layers }, () => scale),
    tiedUnembed: false,
    unembedBias: true,
    bosId: readTokenId(json, 'bos_token_id', d_vocab),
  };
}

/** Head-first weights [n_heads, d_model, d_head] go side by side; biases [n_heads, d_head] only change their shape. */
function attentionRules(c: ModelConfig, layer: number): [string, WeightRule][] {
  const { d_model, n_heads, d_head } = c;
  const width = n_heads * d_head;
  const at = `blocks.${layer}.attn`;
  const parts = ['Q', 'K', 'V'].flatMap((part): [string, WeightRule][] => {
    const weight: WeightRule = {
      from: `${at}.W_${part}`,
      fileShape: [n_heads, d_model, d_head],
      shape: [d_model, width],
      take: { kind: 'heads' },
    };
    const bias: WeightRule = {
      from: `${at}.b_${part}`,
      fileShape: [n_heads, d_head],
      shape: [width],
      take: { kind: 'same' },
    };
    return [
      [weight.from, weight],
      [bias.from, bias],
    ];
  });
  const W_O: WeightRule = {
    from: `${at}.W_O`,
    fileShape: [n_heads, d_head, d_model],
    shape: [width, d_model],
    take: { kind: 'same' },
  };
  const b_O: WeightRule = {
    from: `${at}.b_O`,
    fileShape: [d_model],
    shape: [d_model],
    take: { kind: 'same' },
  };
  return [...parts, [W_O.from, W_O], [b_O.from, b_O]];
}

function weights(c: ModelConfig): ReadonlyMap<string, WeightRule> {
  const whole = (from: string, ...shape: number[]): WeightRule => ({
    from,
    fileShape: shape,
    shape,
    take: { kind: 'same' },
  });
  const rules = new Map<string, WeightRule>([
    ['W_E', whole('embed.W_E', c.d_vocab, c.d_model)],
    ['W_pos', whole('pos_embed.W_pos', c.n_ctx, c.d_model)],
  ]);
  for (let layer = 0; layer < c.n_layers; layer++)
    for (const [name, rule] of attentionRules(c, layer)) rules.set(name, rule);
  rules.set('W_U_T', {
    from: 'unembed.W_U',
    fileShape: [c.d_model, c.d_vocab],
    shape: [c.d_vocab, c.d_model],
    take: { kind: 'transpose' },
  });
  rules.set('b_U', whole('unembed.b_U', c.d_vocab));
  return rules;
}

/** TransformerLens's own checkpoints of attention-only models without LayerNorm, as in toy studies of circuits. */
export const hookedTransformer: Family = {
  id: 'hooked_transformer',
  paper: {
    key: 'elhage2021mathematical',
    title: 'A Mathematical Framework for Transformer Circuits',
    year: 2021,
    url: 'https://transformer-circuits.pub/2021/framework/index.html',
  },
  modelTypes: ['hooked_transformer'],
  prefixes: [''],
  config,
  weights,
};

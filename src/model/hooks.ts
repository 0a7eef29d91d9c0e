import type { ModelConfig } from './config.ts';

/**
 * TransformerLens names, so that a checkpoint's `hook_name` means the same here and there.
 *
 * `hook_normalized` is what the next layer reads, after gain and bias, as in TransformerLens 1 and 2 (3 moved it before
 * them). `hook_attn_scores` is scaled and masked (−1e30 above the diagonal).
 */
export type BlockHook =
  | 'hook_resid_pre'
  | 'ln1.hook_normalized'
  | 'attn.hook_q'
  | 'attn.hook_k'
  | 'attn.hook_v'
  | 'attn.hook_attn_scores'
  | 'attn.hook_pattern'
  | 'attn.hook_z'
  | 'hook_attn_out'
  | 'hook_resid_mid'
  | 'ln2.hook_normalized'
  | 'mlp.hook_pre'
  | 'mlp.hook_post'
  | 'hook_mlp_out'
  | 'hook_resid_post';
export type HookName =
  | 'hook_embed'
  | 'hook_pos_embed'
  | 'ln_final.hook_normalized'
  | `blocks.${number}.${BlockHook}`;

/** Layer of a block hook; undefined for the others. */
export function hookLayer(hook: HookName): number | undefined {
  const match = /^blocks\.(\d+)\./.exec(hook);
  return match ? Number(match[1]) : undefined;
}

const ATTENTION_HOOKS = [
  'attn.hook_q',
  'attn.hook_k',
  'attn.hook_v',
  'attn.hook_attn_scores',
  'attn.hook_pattern',
  'attn.hook_z',
  'hook_attn_out',
] as const;
const MLP_HOOKS = ['mlp.hook_pre', 'mlp.hook_post', 'hook_mlp_out'] as const;

/** Hooks of one block in the order in which they are computed. An attention-only block has no hook_resid_mid. */
function blockHooks(c: ModelConfig): readonly BlockHook[] {
  const normed = c.norm.kind === 'layer';
  const ln1 = normed ? (['ln1.hook_normalized'] as const) : [];
  const ln2 = normed ? (['ln2.hook_normalized'] as const) : [];
  const mlp = c.d_mlp > 0 ? (['hook_resid_mid', ...ln2, ...MLP_HOOKS] as const) : [];
  return ['hook_resid_pre', ...ln1, ...ATTENTION_HOOKS, ...mlp, 'hook_resid_post'];
}

/** Every hook of a model, in the order in which they are computed. */
export function hookNames(c: ModelConfig): readonly HookName[] {
  const blocks = Array.from({ length: c.n_layers }, (_, layer) =>
    blockHooks(c).map((hook): HookName => `blocks.${layer}.${hook}`),
  );
  const last = c.norm.kind === 'layer' ? (['ln_final.hook_normalized'] as const) : [];
  return ['hook_embed', 'hook_pos_embed', ...blocks.flat(), ...last];
}

/** True when the model has that hook; for names that come from outside. */
export function isHookOf(c: ModelConfig, name: string): name is HookName {
  return (hookNames(c) as readonly string[]).includes(name);
}

/** The hook and its other name: blocks.l.hook_resid_post is blocks.(l+1).hook_resid_pre. */
export function sameActivation(c: ModelConfig, hook: HookName): readonly HookName[] {
  const layer = hookLayer(hook);
  if (layer !== undefined && layer > 0 && hook.endsWith('hook_resid_pre'))
    return [hook, `blocks.${layer - 1}.hook_resid_post`];
  if (layer !== undefined && layer + 1 < c.n_layers && hook.endsWith('hook_resid_post'))
    return [hook, `blocks.${layer + 1}.hook_resid_pre`];
  return [hook];
}

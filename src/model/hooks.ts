/** TransformerLens names, so that a checkpoint's `hook_name` means the same here and there. */
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

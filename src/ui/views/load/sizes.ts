import type { ModelConfigInfo, SaeInfo } from '#engine/protocol/models.ts';

/**
 * Bytes of a model's weights on the GPU, f32:
 * 4·(V·d·(1 or 2) + n_ctx·d + L·(2·d·h·d_head + 2·d·h_kv·d_head + 2·d·d_mlp)); norms and biases (under 1 %) left out.
 */
export function modelGpuBytes(c: ModelConfigInfo): number {
  const embed = c.d_vocab * c.d_model * (c.tiedUnembed ? 1 : 2) + c.n_ctx * c.d_model;
  const attn = 2 * c.d_model * c.d_head * (c.n_heads + c.n_kv_heads);
  return 4 * (embed + c.n_layers * (attn + 2 * c.d_model * c.d_mlp));
}

/** Bytes of an SAE's parameters on the GPU: W_enc, W_dec and both biases in f32. */
export const saeGpuBytes = (s: Pick<SaeInfo, 'd_in' | 'd_sae'>): number =>
  4 * (2 * s.d_in * s.d_sae + s.d_in + s.d_sae);

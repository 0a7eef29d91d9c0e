import { view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import { encodeRows } from '#sae/inference.ts';
import type { Pack, PackSae } from './pack.ts';

/** A text as the model reads it, with what Storyland knows of each token (BOS has no facts). */
export interface Read {
  readonly kind: string;
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
  readonly facts: readonly (readonly string[])[];
}
/** One feature firing on one token, with its direct feature attribution in short. */
export interface Sighting {
  readonly read: Read;
  readonly layer: number;
  readonly feature: number;
  readonly pos: number;
  readonly act: number;
  /** Largest positive source, over all heads, and its share of the positive sum. */
  readonly source: number;
  readonly sourceShare: number;
  /** Head with the largest Σ|cells|, its share of all, and its own largest positive source. */
  readonly head: number;
  readonly headShare: number;
  readonly headSource: number;
}

/** Every firing of every feature on a text, from one forward pass; DFA cells as src/analysis/dfa.ts defines them, on the CPU. */
export async function sightings(pack: Pack, read: Read): Promise<Sighting[]> {
  const { gpu, model, saes } = pack;
  const hooks = saes.flatMap(({ layer }): HookName[] => [
    `blocks.${layer}.attn.hook_pattern`,
    `blocks.${layer}.attn.hook_v`,
    `blocks.${layer}.attn.hook_z`,
  ]);
  using s = gpu.scope('sightings');
  using ws = model.workspace({ batch: 1, seq: read.ids.length, keep: hooks });
  const rec = gpu.record('sightings');
  const tokens = s.upload('tokens', [1, read.ids.length], 'u32', Uint32Array.from(read.ids));
  const run = model.forward(rec, ws, tokens, {});
  await rec.submit();
  const out: Sighting[] = [];
  for (const entry of saes) {
    const { layer, sae } = entry;
    const x = view(run.get(`blocks.${layer}.attn.hook_z`), { shape: [read.ids.length, sae.d_in] });
    const [code, pattern, v] = await Promise.all([
      encodeRows(gpu, sae, x),
      gpu.readF32(run.get(`blocks.${layer}.attn.hook_pattern`)),
      gpu.readF32(run.get(`blocks.${layer}.attn.hook_v`)),
    ]);
    const b_V = await gpu.readF32(model.weight(`blocks.${layer}.attn.b_V`));
    for (let pos = 0; pos < read.ids.length; pos++)
      for (let i = code.rowStart[pos] as number; i < (code.rowStart[pos + 1] as number); i++) {
        const feature = code.idx[i] as number;
        const act = code.val[i] as number;
        if (act > 0)
          out.push({
            read,
            layer,
            feature,
            pos,
            act,
            ...attributed(pack, entry, { pattern, v, b_V, feature, pos }),
          });
      }
  }
  return out;
}

interface Cells {
  readonly pattern: Float32Array;
  readonly v: Float32Array;
  readonly b_V: Float32Array;
  readonly feature: number;
  readonly pos: number;
}

function attributed(
  { model }: Pack,
  { weights }: PackSae,
  { pattern, v, b_V, feature, pos }: Cells,
): Pick<Sighting, 'source' | 'sourceShare' | 'head' | 'headShare' | 'headSource'> {
  const { n_heads, n_kv_heads, d_head } = model.config;
  const seq = v.length / (n_kv_heads * d_head);
  const bySource = new Float32Array(pos + 1);
  const byHead = new Float32Array(n_heads);
  const best = Array.from({ length: n_heads }, () => ({ source: 0, value: 0 }));
  for (let k = 0; k < n_heads; k++) {
    const kv = Math.floor((k * n_kv_heads) / n_heads);
    for (let src = 0; src <= pos; src++) {
      let dot = 0;
      for (let j = 0; j < d_head; j++)
        dot +=
          ((v[(src * n_kv_heads + kv) * d_head + j] as number) - (b_V[kv * d_head + j] as number)) *
          (weights.W_enc[feature * weights.d_in + k * d_head + j] as number);
      const cell = (pattern[(k * seq + pos) * seq + src] as number) * dot;
      bySource[src] = (bySource[src] as number) + cell;
      byHead[k] = (byHead[k] as number) + Math.abs(cell);
      if (cell > (best[k]?.value ?? 0)) best[k] = { source: src, value: cell };
    }
  }
  const source = argMax(bySource);
  const head = argMax(byHead);
  const positive = bySource.reduce((a, b) => a + Math.max(0, b), 0);
  const all = byHead.reduce((a, b) => a + b, 0);
  return {
    source,
    sourceShare: positive > 0 ? Math.max(0, bySource[source] as number) / positive : 0,
    head,
    headShare: all > 0 ? (byHead[head] as number) / all : 0,
    headSource: best[head]?.source ?? 0,
  };
}

function argMax(values: Float32Array): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[at] as number)) at = i;
  return at;
}

/** The three likeliest next tokens after each position, as text with their probabilities. */
export async function likeliest({ gpu, model, tokenizer }: Pack, read: Read): Promise<string[]> {
  using s = gpu.scope('likeliest');
  using ws = model.workspace({ batch: 1, seq: read.ids.length, keep: [] });
  const rec = gpu.record('likeliest');
  const tokens = s.upload('tokens', [1, read.ids.length], 'u32', Uint32Array.from(read.ids));
  const run = model.forward(rec, ws, tokens, {});
  await rec.submit();
  const out: string[] = [];
  for (let from = 0; from < read.ids.length; from++) {
    const one = gpu.record('logits');
    const tensor = model.logits(one, run, { from, count: 1 });
    await one.submit();
    const logits = await gpu.readF32(tensor);
    const max = logits.reduce((a, b) => Math.max(a, b));
    const z = logits.reduce((a, b) => a + Math.exp(b - max), 0);
    const p = (id: number): number => Math.exp((logits[id] as number) - max) / z;
    const top = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number)).slice(0, 3);
    out.push(top.map((id) => `${JSON.stringify(tokenizer.piece(id))} ${p(id).toFixed(2)}`).join(', '));
  }
  return out;
}

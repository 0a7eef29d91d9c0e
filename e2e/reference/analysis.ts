// Plain f64 loops of src/analysis: the oracles of its kernels and measures. Never tuned.
type A = ArrayLike<number>;

/** cells[k, s] = pattern[k, dest, s]·Σ_i (v[s, kv, i] − b_V[kv, i])·w[k, i], kv = floor(k·n_kv/n_heads), s <= dest. */
export function dfaCellsRef(
  t: { pattern: A; v: A; b_V: A; w: A },
  size: { seq: number; n_heads: number; n_kv: number; d_head: number; dest: number },
): Float64Array {
  const { seq, n_heads, n_kv, d_head, dest } = size;
  const cells = new Float64Array(n_heads * seq);
  for (let k = 0; k < n_heads; k++)
    for (let s = 0; s <= dest; s++) {
      const kv = Math.floor((k * n_kv) / n_heads);
      let dot = 0;
      for (let i = 0; i < d_head; i++) {
        const value = (t.v[(s * n_kv + kv) * d_head + i] as number) - (t.b_V[kv * d_head + i] as number);
        dot += value * (t.w[k * d_head + i] as number);
      }
      cells[k * seq + s] = dot * (t.pattern[(k * seq + dest) * seq + s] as number);
    }
  return cells;
}

/** C[m, n] = A[m, k]·B[k, n]. */
export function matmulRef(a: A, b: A, { m, k, n }: { m: number; k: number; n: number }): Float64Array {
  const out = new Float64Array(m * n);
  for (let r = 0; r < m; r++)
    for (let c = 0; c < n; c++)
      for (let i = 0; i < k; i++) {
        const at = r * n + c;
        out[at] = (out[at] as number) + (a[r * k + i] as number) * (b[i * n + c] as number);
      }
  return out;
}

/**
 * effect[f, v] = Σ_d (r_d − mean r)·γ_d·(W_U_T[v, d] − mean_v W_U_T[·, d]), r = W_dec[f]·W_O: what one unit of
 * feature f adds to each centred logit through a final norm of scale 1.
 */
export function logitEffectsRef(
  t: { W_dec: A; W_O: A; gain: A; W_U_T: A },
  size: { d_sae: number; d_in: number; d_model: number; d_vocab: number },
): Float64Array {
  const { d_sae, d_in, d_model, d_vocab } = size;
  const r = matmulRef(t.W_dec, t.W_O, { m: d_sae, k: d_in, n: d_model });
  const effects = new Float64Array(d_sae * d_vocab);
  for (let f = 0; f < d_sae; f++) {
    const row = r.subarray(f * d_model, (f + 1) * d_model);
    const mean = row.reduce((a, b) => a + b, 0) / d_model;
    const raw = new Float64Array(d_vocab);
    for (let v = 0; v < d_vocab; v++)
      for (let d = 0; d < d_model; d++) {
        const write = ((row[d] as number) - mean) * (t.gain[d] as number);
        raw[v] = (raw[v] as number) + write * (t.W_U_T[v * d_model + d] as number);
      }
    const centre = raw.reduce((a, b) => a + b, 0) / d_vocab;
    for (let v = 0; v < d_vocab; v++) effects[f * d_vocab + v] = (raw[v] as number) - centre;
  }
  return effects;
}

/** z' = z + Σ_e (acts'_e − acts)·W_dec[f_e] where head and position are edited; `heads`, `positions` absent: all. */
export function featureEditRef(
  t: { z: A; acts: A; W_dec: A },
  edits: readonly {
    readonly feature: number;
    readonly op: 'scale' | 'clamp' | 'add' | 'ablate';
    readonly value?: number | undefined;
    readonly heads?: readonly number[] | undefined;
    readonly positions?: readonly number[] | undefined;
  }[],
  size: { n: number; seq: number; d_in: number; d_sae: number; d_head: number },
): Float64Array {
  const out = Float64Array.from(t.z);
  for (let row = 0; row < size.n; row++)
    for (const e of edits) {
      const act = t.acts[row * size.d_sae + e.feature] as number;
      const value = e.value ?? 0;
      const next = { scale: act * value, clamp: value, add: act + value, ablate: 0 }[e.op];
      if (e.positions && !e.positions.includes(row % size.seq)) continue;
      for (let i = 0; i < size.d_in; i++) {
        if (e.heads && !e.heads.includes(Math.floor(i / size.d_head))) continue;
        const at = row * size.d_in + i;
        out[at] = (out[at] as number) + (next - act) * (t.W_dec[e.feature * size.d_in + i] as number);
      }
    }
  return out;
}

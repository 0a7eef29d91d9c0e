import type { Gpu } from '#gpu/device.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { scaleRows } from '#gpu/ops/rows.ts';
import { rowAlignment, rows } from '#gpu/tensor.ts';
import type { Sae } from '#sae/sae.ts';
import { dotAt } from './logit_lens.ts';
import { TopOfRows } from './rows.ts';
import { checkSignal } from './site.ts';

type A = Float32Array<ArrayBuffer>;

/** Similarities of a chunk of features take at most this much. */
const CHUNK_BYTES = 16 * 2 ** 20;

/** A feature and the cosine of its decoder row with another one's. */
export interface Neighbour {
  readonly feature: number;
  readonly cosine: number;
}

/**
 * headShare[f, k] = ‖d_k‖ ÷ Σ_j ‖d_j‖ over heads k of the decoder row of f (Kissane 2024, eq. 2), [d_sae × n_heads];
 * zeros for a row of zeros.
 */
export function headShares(W_dec: Float32Array, size: { d_sae: number; d_in: number; n_heads: number }): A {
  const { d_sae, d_in, n_heads } = size;
  const d_head = d_in / n_heads;
  const out = new Float32Array(d_sae * n_heads);
  for (let f = 0; f < d_sae; f++) {
    const norms = Array.from({ length: n_heads }, (_, k) => {
      let squares = 0;
      for (let i = 0; i < d_head; i++) squares += (W_dec[f * d_in + k * d_head + i] as number) ** 2;
      return Math.sqrt(squares);
    });
    const sum = norms.reduce((a, b) => a + b, 0);
    for (let k = 0; k < n_heads; k++) out[f * n_heads + k] = sum > 0 ? (norms[k] as number) / sum : 0;
  }
  return out;
}

/**
 * The `k` features of largest positive decoder cosine to each feature, itself left out, largest first; in chunks.
 * `W_dec` holds the same rows on the CPU.
 */
export async function* decoderNeighbours(
  gpu: Gpu,
  sae: Sae,
  W_dec: Float32Array,
  options: { readonly k: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<readonly (readonly Neighbour[])[], void, void> {
  const { d_sae, d_in } = sae;
  using s = gpu.scope('neighbours');
  const factors = Float32Array.from({ length: d_sae }, (_, f) => {
    const norm = Math.sqrt(dotAt(W_dec, f * d_in, W_dec, f * d_in, d_in));
    return norm > 0 ? 1 / norm : 0;
  });
  const unit = s.tensor('unit rows', [d_sae, d_in], 'f32');
  const first = gpu.record('neighbours/unit');
  scaleRows(first, { x: sae.W_dec, factors: s.upload('factors', [d_sae], 'f32', factors), out: unit });
  await first.submit();
  const align = rowAlignment(unit);
  const fit = Math.floor(Math.min(CHUNK_BYTES, gpu.caps.maxBindingBytes) / (4 * d_sae));
  const chunk = Math.min(d_sae, Math.max(align, Math.floor(fit / align) * align));
  const cosines = s.tensor('cosines', [chunk, d_sae], 'f32');
  const top = new TopOfRows(gpu, s, { n: chunk, d: d_sae, k: options.k + 1 });
  for (let from = 0; from < d_sae; from += chunk) {
    checkSignal(options.signal, 'The neighbours');
    const n = Math.min(chunk, d_sae - from);
    const rec = gpu.record('neighbours');
    const out = rows(cosines, 0, n);
    matmul(rec, { layout: 'NT', a: rows(unit, from, n), b: unit, out });
    top.record(rec, out);
    await rec.submit();
    const picked = await top.read(n);
    yield picked.map((picks, i) =>
      picks
        .filter((p) => p.column !== from + i)
        .slice(0, options.k)
        .map((p) => ({ feature: p.column, cosine: p.value })),
    );
  }
}

import type { NdArray } from '#engine/protocol/common.ts';

/** One row of the table twin: where a head looks from one destination. */
export interface HeadSources {
  readonly head: number;
  readonly sources: readonly { readonly pos: number; readonly share: number }[];
}

/** pattern[head, dest, source]; 0 outside the array. */
export function patternAt(
  pattern: NdArray,
  at: readonly [head: number, dest: number, source: number],
): number {
  const [, seq = 0] = pattern.shape;
  const [head, dest, source] = at;
  return pattern.data[(head * seq + dest) * seq + source] ?? 0;
}

/** For each head the `top` sources with the largest share of attention from `dest`, largest first. */
export function topSources(pattern: NdArray, dest: number, top: number): readonly HeadSources[] {
  const [n_heads = 0, seq = 0] = pattern.shape;
  return Array.from({ length: n_heads }, (_, head) => {
    const from = (head * seq + dest) * seq;
    const row = Array.from(pattern.data.subarray(from, from + dest + 1), (share, pos) => ({ pos, share }));
    row.sort((a, b) => b.share - a.share || a.pos - b.pos);
    return { head, sources: row.slice(0, top) };
  });
}

/**
 * Pixels of one head, one a cell [dest down, source across], RGBA: opacity is the square root of the share, so that
 * faint attention stays visible; cells above the diagonal are transparent. `rgb` in 0..255.
 */
export function patternPixels(
  pattern: NdArray,
  head: number,
  rgb: readonly [number, number, number],
): Uint8ClampedArray<ArrayBuffer> {
  const [, seq = 0] = pattern.shape;
  const out = new Uint8ClampedArray(seq * seq * 4);
  for (let i = 0; i < seq * seq; i++) {
    const share = pattern.data[head * seq * seq + i] ?? 0;
    out.set(rgb, 4 * i);
    out[4 * i + 3] = 255 * Math.sqrt(Math.min(1, Math.max(0, share)));
  }
  return out;
}

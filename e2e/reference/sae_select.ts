import type { Entry } from './sae.ts';

/** The `most` largest positive scores of the whole batch [n, d_sae], ties to the lower row-major index; row-major order. */
export function selectBatchRef(
  score: ArrayLike<number>,
  t: { n: number; d_sae: number; most: number; pre_acts?: ArrayLike<number> },
): Entry[] {
  const at = (i: number): number => score[i] as number;
  const positive = Array.from({ length: t.n * t.d_sae }, (_, i) => i).filter((i) => at(i) > 0);
  positive.sort((a, b) => at(b) - at(a) || a - b);
  return positive
    .slice(0, t.most)
    .sort((a, b) => a - b)
    .map((i) => ({
      row: Math.floor(i / t.d_sae),
      f: i % t.d_sae,
      val: (t.pre_acts ?? score)[i] as number,
    }));
}

/** Each feature's quota[f] largest positive scores over the rows, ties to the lower row; row-major order. */
export function selectColumnsRef(
  score: ArrayLike<number>,
  t: { n: number; d_sae: number; quotas: ArrayLike<number>; pre_acts?: ArrayLike<number> },
): Entry[] {
  const at = (row: number, f: number): number => score[row * t.d_sae + f] as number;
  const out: Entry[] = [];
  for (let f = 0; f < t.d_sae; f++) {
    const rows = Array.from({ length: t.n }, (_, r) => r).filter((r) => at(r, f) > 0);
    rows.sort((a, b) => at(b, f) - at(a, f) || a - b);
    for (const row of rows.slice(0, t.quotas[f] as number))
      out.push({ row, f, val: (t.pre_acts ?? score)[row * t.d_sae + f] as number });
  }
  return out.sort((a, b) => a.row - b.row || a.f - b.f);
}

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

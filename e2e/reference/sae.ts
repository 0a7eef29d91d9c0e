// Plain f64 loops of the SAE layer: the oracles of its kernels and of its step. Never tuned.

/** A code as lists: one entry per (row, feature) with val > 0, rows and features ascending. */
export interface Entry {
  readonly row: number;
  readonly f: number;
  readonly val: number;
}

/** The k largest positive scores of each row [n, d_sae], ties to the lower feature; val from pre_acts. */
export function selectTopkRef(
  score: ArrayLike<number>,
  t: {
    n: number;
    d_sae: number;
    k: number;
    pre_acts?: ArrayLike<number>;
    eligible?: (f: number) => boolean;
  },
): Entry[] {
  const out: Entry[] = [];
  for (let row = 0; row < t.n; row++) {
    const at = (f: number): number => score[row * t.d_sae + f] as number;
    const features = Array.from({ length: t.d_sae }, (_, f) => f).filter(
      (f) => at(f) > 0 && (t.eligible?.(f) ?? true),
    );
    features.sort((a, b) => at(b) - at(a) || a - b);
    for (const f of features.slice(0, t.k).sort((a, b) => a - b))
      out.push({ row, f, val: (t.pre_acts ?? score)[row * t.d_sae + f] as number });
  }
  return out;
}

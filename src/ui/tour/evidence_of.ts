import type { DfaMatrix } from '../views/feature/dfa_matrix.ts';

/** The head and source that the attribution names. */
export interface Found {
  /** The head with the largest Σ|cells|, its share of all, 0..1. */
  readonly head: number | undefined;
  readonly share: number;
  /** Source with the largest positive contribution, over all heads, or within `head` where the stop is about one head. */
  readonly source: number | undefined;
}

/** The strongest head of a DFA, and the strongest source of it (of the whole DFA when no head is asked about). */
export function evidenceOf(m: DfaMatrix, wanted: number | undefined): Found {
  let head: number | undefined;
  for (let h = 0; h < m.n_heads; h++)
    if (head === undefined || (m.headShare[h] as number) > (m.headShare[head] as number)) head = h;
  const share = head === undefined ? 0 : (m.headShare[head] as number);
  if (wanted === undefined) return { head, share, source: m.strongest };
  let source: number | undefined;
  for (let s = 0; s < m.n_sources; s++) {
    const v = m.values[wanted * m.n_sources + s] as number;
    if (v > (source === undefined ? 0 : (m.values[wanted * m.n_sources + source] as number))) source = s;
  }
  return { head, share, source };
}

import type { Dfa } from '#engine/protocol/prompts.ts';
import { maxAbs } from '#ui/plots/act_scale.ts';

/** The DFA as the panel needs it; sources after the destination are zero and left out. */
export interface DfaMatrix {
  readonly n_heads: number;
  /** Sources 0..dest. */
  readonly n_sources: number;
  /** [n_heads, n_sources], row-major. */
  readonly values: Float32Array;
  /** Sum over heads for each source. */
  readonly bySource: Float32Array;
  /** Sum over sources for each head. */
  readonly byHead: Float32Array;
  /** Σ|cells| of each head ÷ Σ|cells|, 0..1. */
  readonly headShare: Float32Array;
  readonly maxCell: number;
  /** Source with the largest positive contribution; undefined when none is positive. */
  readonly strongest: number | undefined;
  /** Σ cells. */
  readonly sum: number;
  /** |residual| ÷ Σ|cells|: what decision 17 prints. */
  readonly relativeResidual: number;
}

/** Cuts the wire's [n_heads, seq] to the sources up to the destination and adds the margins. */
export function dfaMatrix(dfa: Dfa): DfaMatrix {
  const [n_heads = 0, seq = 0] = dfa.byHeadAndSource.shape;
  const { data } = dfa.byHeadAndSource;
  const n_sources = Math.min(seq, dfa.dest + 1);
  const values = new Float32Array(n_heads * n_sources);
  const bySource = new Float32Array(n_sources);
  const byHead = new Float32Array(n_heads);
  const headShare = new Float32Array(n_heads);
  let sum = 0;
  let sumAbs = 0;
  for (let h = 0; h < n_heads; h++) {
    for (let s = 0; s < n_sources; s++) {
      const v = data[h * seq + s] as number;
      values[h * n_sources + s] = v;
      bySource[s] = (bySource[s] as number) + v;
      byHead[h] = (byHead[h] as number) + v;
      headShare[h] = (headShare[h] as number) + Math.abs(v);
      sum += v;
      sumAbs += Math.abs(v);
    }
  }
  for (let h = 0; h < n_heads; h++) headShare[h] = sumAbs > 0 ? (headShare[h] as number) / sumAbs : 0;
  return {
    ...{ n_heads, n_sources, values, bySource, byHead, headShare, sum },
    maxCell: maxAbs(values),
    strongest: strongestOf(bySource),
    relativeResidual: sumAbs > 0 ? Math.abs(dfa.residual) / sumAbs : Math.abs(dfa.residual),
  };
}

function strongestOf(bySource: Float32Array): number | undefined {
  let best: number | undefined;
  for (let s = 0; s < bySource.length; s++) {
    if ((bySource[s] as number) > (best === undefined ? 0 : (bySource[best] as number))) best = s;
  }
  return best;
}

/** The heads that contribute most at one source, largest |value| first. */
export function topHeadsAt(m: DfaMatrix, source: number, n: number): { head: number; value: number }[] {
  return Array.from({ length: m.n_heads }, (_, head) => ({
    head,
    value: m.values[head * m.n_sources + source] ?? 0,
  }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, n);
}

/** The sources that contribute most, largest |value| first. */
export function topSources(m: DfaMatrix, n: number): { source: number; value: number }[] {
  return Array.from(m.bySource, (value, source) => ({ source, value }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, n);
}

import { makeRng } from '#base/rng.ts';
import { Half, type SparseTokens } from './truth_half.ts';

/** Options of the lens; shipped tables use the defaults. */
export interface LensOptions {
  readonly seed: string;
  /** A feature that fires on fewer tokens of the choosing half gets no fact; default 10. */
  readonly minFired?: number | undefined;
  /** Single facts of a feature whose pairs are tried; default 16. */
  readonly candidates?: number | undefined;
  /** A pair is chosen only when its F1 is at least this above the best single fact's; default 0.02. */
  readonly margin?: number | undefined;
}

/** How well a set of facts predicts a feature's firings; counts are of the measuring half. */
export interface Tracked {
  /** Numbers of the facts: none, one, or two that hold together. */
  readonly facts: readonly number[];
  /** Tokens where the feature fires. */
  readonly fired: number;
  /** Tokens where all of the facts hold. */
  readonly holds: number;
  /** Tokens where both are so. */
  readonly hits: number;
  /** F1 on the choosing half; compare features or layers by this one. */
  readonly chosenF1: number;
}
/** The reverse view: what captures a fact. */
export interface Captured extends Tracked {
  readonly feature: number;
}
export interface LensResult {
  /** [nFeatures] */
  readonly tracked: readonly Tracked[];
  /** [nFacts]: the feature with the largest F1 for each fact; undefined where no feature ever meets it. */
  readonly captured: readonly (Captured | undefined)[];
  /** [nFacts]: tokens of each half where the fact holds. */
  readonly holds: readonly { readonly chosen: number; readonly measured: number }[];
  readonly nChosen: number;
  readonly nTokens: number;
}

/**
 * For each feature the fact, or conjunction of two facts of different variables, with the largest
 * F1 = 2·hits ÷ (fired + holds) for "the feature fires (act > 0)"; and for each fact the feature that captures it best.
 *
 * Chosen on one half of the documents (drawn by the seed), measured on the other, so the counts are not flattered by the
 * choice. Ties go to the lower number. `names` are the facts as 'variable=value'.
 */
export function truthLens(tokens: SparseTokens, names: readonly string[], options: LensOptions): LensResult {
  const { minFired = 10, candidates = 16, margin = 0.02 } = options;
  const [choose, measure] = halves(tokens, options.seed);
  const variables = names.map(variableOf);
  const best: ({ feature: number; f1: number } | undefined)[] = new Array(tokens.nFacts).fill(undefined);
  const tracked = Array.from({ length: tokens.nFeatures }, (_, feature) => {
    const fired = choose.fired(feature);
    const singles: Choice[] = [];
    choose.eachFact(feature, (fact, hits) => {
      const f1 = f1Of({ hits, fired, holds: choose.holds([fact]) });
      if (fired >= minFired) singles.push({ facts: [fact], hits, f1 });
      if (f1 > (best[fact]?.f1 ?? 0)) best[fact] = { feature, f1 };
    });
    singles.sort((a, b) => b.f1 - a.f1);
    const choice = withPairs(choose, feature, { singles: singles.slice(0, candidates), variables, margin });
    return measured(measure, feature, choice ?? { facts: [], hits: 0, f1: 0 });
  });
  const captured = best.map((b, fact) => {
    return b && { ...measured(measure, b.feature, { facts: [fact], hits: 0, f1: b.f1 }), feature: b.feature };
  });
  const holds = names.map((_, fact) => ({ chosen: choose.holds([fact]), measured: measure.holds([fact]) }));
  return { tracked, captured, holds, nChosen: choose.nTokens, nTokens: measure.nTokens };
}

/** F1 = 2·hits ÷ (fired + holds), the harmonic mean of precision and recall; 0 where nothing fires and nothing holds. */
export function f1Of(c: { readonly hits: number; readonly fired: number; readonly holds: number }): number {
  return c.fired + c.holds === 0 ? 0 : (2 * c.hits) / (c.fired + c.holds);
}

/** The part of a fact before '='. */
export function variableOf(fact: string): string {
  const at = fact.indexOf('=');
  return at < 0 ? fact : fact.slice(0, at);
}

interface Choice {
  readonly facts: readonly number[];
  readonly hits: number;
  readonly f1: number;
}

/** Documents go to either half by a draw of their own, so that no text is in both. */
function halves(tokens: SparseTokens, seed: string): readonly [choose: Half, measure: Half] {
  const rng = makeRng(seed).fork('truth/halves');
  const isChosen = new Map<number, boolean>();
  const lists: readonly [number[], number[]] = [[], []];
  for (const [t, d] of tokens.document.entries()) {
    const first = isChosen.get(d) ?? rng.uniform() < 0.5;
    isChosen.set(d, first);
    lists[first ? 0 : 1].push(t);
  }
  return [new Half(tokens, lists[0]), new Half(tokens, lists[1])];
}

interface Candidates {
  /** Best first. */
  readonly singles: readonly Choice[];
  /** Variable of each fact. */
  readonly variables: readonly string[];
  readonly margin: number;
}

/** The best single fact, or the best pair where it is better by the margin. */
function withPairs(
  half: Half,
  feature: number,
  { singles, variables, margin }: Candidates,
): Choice | undefined {
  const single = singles[0];
  if (!single) return undefined;
  const fired = half.fired(feature);
  const hitsOf = half.hitsOf(feature);
  let best: Choice | undefined;
  for (const [i, a] of singles.entries())
    for (const b of singles.slice(i + 1)) {
      const facts = [a.facts[0] as number, b.facts[0] as number].sort((x, y) => x - y);
      if (variables[facts[0] as number] === variables[facts[1] as number]) continue;
      // No pair hits more often than either part, and it holds at least where it hits.
      const most = Math.min(a.hits, b.hits);
      const bar = Math.max(single.f1 + margin, best?.f1 ?? 0);
      if (f1Of({ hits: most, fired, holds: most }) < bar) continue;
      const hits = hitsOf(facts);
      const f1 = f1Of({ hits, fired, holds: half.holds(facts) });
      if (f1 >= bar && f1 > (best?.f1 ?? 0)) best = { facts, hits, f1 };
    }
  return best ?? single;
}

function measured(half: Half, feature: number, { facts, f1 }: Choice): Tracked {
  const fired = half.fired(feature);
  if (facts.length === 0) return { facts, fired, holds: 0, hits: 0, chosenF1: 0 };
  return { facts, fired, holds: half.holds(facts), hits: half.hitsOf(feature)(facts), chosenF1: f1 };
}

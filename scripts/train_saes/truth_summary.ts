import { f1Of, type LensResult, variableOf } from '#analysis/truth_lens.ts';
import type { FactText } from '#base/fact_text.ts';
import { CAPTURED_F1, type FactLine, type FeatureLine, type TruthSummary } from './truth_docs.ts';

/** What the lens found out about the SAE of one layer. */
export interface LayerLens {
  readonly layer: number;
  readonly sae: string;
  readonly result: LensResult;
  readonly text: FactText;
}

/** Facts that hold on fewer tokens of either half are too rare to say that no feature captures them. */
const FEWEST_TOKENS = 20;
/** Features of each layer in the list of the best. */
const BEST_FEATURES = 12;
/** Facts that hold on a larger share are captured by any dense feature. */
const MOST_SHARE = 0.5;

/** For every fact the feature of any layer that captures it best, chosen on one half and measured on the other, as JSON. */
export function summarise(lenses: readonly LayerLens[], seed: string): string {
  const best = new Map<string, { readonly line: FactLine; readonly chosenF1: number }>();
  for (const { layer, result, text } of lenses)
    for (const [fact, captured] of result.captured.entries()) {
      const name = text.names[fact] as string;
      const known = best.get(name);
      if (!captured || captured.chosenF1 <= (known?.chosenF1 ?? 0)) continue;
      const line: FactLine = [name, layer, captured.feature, round(f1Of(captured))];
      best.set(name, { line, chosenF1: captured.chosenF1 });
    }
  const first = lenses[0];
  const facts = (first?.text.names ?? []).map((name, i) => ({ name, ...holdsOf(first as LayerLens, i) }));
  facts.sort((a, b) => (a.name < b.name ? -1 : 1));
  const [common, rare] = [facts.filter((f) => f.isCommon), facts.filter((f) => f.isRare)];
  const measured = facts.filter((f) => !f.isCommon && !f.isRare);
  return toJson({
    seed,
    nChosen: first?.result.nChosen ?? 0,
    nTokens: first?.result.nTokens ?? 0,
    layers: lenses.map(layerLine),
    common: common.map((f) => f.name),
    rare: countBy(rare.map((f) => f.name)),
    facts: measured.map(({ name }) => best.get(name)?.line ?? [name, -1, -1, 0]),
    best: lenses.flatMap(bestOf),
  });
}

function layerLine({ layer, sae, result }: LayerLens): TruthSummary['layers'][number] {
  const f1 = result.tracked.filter((t) => t.facts.length > 0).map(f1Of);
  f1.sort((a, b) => a - b);
  const [features, named] = [result.tracked.length, f1.length];
  const above = f1.filter((v) => v > CAPTURED_F1).length;
  return { layer, sae, features, named, above, medianF1: round(f1[f1.length >> 1] ?? 0) };
}

/** Features of a layer with the largest F1, fired often enough that the figures stand for something. */
function bestOf({ layer, result, text }: LayerLens): FeatureLine[] {
  const { tracked, nTokens } = result;
  const lines = tracked.map((t, feature): FeatureLine => {
    const facts = t.facts.map((f) => text.names[f] as string);
    const shares = [f1Of(t), t.hits / t.fired, t.hits / t.holds, t.holds / nTokens].map(round);
    const [f1 = 0, precision = 0, recall = 0, baseline = 0] = shares;
    return [layer, feature, facts, f1, precision, recall, baseline];
  });
  const often = lines.filter(([, f]) => (tracked[f]?.hits ?? 0) >= FEWEST_TOKENS);
  return often.sort((a, b) => b[3] - a[3]).slice(0, BEST_FEATURES);
}

function holdsOf(
  { result }: LayerLens,
  fact: number,
): { readonly isCommon: boolean; readonly isRare: boolean } {
  const { chosen = 0, measured = 0 } = result.holds[fact] ?? {};
  return {
    isCommon: measured > MOST_SHARE * result.nTokens,
    isRare: Math.min(chosen, measured) < FEWEST_TOKENS,
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const n of names) out[variableOf(n)] = (out[variableOf(n)] ?? 0) + 1;
  return out;
}

const LISTS: ReadonlySet<string> = new Set(['facts', 'layers', 'best']);

/** One line a fact, a feature and a layer, so that two runs can be compared. */
function toJson(summary: TruthSummary): string {
  const lines = (list: readonly unknown[]): string =>
    `[\n  ${list.map((x) => JSON.stringify(x)).join(',\n  ')}\n ]`;
  const parts = Object.entries(summary).map(([key, value]) => {
    const text = LISTS.has(key) ? lines(value as readonly unknown[]) : JSON.stringify(value);
    return ` ${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${parts.join(',\n')}\n}\n`;
}

const round = (v: number): number => Math.round(v * 1000) / 1000;

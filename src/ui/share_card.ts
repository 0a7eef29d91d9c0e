import type { FeatureDashboard, SaeInfo } from '#engine/protocol.ts';
import { type CardSae, type FeatureCard, type PromptCard, packCard } from '#share/card.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { request } from './engine.ts';
import { valueIn } from './state/loadable.ts';
import { useApp } from './state/store.ts';

const EXAMPLES = 6;
const WINDOW = 24;

/** The view with a packed card when its SAE lives only on this device; otherwise (or on any failure) the view itself. */
export async function withCard(view: ViewRef): Promise<ViewRef> {
  const { sae, report } = useApp.getState();
  const info = valueIn(sae);
  if (!info || info.source === 'embedded' || (view.kind !== 'feature' && view.kind !== 'prompt')) return view;
  const named = { ...view, model: info.model, sae: info.id };
  try {
    const r = valueIn(report);
    const card =
      view.kind === 'feature'
        ? featureCard(info, await request('feature', { sae: info.id, feature: view.feature }))
        : r && promptCard(info, r);
    return card ? { ...named, card: await packCard(card) } : named;
  } catch {
    return named; // a link without a card still says which SAE it means
  }
}

const cardSae = (s: SaeInfo): CardSae => ({
  id: s.id,
  title: s.title,
  model: s.model,
  site: s.site,
  d_sae: s.d_sae,
});

/** The six best examples, each cut to the 24 tokens around its firing token. */
export function featureCard(info: SaeInfo, d: FeatureDashboard): FeatureCard {
  const examples = d.examples.slice(0, EXAMPLES).map((e) => {
    const from = Math.max(0, Math.min(e.at - WINDOW / 2, e.pieces.length - WINDOW));
    return {
      pieces: e.pieces.slice(from, from + WINDOW),
      acts: [...e.acts.slice(from, from + WINDOW)],
      at: e.at - from,
    };
  });
  const effects = (l: FeatureDashboard['topLogits']) => l.map(({ piece, effect }) => ({ piece, effect }));
  return {
    kind: 'feature',
    sae: cardSae(info),
    feature: d.feature,
    density: d.density,
    maxAct: d.maxAct,
    nTokens: d.nTokens,
    examples,
    topLogits: effects(d.topLogits),
    bottomLogits: effects(d.bottomLogits),
    headShare: [...d.headShare],
  };
}

/** Every token with its four strongest features. */
export function promptCard(
  info: SaeInfo,
  report: {
    readonly pieces: readonly string[];
    readonly tokens: readonly { readonly features: PromptCard['tokens'][number] }[];
  },
): PromptCard {
  return {
    kind: 'prompt',
    sae: cardSae(info),
    pieces: report.pieces,
    tokens: report.tokens.map((t) => t.features.slice(0, 4)),
  };
}

import type { FeatureDashboard } from '#engine/protocol/features.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import { type CardSae, type FeatureCard, type PromptCard, packCard } from '#share/card.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { request } from './engine.ts';
import { valueIn } from './state/loadable.ts';
import { useApp } from './state/store.ts';

const EXAMPLES = 6;
const WINDOW = 24;

/** A view to link to, and one sentence about what its receiver can do with it. */
export interface Sendable {
  readonly view: ViewRef;
  readonly note?: string | undefined;
}

/** The view with a packed card when its SAE lives only on this device; else the view as it is (decision 29). */
export async function withCard(view: ViewRef): Promise<Sendable> {
  const { sae, report } = useApp.getState();
  const info = valueIn(sae);
  if (!info || info.source === 'embedded' || (view.kind !== 'feature' && view.kind !== 'prompt'))
    return { view };
  const named = { ...view, model: info.model, sae: info.id };
  try {
    const r = valueIn(report);
    const card =
      view.kind === 'feature'
        ? featureCard(info, await request('feature', { sae: info.id, feature: view.feature }))
        : r && promptCard(info, r);
    if (!card) return { view: named, note: NO_CARD };
    return { view: { ...named, card: await packCard(card) }, note: WITH_CARD };
  } catch {
    return { view: named, note: NO_CARD };
  }
}

const WITH_CARD =
  'This SAE is only on your device: the link carries a read-only card. To let others run it, export it in Load.';
const NO_CARD =
  'This SAE is only on your device and there is no card of it yet: build its feature index, or export it in Load.';

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

import type { LogitEffect } from '#engine/protocol/features.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { Histogram } from '#ui/plots/Histogram.tsx';
import { formatAct } from '#ui/plots/numbers.ts';
import { placeOf } from '#ui/state/view.ts';
import type { FeaturePartProps } from '../FeatureView.tsx';

const ROWS = 10;

/** What the feature's decoder row does to the logits: all tokens as a histogram, the ends as two lists. */
export function LogitsPanel({ view, dashboard }: FeaturePartProps) {
  const down = dashboard.bottomLogits.slice(0, ROWS);
  const up = dashboard.topLogits.slice(0, ROWS);
  const max = Math.max(0, ...[...down, ...up].map((e) => Math.abs(e.effect)));
  return (
    <Panel
      title="Logit effects"
      help={
        <HelpHint term="Direct logit effect." formula="d_i · W_O · (γ_final ∘ centred W_U)">
          What one unit of act adds to the logit of each token along the direct path, at unit layer-norm
          scale, with the mean over the vocabulary taken off. On a prompt it is multiplied by the act and
          divided by the position's own scale. Later layers may add more.
        </HelpHint>
      }
    >
      <div className="logits">
        <Histogram
          edges={dashboard.logitHistogram.edges}
          counts={dashboard.logitHistogram.counts}
          label={`Logit effects of feature ${view.feature}`}
          xName="effect, logits per unit act"
          countName="vocab tokens"
          tone="signed"
          countScale="log"
          height={110}
        />
        <Effects title="Negative" rows={down} max={max} rgb="var(--logit-neg-rgb)" view={view} />
        <Effects title="Positive" rows={up} max={max} rgb="var(--logit-pos-rgb)" view={view} />
      </div>
    </Panel>
  );
}

function Effects(o: {
  readonly title: string;
  readonly rows: readonly LogitEffect[];
  readonly max: number;
  readonly rgb: string;
  readonly view: FeatureViewRef;
}) {
  return (
    <section aria-label={`${o.title} logits`}>
      <h3>{o.title} logits</h3>
      <ul className="effects">
        {o.rows.map((e) => (
          <li key={e.id}>
            <ViewLink
              view={{ kind: 'features', ...placeOf(o.view), promotes: e.piece, sort: 'effect', desc: 1 }}
              title={`token ${e.id}; click for the features that promote it`}
            >
              <TokenChip
                piece={e.piece}
                rgb={o.rgb}
                alpha={o.max > 0 ? (0.5 * Math.abs(e.effect)) / o.max : 0}
              />
            </ViewLink>
            <span className="num mono">{formatAct(e.effect)}</span>
          </li>
        ))}
        {o.rows.length === 0 && <li className="muted">N/A</li>}
      </ul>
    </section>
  );
}

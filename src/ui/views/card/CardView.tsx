import type { Card, CardSae, FeatureCard, PromptCard } from '#share/card.ts';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { formatAct3 } from '#ui/format.ts';
import { formatAct, formatCount, formatPercent } from '#ui/plots/numbers.ts';
import './card.css';

/** A card that came with a link, read-only. */
export function CardView({ card }: { readonly card: Card }) {
  return card.kind === 'feature' ? <FeatureCardView card={card} /> : <PromptCardView card={card} />;
}

/** The feature of somebody else's SAE: examples, logits, head shares; nothing can be run. */
export function FeatureCardView({ card }: { readonly card: FeatureCard }) {
  return (
    <Panel title={`Feature ${card.feature} (card, read-only)`}>
      <div className="stack">
        <div className="stats">
          <SaeStats sae={card.sae} />
          <Stat
            label="density"
            value={formatPercent(card.density)}
            help={`Share of ${formatCount(card.nTokens)} indexed tokens with act > 0.`}
          />
          <Stat label="max act" value={formatAct(card.maxAct)} />
        </div>
        <section>
          <h3>Top activations</h3>
          <ul className="card-examples">
            {card.examples.map((e, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a card is never reordered
              <li key={i}>
                <span className="act-ink mono">{formatAct(e.acts[e.at] ?? 0)}</span>
                <TokenStrip
                  label={`Example ${i + 1}`}
                  pieces={e.pieces}
                  acts={e.acts}
                  max={card.maxAct}
                  card={(at) => <>act {formatAct3(e.acts[at] ?? 0)}</>}
                />
              </li>
            ))}
          </ul>
          {card.examples.length === 0 && <p className="muted">The card has no examples.</p>}
        </section>
        <div className="card-columns">
          <Effects title="Most suppressed tokens" list={card.bottomLogits} rgb="var(--logit-neg-rgb)" />
          <Effects title="Most promoted tokens" list={card.topLogits} rgb="var(--logit-pos-rgb)" />
          <HeadShares shares={card.headShare} />
        </div>
      </div>
    </Panel>
  );
}

function SaeStats({ sae }: { readonly sae: CardSae }) {
  return (
    <>
      <Stat label="SAE" value={sae.title} />
      <Stat label="hook" value={sae.site} />
      <Stat label="d_sae" value={formatCount(sae.d_sae)} />
    </>
  );
}

function Effects(o: {
  readonly title: string;
  readonly list: FeatureCard['topLogits'];
  readonly rgb: string;
}) {
  const max = o.list.reduce((m, e) => Math.max(m, Math.abs(e.effect)), 0);
  return (
    <section>
      <h3>{o.title}</h3>
      <ul className="card-effects">
        {o.list.map((e, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a card is never reordered
          <li key={i} className="spread">
            <TokenChip piece={e.piece} rgb={o.rgb} alpha={max > 0 ? (0.5 * Math.abs(e.effect)) / max : 0} />
            <span className="mono">{formatAct(e.effect)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function HeadShares({ shares }: { readonly shares: readonly number[] }) {
  return (
    <section>
      <h3>Head attribution (decoder weight)</h3>
      <ul className="card-effects">
        {shares.map((s, h) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a head is its index
          <li key={h} className="spread">
            <span className="mono">head {h}</span>
            <span className="mono">{s.toFixed(2)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Somebody else's prompt with the strongest features of each token. */
export function PromptCardView({ card }: { readonly card: PromptCard }) {
  return (
    <Panel title="Prompt (card, read-only)">
      <div className="stack">
        <div className="stats">
          <SaeStats sae={card.sae} />
        </div>
        <TokenStrip
          label="Prompt tokens"
          pieces={card.pieces}
          acts={card.tokens.map((t) => t[0]?.act ?? 0)}
          card={(i) => (
            <dl>
              {(card.tokens[i] ?? []).map((f) => (
                <div key={f.feature} className="pair">
                  <dt>feature {f.feature}</dt>
                  <dd>{formatAct3(f.act)}</dd>
                </div>
              ))}
            </dl>
          )}
        />
        <PromptCardTable card={card} />
      </div>
    </Panel>
  );
}

function PromptCardTable({ card }: { readonly card: PromptCard }) {
  return (
    <ScrollRegion label="Features by token">
      <table>
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">strongest features (act)</th>
          </tr>
        </thead>
        <tbody>
          {card.pieces.map((piece, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place in the text
            <tr key={i}>
              <td>
                <TokenChip piece={piece} />
              </td>
              <td className="mono">
                {(card.tokens[i] ?? []).map((f) => `${f.feature} (${formatAct3(f.act)})`).join('  ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

import type { Example, LogitEffect } from '#engine/protocol/features.ts';
import type { PinnedFeature } from '#engine/protocol/pins.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { Histogram } from '#ui/plots/Histogram.tsx';
import { formatAct, formatPercent, formatShort } from '#ui/plots/numbers.ts';
import type { LiveRun } from '#ui/state/live_run.ts';

/** Tokens of an example before and after the one it was chosen for. */
const REACH = { before: 7, after: 4 } as const;

export interface PinCardProps {
  readonly run: LiveRun;
  readonly feature: number;
  /** Undefined until the next look at the weights. */
  readonly facts: PinnedFeature | undefined;
  readonly onUnpin: (() => void) | undefined;
}

/** One pinned feature: how often it fires, how strongly, on what, and which tokens it promotes. */
export function PinCard({ run, feature, facts, onUnpin }: PinCardProps) {
  const { sae, job } = run.info;
  return (
    <li className="pin-card">
      <header className="spread">
        <h4>
          {sae === undefined ? (
            `feature ${feature}`
          ) : (
            <ViewLink view={{ kind: 'feature', model: job.model, sae, feature }}>feature {feature}</ViewLink>
          )}
          {facts?.dead && <Dead tokens={facts.quietTokens} />}
        </h4>
        {onUnpin && (
          <button type="button" className="quiet" aria-label={`Unpin feature ${feature}`} onClick={onUnpin}>
            Unpin
          </button>
        )}
      </header>
      {facts ? <Facts facts={facts} /> : <p className="muted">Looked at with the next steps.</p>}
    </li>
  );
}

function Dead({ tokens }: { readonly tokens: number }) {
  return (
    <span className="dead-mark">
      dead
      <HelpHint term="Dead." formula="training tokens since it last fired > dead window">
        It has not fired on the last {formatShort(tokens)} training tokens, longer than the dead window of the
        config.
      </HelpHint>
    </span>
  );
}

function Facts({ facts }: { readonly facts: PinnedFeature }) {
  return (
    <>
      <div className="stats">
        <Stat
          label="density"
          value={formatPercent(facts.density)}
          help="Share of the sample’s held-out tokens on which it fires."
          formula="tokens with act > 0 ÷ tokens"
        />
        <Stat
          label="in training"
          value={formatPercent(facts.trainDensity)}
          help="Share of training tokens on which it fired: since the start, or since the last fifth of the run began."
          formula="firings ÷ training tokens"
        />
        <Stat
          label="max act"
          value={formatAct(facts.maxAct)}
          help="Largest act on the sample, model units."
        />
        <Stat
          label="quiet for"
          value={`${formatShort(facts.quietTokens)} tokens`}
          help="Training tokens since the batch in which it last fired."
        />
      </div>
      {facts.density > 0 ? (
        <Histogram
          edges={facts.histogram.edges}
          counts={facts.histogram.counts}
          label={`Acts of feature ${facts.feature}`}
          xName="act"
          countName="tokens"
          tone="activation"
          height={44}
        />
      ) : (
        <p className="muted">No token of the sample makes it fire.</p>
      )}
      <ol className="pin-examples">
        {facts.examples.map((e) => (
          <li key={`${e.position} ${e.ids.join(' ')}`}>
            <Snippet example={e} max={facts.maxAct} />
          </li>
        ))}
      </ol>
      <Logits title="promotes" effects={facts.topLogits} rgb="var(--logit-pos-rgb)" />
      <Logits title="suppresses" effects={facts.bottomLogits} rgb="var(--logit-neg-rgb)" />
    </>
  );
}

function Snippet({ example: e, max }: { readonly example: Example; readonly max: number }) {
  const from = Math.max(0, e.at - REACH.before);
  const to = e.at + REACH.after + 1;
  const act = formatAct(e.acts[e.at] ?? 0);
  return (
    <>
      <span className="num mono act-ink">{act}</span>
      <TokenStrip
        label={`Example, act ${act}`}
        pieces={e.pieces.slice(from, to)}
        acts={e.acts.subarray(from, to)}
        max={max}
        lit={new Set([e.at - from])}
      />
    </>
  );
}

function Logits({
  title,
  effects,
  rgb,
}: {
  readonly title: string;
  readonly effects: readonly LogitEffect[];
  readonly rgb: string;
}) {
  const max = Math.max(0, ...effects.map((e) => Math.abs(e.effect)));
  return (
    <p className="pin-logits">
      <span className="muted">{title}</span>{' '}
      {effects.map((e) => (
        <TokenChip
          key={e.id}
          piece={e.piece}
          rgb={rgb}
          alpha={max > 0 ? (0.5 * Math.abs(e.effect)) / max : 0}
          title={`${formatAct(e.effect)} logits per unit of act`}
        />
      ))}
    </p>
  );
}

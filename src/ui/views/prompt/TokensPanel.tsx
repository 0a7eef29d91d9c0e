import type { PromptReport } from '#engine/protocol/prompts.ts';
import type { PromptViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Piece } from '#ui/components/TokenChip.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { formatAct3, formatNats } from '#ui/format.ts';
import { formatAct } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { LossStrip } from './LossStrip.tsx';
import { stripActs } from './rows.ts';

export interface PromptPartProps {
  readonly report: PromptReport;
  readonly view: PromptViewRef;
  /** Chosen token, counted with BOS. */
  readonly position: number | undefined;
}

/** The token strip with the loss under it; hover and choice are shared with the feature list. */
export function TokensPanel({ report, view, position }: PromptPartProps) {
  const patch = useApp((s) => s.patchView);
  const hover = useApp((s) => s.hover);
  const hoverFeature = useApp((s) => s.hoverFeature);
  const hoverToken = useApp((s) => s.hoverToken);
  const hasBos = useApp(
    (s) => valueIn(s.model)?.defaultPrependBos === true && valueIn(s.model)?.hasTokenizer,
  );
  const feature = hoverFeature ?? view.feature;
  // Without a feature there is no fill: the strongest acts of a TopK SAE are alike on every token.
  const acts = feature === undefined ? new Float32Array(report.ids.length) : stripActs(report, feature);
  const max = acts.reduce((a, b) => Math.max(a, b), 0);
  const choose = (i: number) => patch('prompt', { position: i === position ? undefined : i });
  return (
    <Panel
      title="Tokens"
      help={
        <HelpHint term="Tokens." formula="fill = 0.05 + 0.95·log10(1 + 9·act ÷ max)">
          The exact pieces the model reads: · is a leading space, ↵ a newline. Click one to see its features
          and what follows it. The line under a token is its loss.
        </HelpHint>
      }
      actions={
        <StripLegend
          feature={feature}
          pinned={hoverFeature === undefined && view.feature !== undefined}
          max={max}
        />
      }
    >
      <TokenStrip
        label="Prompt tokens"
        pieces={report.pieces}
        acts={acts}
        max={max}
        under={report.nats.map((v) => v / 8)}
        selected={position}
        lit={hoverToken === undefined ? undefined : new Set([hoverToken])}
        special={hasBos ? 0 : undefined}
        onSelect={choose}
        onHover={(token) => hover({ token })}
        card={(i) => <TokenCard report={report} at={i} feature={feature} />}
      />
      <LossStrip report={report} position={position} onSelect={choose} />
    </Panel>
  );
}

function StripLegend(o: {
  readonly feature: number | undefined;
  readonly pinned: boolean;
  readonly max: number;
}) {
  const patch = useApp((s) => s.patchView);
  return (
    <div className="legend">
      {o.feature === undefined ? (
        <span>point at a feature to see where it fires</span>
      ) : (
        <span>
          <span className="swatch act" /> act of feature {o.feature} (0 to {formatAct(o.max)})
        </span>
      )}
      <span>
        <span className="swatch loss" /> loss
      </span>
      {o.pinned && (
        <button type="button" onClick={() => patch('prompt', { feature: undefined, edit: undefined })}>
          Unpin
        </button>
      )}
    </div>
  );
}

/** Everything about one token, on hover or focus. */
function TokenCard(o: {
  readonly report: PromptReport;
  readonly at: number;
  readonly feature: number | undefined;
}) {
  const { report, at, feature } = o;
  const features = report.tokens[at]?.features ?? [];
  const act = features.find((f) => f.feature === feature)?.act ?? 0;
  return (
    <>
      <strong className="mono">
        <Piece piece={report.pieces[at] ?? ''} />
      </strong>
      <dl>
        <dt>id</dt>
        <dd>{report.ids[at]}</dd>
        <dt>position</dt>
        <dd>{at}</dd>
        <dt>loss</dt>
        <dd>{formatNats(report.nats[at] ?? Number.NaN)} nats</dd>
        <dt>entropy of the next</dt>
        <dd>{formatNats(report.entropy[at] ?? Number.NaN)} nats</dd>
        {feature !== undefined && (
          <>
            <dt>act of feature {feature}</dt>
            <dd>{act.toFixed(4)}</dd>
          </>
        )}
        {features.slice(0, 4).map((f) => (
          <FeatureFact key={f.feature} feature={f.feature} act={f.act} />
        ))}
      </dl>
    </>
  );
}

function FeatureFact({ feature, act }: { readonly feature: number; readonly act: number }) {
  return (
    <>
      <dt>feature {feature}</dt>
      <dd className="act-ink">{formatAct3(act)}</dd>
    </>
  );
}

import type { TruthTable } from '#engine/protocol/metrics.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { formatCount, formatPercent } from '#ui/plots/numbers.ts';
import { useApp } from '#ui/state/store.ts';
import { canMeasureTruth, truthOf } from '#ui/state/truth.ts';
import { factWords } from './fact_words.ts';

/** Below this no fact can be said to stand for the feature. */
const WEAK_F1 = 0.5;

/** The fact of Storyland, or two together, that predicts best where the feature fires; nothing for other languages. */
export function TruthPanel({ view, sae }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  const of = useApp((s) => s.truth);
  const table = useApp(truthOf);
  const canMeasure = useApp(canMeasureTruth);
  const measure = useApp((s) => s.measureTruth);
  const cancel = useApp((s) => s.cancelTruth);
  if (!table && of.status === 'idle' && !canMeasure) return null;
  return (
    <Panel title="What it tracks" help={<TracksHelp />}>
      {table && <Tracked table={table} feature={view.feature} />}
      {!table && of.status === 'idle' && (
        <p>
          Nobody has measured yet what the features of {sae.title} track.{' '}
          <button type="button" onClick={measure}>
            Measure on fresh Storyland text
          </button>
        </p>
      )}
      {!table && <Loadable of={of} what="what the features track" onRetry={measure} />}
      {!table && of.status === 'loading' && (
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      )}
    </Panel>
  );
}

function TracksHelp() {
  return (
    <HelpHint term="What it tracks.">
      Storyland's hidden variables are known for every token. This is the value of one, or of two together,
      that predicts best (largest F1) where the feature fires. It is chosen on one half of the documents and
      measured on the other.
    </HelpHint>
  );
}

function Tracked({ table, feature }: { readonly table: TruthTable; readonly feature: number }) {
  const facts = table.facts[feature] ?? [];
  const fired = table.fired[feature] ?? 0;
  if (facts.length === 0)
    return (
      <p className="muted">
        It fires on fewer than 10 of the {formatCount(table.nChosen)} tokens that a fact is chosen by, too few
        to say.
      </p>
    );
  const f1 = table.f1[feature] ?? 0;
  return (
    <>
      <p>
        <strong>{factWords(facts)}</strong>
      </p>
      {f1 < WEAK_F1 && <p className="muted">No fact predicts it well; this one does best.</p>}
      <div className="facts-list">
        <Stat
          label="F1"
          value={f1.toFixed(2)}
          help="Harmonic mean of precision and recall: 1 when the feature fires exactly where the fact holds."
          formula="F1 = 2 · precision · recall ÷ (precision + recall)"
        />
        <Stat
          label="precision"
          value={formatPercent(table.precision[feature] ?? 0)}
          help="Share of the tokens it fires on where the fact holds."
          formula="precision = fires and holds ÷ fires"
        />
        <Stat
          label="recall"
          value={formatPercent(table.recall[feature] ?? 0)}
          help="Share of the tokens where the fact holds on which it fires."
          formula="recall = fires and holds ÷ holds"
        />
        <Stat
          label="baseline"
          value={formatPercent(table.baseline[feature] ?? 0)}
          help="Share of all tokens where the fact holds: the precision of a feature that always fires. A precision near it says nothing."
          formula="baseline = tokens where it holds ÷ tokens"
        />
        <Stat label="fires on" value={`${formatCount(fired)} tokens`} />
        <Stat
          label="chosen, measured on"
          value={`${formatCount(table.nChosen)}, ${formatCount(table.nTokens)} tokens`}
          help={table.definition}
        />
      </div>
    </>
  );
}

import type { FeatureDashboard } from '#engine/protocol/features.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import { dashboardKey } from '../state/features.ts';
import { useApp } from '../state/store.ts';
import { DeadCover } from './feature/DeadCover.tsx';
import { DensityPanel } from './feature/DensityPanel.tsx';
import { DfaPanel } from './feature/DfaPanel.tsx';
import { ExamplesPanel } from './feature/ExamplesPanel.tsx';
import { FactsPanel } from './feature/FactsPanel.tsx';
import { FeatureHeader } from './feature/FeatureHeader.tsx';
import { HeadsPanel } from './feature/HeadsPanel.tsx';
import { LogitsPanel } from './feature/LogitsPanel.tsx';
import { MissingIndex } from './feature/MissingIndex.tsx';
import { NeighboursPanel } from './feature/NeighboursPanel.tsx';
import { TestTextPanel } from './feature/TestTextPanel.tsx';
import { TruthPanel } from './feature/TruthPanel.tsx';
import './feature/feature.css';

/** What the parts of the view need; each selects the rest from the store. */
export interface FeaturePartProps {
  readonly view: FeatureViewRef;
  readonly sae: SaeInfo;
  readonly dashboard: FeatureDashboard;
}

/** The dashboard of one feature: numbers and neighbours left; density, logits, test text, DFA, examples right. */
export function FeatureView() {
  const view = useApp((s) => s.view);
  const sae = useApp((s) => s.sae);
  if (view.kind !== 'feature') return null;
  if (sae.status !== 'ready') return <Waiting />;
  return <OneFeature view={view} sae={sae.value} />;
}

function OneFeature({ view, sae }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  const of = useApp((s) => s.dashboards.get(dashboardKey(sae.id, view.feature)));
  const retry = useApp((s) => s.retryFeature);
  if (view.feature >= sae.d_sae) return <OutOfRange view={view} sae={sae} />;
  const parts = of?.status === 'ready' ? { view, sae, dashboard: of.value } : undefined;
  const waits = sae.hasIndex ? (
    <Loadable of={of} what={`feature ${view.feature}`} onRetry={retry} />
  ) : (
    <MissingIndex />
  );
  return (
    <div className="view feature-view">
      <FeatureHeader view={view} sae={sae} />
      <div className="feature-columns">
        <div className="stack side">
          {parts ? (
            <>
              <FactsPanel {...parts} />
              <TruthPanel view={view} sae={sae} />
              <HeadsPanel {...parts} />
              <NeighboursPanel {...parts} />
            </>
          ) : (
            <>
              <Panel title="Statistics">{waits}</Panel>
              <TruthPanel view={view} sae={sae} />
            </>
          )}
        </div>
        <div className="stack">
          {parts && (
            <DeadCover key={view.feature} dashboard={parts.dashboard}>
              <DensityPanel {...parts} />
              <LogitsPanel {...parts} />
            </DeadCover>
          )}
          <TestTextPanel view={view} sae={sae} />
          <DfaPanel view={view} sae={sae} />
          {parts && <ExamplesPanel {...parts} />}
        </div>
      </div>
    </div>
  );
}

function OutOfRange({ view, sae }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  return (
    <div className="view">
      <FeatureHeader view={view} sae={sae} />
      <p className="note warn">
        This SAE has features 0 to {sae.d_sae - 1}; the link asks for {view.feature}.
      </p>
    </div>
  );
}

/** Model and SAE are on their way, or there is none. */
function Waiting() {
  const sae = useApp((s) => s.sae);
  const model = useApp((s) => s.model);
  const saes = useApp((s) => s.saes.status);
  const none = model.status === 'ready' && saes === 'ready' && sae.status === 'idle';
  const of = sae.status === 'idle' ? model : sae;
  return (
    <div className="view">
      <Panel title="Feature">
        {none ? (
          <p>This model has no SAE yet. Train one in the Train view, or load one in the Load view.</p>
        ) : (
          <Loadable of={of} what="the SAE" idle={<p className="loading">Starting the engine</p>} />
        )}
      </Panel>
    </div>
  );
}

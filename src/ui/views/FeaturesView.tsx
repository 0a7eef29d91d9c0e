import { useMemo } from 'react';
import type { FeatureTable } from '#engine/protocol/features.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import { VIEW_DEFAULTS } from '#share/codec.ts';
import type { FeaturesViewRef } from '#share/view_ref.ts';
import { HelpHint } from '../components/HelpHint.tsx';
import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import { SaePicker } from '../components/Pickers.tsx';
import { formatCount } from '../plots/numbers.ts';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { truthOf } from '../state/truth.ts';
import { MissingIndex } from './feature/MissingIndex.tsx';
import { FeatureRows } from './features/FeatureRows.tsx';
import { Filters } from './features/Filters.tsx';
import { countDead, orderRows } from './features/feature_rows.ts';
import { MapPanel } from './features/MapPanel.tsx';
import './features/features.css';

/** The whole SAE: a sortable, filterable table and the density by maximum act map. */
export function FeaturesView() {
  const view = useApp((s) => s.view);
  const sae = useApp((s) => s.sae);
  const table = useApp((s) => s.table);
  if (view.kind !== 'features') return null;
  if (sae.status !== 'ready') return <Waiting />;
  if (!sae.value.hasIndex) {
    return (
      <div className="view">
        <Panel title="Features" actions={<SaePicker />}>
          <MissingIndex />
        </Panel>
      </div>
    );
  }
  if (table.status !== 'ready' || table.value.sae !== sae.value.id) {
    return (
      <div className="view">
        <Panel title="Features" actions={<SaePicker />}>
          <Loadable of={table} what="the features table" />
        </Panel>
      </div>
    );
  }
  return <WholeSae view={view} sae={sae.value} table={table.value} />;
}

function WholeSae(o: {
  readonly view: FeaturesViewRef;
  readonly sae: SaeInfo;
  readonly table: FeatureTable;
}) {
  const { view, sae, table } = o;
  const promoted = useApp((s) => s.promoted);
  const effect = view.promotes === undefined ? undefined : valueIn(promoted)?.effect;
  const sort = view.sort ?? (effect ? 'effect' : 'density');
  const desc = (view.desc ?? VIEW_DEFAULTS.desc) === 1;
  const truth = useApp(truthOf);
  const { minDensity, maxDensity, tracks } = view;
  const rows = useMemo(
    () => orderRows(table, { sort, desc, minDensity, maxDensity, effect, truth, tracks }),
    [table, sort, desc, minDensity, maxDensity, effect, truth, tracks],
  );
  const dead = useMemo(() => countDead(table.density), [table]);
  return (
    <div className="view features-view">
      <div className="stack">
        <Panel
          title={`${formatCount(rows.length)} of ${formatCount(sae.d_sae)} features`}
          flush
          help={
            <HelpHint term="Features.">
              Every feature of the SAE, measured on {formatCount(table.nTokens)} tokens; {formatCount(dead)}{' '}
              never fired. Click a column to sort, a row to open the feature.
            </HelpHint>
          }
          actions={<SaePicker />}
        >
          <Filters view={view} dead={dead} hasTruth={truth !== undefined} />
          <FeatureRows
            view={view}
            sae={sae}
            table={table}
            rows={rows}
            sort={sort}
            desc={desc}
            effect={effect}
            truth={truth}
          />
        </Panel>
      </div>
      <div className="stack">
        <MapPanel view={view} table={table} rows={rows} />
      </div>
    </div>
  );
}

function Waiting() {
  const sae = useApp((s) => s.sae);
  const model = useApp((s) => s.model);
  const saes = useApp((s) => s.saes.status);
  const none = model.status === 'ready' && saes === 'ready' && sae.status === 'idle';
  return (
    <div className="view">
      <Panel title="Features">
        {none ? (
          <p>This model has no SAE yet. Train one in the Train view, or load one in the Load view.</p>
        ) : (
          <Loadable
            of={sae.status === 'idle' ? model : sae}
            what="the SAE"
            idle={<p className="loading">Starting the engine</p>}
          />
        )}
      </Panel>
    </div>
  );
}

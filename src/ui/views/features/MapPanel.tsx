import { useMemo } from 'react';
import type { FeatureTable } from '#engine/protocol/features.ts';
import type { FeaturesViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Histogram } from '#ui/plots/Histogram.tsx';
import { formatAct, formatPercent } from '#ui/plots/numbers.ts';
import { Scatter } from '#ui/plots/Scatter.tsx';
import { useApp } from '#ui/state/store.ts';
import { placeOf } from '#ui/state/view.ts';
import { logDensityHistogram } from './log_density.ts';

/** Density by maximum act for every feature, and how the densities are spread. */
export function MapPanel(o: {
  readonly view: FeaturesViewRef;
  readonly table: FeatureTable;
  readonly rows: Uint32Array;
}) {
  const { view, table, rows } = o;
  const go = useApp((s) => s.go);
  const kept = useMemo(() => new Set(rows), [rows]);
  const shown = useMemo(() => (i: number) => kept.has(i), [kept]);
  const spread = useMemo(() => logDensityHistogram(table.density), [table]);
  return (
    <>
      <Panel
        title="Density by maximum act"
        help={
          <HelpHint term="Map.">
            One mark a feature. Rare and strong features are often specific; dense ones often mark positions
            or common words. Features outside the filters are faint; those that never fired have no place on a
            log axis.
          </HelpHint>
        }
      >
        <Scatter
          xs={table.density}
          ys={table.maxAct}
          shown={shown}
          label={`Maximum act by density of ${table.density.length} features`}
          xName="density (log10)"
          yName="max act"
          nameOf={(i) =>
            `feature ${i}: density ${formatPercent(table.density[i] ?? 0)}, max act ${formatAct(table.maxAct[i] ?? 0)}`
          }
          onPick={(feature) => go({ kind: 'feature', feature, ...placeOf(view) })}
        />
      </Panel>
      <Panel
        title="Feature densities"
        help={
          <HelpHint term="Feature densities." formula="log10(tokens with act > 0 ÷ tokens)">
            How many features fire how often. Features below 1e-5 are called ultra-sparse and hatched; dead
            ones are left out.
          </HelpHint>
        }
      >
        <Histogram
          edges={spread.edges}
          counts={spread.counts}
          label="Feature densities"
          xName="log10 density"
          countName="features"
          tone="density"
          tintBelow={-5}
        />
      </Panel>
    </>
  );
}

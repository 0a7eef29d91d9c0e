import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Histogram, type Marker } from '#ui/plots/Histogram.tsx';
import { formatAct, formatPercent } from '#ui/plots/numbers.ts';
import { actsOfFeature, currentReport, destOf } from '#ui/state/features.ts';
import { useApp } from '#ui/state/store.ts';
import type { FeaturePartProps } from '../FeatureView.tsx';

/** The activation density histogram (convention 2): click a bar to filter the examples. */
export function DensityPanel({ view, dashboard }: FeaturePartProps) {
  const patch = useApp((s) => s.patchView);
  const markers = useMarkers(view.feature);
  return (
    <Panel
      title={`ACTIVATIONS DENSITY ${formatPercent(dashboard.density)}`}
      anchor="density"
      help={
        <HelpHint term="Activation density." formula="density = tokens with act > 0 ÷ tokens">
          How often the feature fires, and how strongly when it does. Tokens where it does not fire are left
          out of the bars. The green line is the act at the chosen token of the test text. Click a bar to see
          only examples of that strength.
        </HelpHint>
      }
    >
      {dashboard.density > 0 ? (
        <Histogram
          edges={dashboard.histogram.edges}
          counts={dashboard.histogram.counts}
          label={`Activation density of feature ${view.feature}`}
          xName="act"
          countName="tokens"
          tone="activation"
          markers={markers}
          picked={view.bin}
          onPick={(bin) => patch('feature', { bin })}
        />
      ) : (
        <p className="muted">No token of the index makes it fire, so there are no bars.</p>
      )}
    </Panel>
  );
}

/** The act at the chosen token, and at the hovered one. */
function useMarkers(feature: number): readonly Marker[] {
  const report = useApp(currentReport);
  const dest = useApp(destOf);
  const hovered = useApp((s) => s.hoverToken);
  if (!report) return [];
  const acts = actsOfFeature(report, feature);
  const markers: Marker[] = [];
  const here = dest === undefined ? 0 : (acts[dest] ?? 0);
  if (here > 0) markers.push({ value: here, text: formatAct(here), tone: 'act' });
  const over = hovered === undefined || hovered === dest ? 0 : (acts[hovered] ?? 0);
  if (over > 0) markers.push({ value: over, text: formatAct(over), tone: 'hover' });
  return markers;
}

import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { formatAct, formatCount, formatPercent } from '#ui/plots/numbers.ts';
import type { FeaturePartProps } from '../FeatureView.tsx';

/** Density, maximum, tokens measured, and which SAE this is. */
export function FactsPanel({ sae, dashboard }: FeaturePartProps) {
  const fired = Math.round(dashboard.density * dashboard.nTokens);
  return (
    <Panel
      title="Statistics"
      help={
        <HelpHint term="Statistics.">
          Measured once over the tokens of this SAE's feature index. Excluded positions are not counted.
        </HelpHint>
      }
    >
      <div className="facts-list">
        <Stat
          label="density"
          value={formatPercent(dashboard.density)}
          help="Share of indexed tokens on which the feature fires (act > 0)."
          formula="density = tokens with act > 0 ÷ tokens"
        />
        <Stat label="fired on" value={`${formatCount(fired)} tokens`} />
        <Stat label="measured on" value={`${formatCount(dashboard.nTokens)} tokens`} />
        <Stat
          label="max act"
          value={formatAct(dashboard.maxAct)}
          help="Largest act over the indexed tokens, in model units of the hook."
        />
        <Stat label="variant" value={actRule(sae)} />
        <Stat label="d_sae" value={formatCount(sae.d_sae)} />
        <Stat label="d_in" value={formatCount(sae.d_in)} />
        <Stat
          label="excluded positions"
          value={sae.excludedPositions.length > 0 ? sae.excludedPositions.join(', ') : 'none'}
          help="Positions left out of training and of every metric (position 0 is the BOS token)."
        />
      </div>
    </Panel>
  );
}

function actRule({ variant, actRule: rule }: FeaturePartProps['sae']): string {
  return rule.kind === 'topk' ? `${variant}, k = ${rule.k}` : `${variant}, ${rule.kind}`;
}

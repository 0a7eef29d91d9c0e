import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import type { FeaturePartProps } from '../FeatureView.tsx';

/** The features whose decoder rows point the same way. */
export function NeighboursPanel({ view, dashboard }: FeaturePartProps) {
  return (
    <Panel
      className="late"
      title="Neighbours"
      help={
        <HelpHint term="Neighbours." formula="cosine = (d_i · d_j) ÷ (‖d_i‖ ‖d_j‖)">
          Features of the same SAE with the most similar decoder rows. They write nearly the same thing,
          though perhaps on other tokens.
        </HelpHint>
      }
    >
      {dashboard.neighbours.length === 0 && (
        <p className="muted">The index holds no neighbours of this feature.</p>
      )}
      <ul className="neighbours">
        {dashboard.neighbours.map((n) => (
          <li key={n.feature}>
            <ViewLink view={{ ...view, feature: n.feature, bin: undefined, card: undefined }}>
              {n.feature}
            </ViewLink>
            <span className="num mono" title="decoder cosine">
              {n.cosine.toFixed(3).replace('-', '−')}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

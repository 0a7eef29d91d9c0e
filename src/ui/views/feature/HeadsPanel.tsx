import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { layerOf } from '#ui/format.ts';
import { Bars } from '#ui/plots/Bars.tsx';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import type { FeaturePartProps } from '../FeatureView.tsx';
import { dfaMatrix } from './dfa_matrix.ts';

/** Which heads the feature's decoder row lies in, beside which heads made it fire on the chosen token. */
export function HeadsPanel({ view, sae, dashboard }: FeaturePartProps) {
  const dfa = useApp((s) => valueIn(s.dfa));
  const onToken = dfa?.feature === view.feature ? dfaMatrix(dfa).headShare : undefined;
  const layer = layerOf(sae.site) ?? 0;
  const columns = onToken ? ['decoder weight', `at token ${dfa?.dest}`] : ['decoder weight'];
  const rows = Array.from(dashboard.headShare, (share, head) => ({
    id: head,
    label: `${layer}.${head}`,
    shares: onToken ? [share, onToken[head]] : [share],
  }));
  return (
    <Panel
      className="late"
      title="Head attribution"
      help={
        <HelpHint
          term="Head attribution."
          formula="share of head k = ‖d_k‖ ÷ Σ_j ‖d_j‖; at a token: Σ_s |cell(k, s)| ÷ Σ |cells|"
        >
          hook_z is the outputs of all heads side by side, so the decoder row splits into one part per head.
          The first column is the size of that part (Kissane et al. 2024); the second is what each head adds
          to the pre-activation at the chosen token of the test text.
        </HelpHint>
      }
    >
      <ScrollRegion label="Shares of the heads">
        <Bars rows={rows} columns={columns} label={`Head attribution of feature ${view.feature}`} />
      </ScrollRegion>
    </Panel>
  );
}

import { Piece } from '../components/TokenChip.tsx';
import { formatAct, formatCount } from '../plots/numbers.ts';
import { currentReport, dashboardKey } from '../state/features.ts';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { dfaMatrix } from '../views/feature/dfa_matrix.ts';
import { evidenceOf } from './evidence_of.ts';
import { sightAt, type TourStop } from './stops.ts';

/** What is measured here and now for the feature and token of the stop: the numbers of the view, in one sentence. */
export function Evidence({ stop }: { readonly stop: TourStop }) {
  const sight = useApp((s) => sightAt(stop, s.view));
  const report = useApp(currentReport);
  const dfa = useApp((s) => valueIn(s.dfa));
  const dashboard = useApp((s) =>
    s.view.kind === 'feature'
      ? valueIn(
          s.dashboards.get(dashboardKey(valueIn(s.sae)?.id ?? '', s.view.feature)) ?? { status: 'idle' },
        )
      : undefined,
  );
  if (sight === undefined) return null;
  const { feature, layer, token } = sight;
  const piece = (at: number) => (
    <b className="mono">
      <Piece piece={report?.pieces[at] ?? (at === token.position ? token.text : '')} />
    </b>
  );
  const isCurrent = report !== undefined && dfa?.feature === feature && dfa.dest === token.position;
  const found = isCurrent ? evidenceOf(dfaMatrix(dfa), sight.head) : undefined;
  return (
    <p className="tour-evidence">
      <b>Look at</b> feature {feature} on token {token.position} {piece(token.position)}
      {sight.atMost !== undefined && dashboard && (
        <>
          : it fired on {Math.round(dashboard.density * dashboard.nTokens)} of{' '}
          {formatCount(dashboard.nTokens)} tokens
        </>
      )}
      {found && dfa && sight.atMost === undefined && (
        <>
          : act <b className="act-ink mono">{formatAct(dfa.act)}</b>
          {found.source !== undefined && (
            <>
              , most of it from token {found.source} {piece(found.source)}
            </>
          )}
          {found.head !== undefined && (
            <>
              {' '}
              through head{' '}
              <b className="mono">
                {layer}.{found.head}
              </b>{' '}
              ({Math.round(100 * found.share)} % of the attribution)
            </>
          )}
        </>
      )}
      .
    </p>
  );
}

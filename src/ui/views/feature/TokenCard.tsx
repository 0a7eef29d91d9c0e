import type { PromptReport } from '#engine/protocol/prompts.ts';
import { Piece } from '#ui/components/TokenChip.tsx';
import { formatNats, layerOf } from '#ui/format.ts';
import { formatAct } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { type DfaMatrix, topHeadsAt } from './dfa_matrix.ts';

/** Everything about one token of the test text, on hover or focus (convention 9). */
export function TokenCard(o: {
  readonly report: PromptReport;
  readonly at: number;
  readonly act: number;
  readonly matrix: DfaMatrix | undefined;
}) {
  const { report, at, act, matrix } = o;
  const layer = useApp((s) => layerOf(valueIn(s.sae)?.site ?? '') ?? 0);
  const isSource = matrix !== undefined && at < matrix.n_sources;
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
        <dt>act</dt>
        <dd className="act-ink">{act.toFixed(4)}</dd>
        {isSource && (
          <>
            <dt>as a source</dt>
            <dd className="dfa-ink">{(matrix.bySource[at] ?? 0).toFixed(4)}</dd>
            {topHeadsAt(matrix, at, 4).map((h) => (
              <HeadFact key={h.head} label={`${layer}.${h.head}`} value={h.value} />
            ))}
          </>
        )}
        <dt>loss</dt>
        <dd>{formatNats(report.nats[at] ?? Number.NaN)} nats</dd>
      </dl>
    </>
  );
}

function HeadFact({ label, value }: { readonly label: string; readonly value: number }) {
  return (
    <>
      <dt>head {label}</dt>
      <dd>{formatAct(value)}</dd>
    </>
  );
}

import { useState } from 'react';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { Dfa, PromptReport } from '#engine/protocol/prompts.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Piece } from '#ui/components/TokenChip.tsx';
import { layerOf, pieceText } from '#ui/format.ts';
import { type Cell, Heatmap } from '#ui/plots/Heatmap.tsx';
import { formatAct, formatValue } from '#ui/plots/numbers.ts';
import { currentReport, destOf } from '#ui/state/features.ts';
import { useApp } from '#ui/state/store.ts';
import { DfaTable } from './DfaTable.tsx';
import { type DfaMatrix, dfaMatrix, topSources } from './dfa_matrix.ts';

/** Direct feature attribution (decision 17): signed head × source cells, bias, sum, and how well they add up. */
export function DfaPanel({ view, sae }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  const of = useApp((s) => s.dfa);
  const gpu = useApp((s) => s.gpu);
  const report = useApp(currentReport);
  const dest = useApp(destOf);
  const piece = dest === undefined ? undefined : report?.pieces[dest];
  const isCurrent = of.status === 'ready' && of.value.feature === view.feature && of.value.dest === dest;
  return (
    <Panel
      title="Direct feature attribution"
      anchor="attribution"
      help={
        <HelpHint
          term="Direct feature attribution."
          formula="cell(k, s) = A_k[d, s] · ((v_k[s] − b_V,k) · w_k);  preAct = Σ cells + bias"
        >
          The pre-activation at the destination d is a sum over heads k and source tokens s, because hook_z is
          linear in the values once the attention pattern A is fixed. w_k is head k's part of the encoder
          column. bias = b_enc − p·b_dec·w + Σ b_V·w. The residual says how well the parts add up in f32.
        </HelpHint>
      }
      actions={
        piece === undefined ? undefined : (
          <span>
            feature {view.feature} at token <span className="mono">{dest}</span>{' '}
            <strong className="mono">
              <Piece piece={piece} />
            </strong>
          </span>
        )
      }
    >
      {of.status === 'ready' && report && dest !== undefined ? (
        <div className={isCurrent ? 'dfa' : 'dfa stale'} aria-busy={!isCurrent}>
          <Attribution dfa={of.value} report={report} layer={layerOf(sae.site) ?? 0} />
        </div>
      ) : (
        <Loadable
          of={of}
          what="the attribution"
          idle={
            <p className="muted">
              {gpu === 'none'
                ? 'Attribution runs the model, which needs WebGPU.'
                : 'Choose a token of the test text to see which heads and sources made it fire.'}
            </p>
          }
        />
      )}
    </Panel>
  );
}

function Attribution(o: { readonly dfa: Dfa; readonly report: PromptReport; readonly layer: number }) {
  const { dfa, report, layer } = o;
  const patch = useApp((s) => s.patchView);
  const hover = useApp((s) => s.hover);
  const [active, setActive] = useState<Cell>();
  const m = dfaMatrix(dfa);
  const heads = Array.from({ length: m.n_heads }, (_, h) => `${layer}.${h}`);
  const sources = report.pieces.slice(0, m.n_sources).map(pieceText);
  const move = (cell: Cell | undefined) => {
    setActive(cell);
    hover({ token: cell?.col });
  };
  const isShown = active && active.row < m.n_heads && active.col < m.n_sources ? active : undefined;
  return (
    <>
      <Why dfa={dfa} m={m} report={report} layer={layer} />
      <div className="scroll-x matrix-box">
        <Heatmap
          values={m.values}
          rowLabels={heads}
          colLabels={sources}
          label={`Attribution of feature ${dfa.feature} at token ${dfa.dest}, heads by source tokens`}
          cellWidth={m.n_sources > 60 ? 12 : 18}
          active={isShown}
          onActive={move}
          onPick={(cell) => patch('feature', { position: cell.col })}
        />
      </div>
      <p className="cell-read mono" aria-live="polite">
        {isShown
          ? `head ${heads[isShown.row]}, source ${isShown.col} "${sources[isShown.col]}": ${formatValue(m.values[isShown.row * m.n_sources + isShown.col] ?? 0)}`
          : `colour scale −${formatAct(m.maxCell)} (hatched rose) to ${formatAct(m.maxCell)} (orange), blank at zero`}
      </p>
      <Sum dfa={dfa} m={m} />
      <DfaTable dfa={dfa} m={m} heads={heads} sources={sources} />
      <Carrier layer={layer} />
    </>
  );
}

/** The answer in a sentence: fired or not, and the strongest source. */
function Why(o: {
  readonly dfa: Dfa;
  readonly m: DfaMatrix;
  readonly report: PromptReport;
  readonly layer: number;
}) {
  const { dfa, m, report } = o;
  const best = topSources(m, 1)[0];
  const fired =
    dfa.act > 0
      ? `act ${formatAct(dfa.act)}`
      : dfa.preAct > 0
        ? `pre-activation ${formatAct(dfa.preAct)} is positive but not selected, so the act is 0`
        : `pre-activation ${formatAct(dfa.preAct)}: it does not fire here`;
  return (
    <p>
      {fired}.{' '}
      {best && (
        <>
          Largest source: token {best.source}{' '}
          <strong className="mono">
            <Piece piece={report.pieces[best.source] ?? ''} />
          </strong>{' '}
          with{' '}
          <span className={best.value < 0 ? 'neg-ink mono' : 'dfa-ink mono'}>{formatAct(best.value)}</span>.
        </>
      )}
    </p>
  );
}

function Sum({ dfa, m }: { readonly dfa: Dfa; readonly m: DfaMatrix }) {
  return (
    <dl className="dfa-sum">
      <div>
        <dt>Σ cells</dt>
        <dd>{formatValue(m.sum)}</dd>
      </div>
      <div>
        <dt>+ bias</dt>
        <dd>{formatValue(dfa.bias)}</dd>
      </div>
      <div>
        <dt>= Σ</dt>
        <dd>{formatValue(m.sum + dfa.bias)}</dd>
      </div>
      <div>
        <dt>pre-activation</dt>
        <dd>{formatValue(dfa.preAct)}</dd>
      </div>
      <div>
        <dt>relative residual</dt>
        <dd title="|Σ − pre-activation| ÷ Σ|cells|">
          {m.relativeResidual.toExponential(1).replace('-', '−')}
        </dd>
      </div>
    </dl>
  );
}

/** Attribution stops at this layer's sources; readers must not take the token itself for the cause. */
function Carrier({ layer }: { readonly layer: number }) {
  return (
    <p className="note">
      Source tokens are where the head read.{' '}
      {layer === 0
        ? 'In layer 0 that is the token itself (and its position), since nothing has been moved yet.'
        : `An earlier layer may have written there: a source like "the" or "." often carries a name or topic that ${layer === 1 ? 'layer 0' : `a layer below ${layer}`} copied into it, so read it as "because of what stood at this place", not "because of this word".`}
    </p>
  );
}

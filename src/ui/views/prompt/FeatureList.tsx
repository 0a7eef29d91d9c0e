import { useState } from 'react';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import type { PromptViewRef, TokenSort } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { Segmented } from '#ui/components/Segmented.tsx';
import { type Column, TableHead } from '#ui/components/TableHead.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatAct3, pieceText } from '#ui/format.ts';
import { formatPercent } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { promptOf } from '#ui/state/prompt.ts';
import { useApp } from '#ui/state/store.ts';
import { placeOf } from '#ui/state/view.ts';
import { type FeatureRow, featureRows } from './rows.ts';
import type { PromptPartProps } from './TokensPanel.tsx';

const FIRST = 60;
const SORTS: readonly { readonly value: TokenSort; readonly text: string; readonly title: string }[] = [
  { value: 'act', text: 'act', title: 'Largest act first' },
  { value: 'density', text: 'density', title: 'Rarest feature first' },
  { value: 'index', text: 'index', title: 'Lowest index first' },
];

const COLUMNS: readonly Column[] = [
  { text: 'feature' },
  { text: 'act' },
  { text: 'at' },
  { text: 'tokens', num: true },
  { text: 'density', num: true },
  { text: 'promotes' },
  { text: 'Actions', hidden: true },
];

/** The features that fire on the chosen token, or anywhere in the prompt. */
export function FeatureList({ report, view, position }: PromptPartProps) {
  const table = useApp((s) => valueIn(s.table));
  const saeId = useApp((s) => valueIn(s.sae)?.id);
  const [all, showAll] = useState(false);
  const sort = view.sort ?? 'act';
  const known = table?.sae === saeId ? table : undefined;
  const rows = featureRows(report, { position, sort, table: known });
  const shown = all ? rows : rows.slice(0, FIRST);
  return (
    <Panel
      flush
      anchor="active-features"
      title={<FeatureTitle report={report} position={position} count={rows.length} />}
      help={
        <HelpHint term="Active features." formula="act > 0 after the SAE's activation rule">
          Each row is one feature of the SAE. Point at a row to see where it fires in the prompt, and at a
          token to see which rows are its own. Density is the share of indexed tokens on which the feature
          fires.
        </HelpHint>
      }
      actions={<ListActions position={position} sort={sort} />}
    >
      {saeId === undefined ? (
        <p className="pad">
          This model has no SAE yet. Train one in the Train view, or load one in the Load view.
        </p>
      ) : rows.length === 0 ? (
        <p className="pad">No feature fires {position === undefined ? 'on this prompt' : 'on this token'}.</p>
      ) : (
        <Rows rows={shown} report={report} view={view} position={position} />
      )}
      {shown.length < rows.length && (
        <p className="pad">
          <button type="button" onClick={() => showAll(true)}>
            Show all {rows.length} features
          </button>
        </p>
      )}
    </Panel>
  );
}

function ListActions(o: { readonly position: number | undefined; readonly sort: TokenSort }) {
  const patch = useApp((s) => s.patchView);
  const { position, sort } = o;
  return (
    <>
      {position !== undefined && (
        <button type="button" onClick={() => patch('prompt', { position: undefined })}>
          Whole prompt
        </button>
      )}
      <Segmented
        label="Sort features by"
        options={SORTS}
        value={sort}
        onChange={(s) => patch('prompt', { sort: s === 'act' ? undefined : s })}
      />
    </>
  );
}

function FeatureTitle(o: {
  readonly report: PromptReport;
  readonly position: number | undefined;
  readonly count: number;
}) {
  const { report, position, count } = o;
  if (count === 0) return <>Features</>;
  if (position === undefined) return <>{count} features on the prompt</>;
  return (
    <>
      {count} features at token {position} <TokenChip piece={report.pieces[position] ?? ''} />
    </>
  );
}

function Rows({ rows, report, view, position }: PromptPartProps & { readonly rows: readonly FeatureRow[] }) {
  const hover = useApp((s) => s.hover);
  const max = rows.reduce((m, r) => Math.max(m, r.act), 0);
  return (
    <ScrollRegion className="feature-scroll" label="Active features">
      <table className="feature-rows" onPointerLeave={() => hover({})}>
        <TableHead columns={COLUMNS.filter((c) => position === undefined || c.text !== 'at')} />
        <tbody>
          {rows.map((r) => (
            <Row key={r.feature} row={r} max={max} report={report} view={view} position={position} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function Row(o: PromptPartProps & { readonly row: FeatureRow; readonly max: number }) {
  const { row, max, report, view, position } = o;
  const hover = useApp((s) => s.hover);
  const prompt = useApp(promptOf);
  const isLit = useApp((s) => s.hoverToken !== undefined && fires(report, s.hoverToken, row.feature));
  const f = row.feature;
  const piece = report.pieces[row.pos] ?? '';
  const enter = () => hover({ feature: f });
  return (
    <tr className={isLit ? 'lit' : undefined} onPointerEnter={enter} onFocus={enter} onBlur={() => hover({})}>
      <td>
        <ViewLink
          view={{ kind: 'feature', ...placeOf(view), feature: f, prompt, position: row.pos }}
          className="mono"
          title={`Open feature ${f} at token ${row.pos} (${pieceText(piece)})`}
        >
          {f}
        </ViewLink>
      </td>
      <td>
        <span className="act-bar">
          <span style={{ width: `${max > 0 ? (60 * row.act) / max : 0}px` }} />
          <b className="act-ink mono">{formatAct3(row.act)}</b>
        </span>
      </td>
      {position === undefined && (
        <td>
          <TokenChip piece={piece} title={`token ${row.pos}`} />
        </td>
      )}
      <td className="num mono">{row.count}</td>
      <td className="num mono">{row.density === undefined ? '–' : formatPercent(row.density)}</td>
      <td>{row.topToken === undefined ? '–' : <TokenChip piece={row.topToken} />}</td>
      <RowActions feature={f} view={view} />
    </tr>
  );
}

function RowActions({ feature, view }: { readonly feature: number; readonly view: PromptViewRef }) {
  const patch = useApp((s) => s.patchView);
  const pinned = view.feature === feature;
  return (
    <td className="row tight">
      <button
        type="button"
        className="quiet"
        aria-pressed={pinned}
        aria-label={`Highlight feature ${feature}`}
        title="Keep this feature highlighted in the tokens"
        onClick={() => patch('prompt', { feature: pinned ? undefined : feature })}
      >
        Pin
      </button>
      <button
        type="button"
        className="quiet"
        aria-label={`Steer feature ${feature}`}
        title="Scale, clamp, add to or ablate this feature"
        onClick={() => patch('prompt', { feature, panel: 'edit', edit: view.edit ?? 'scale:0' })}
      >
        Steer
      </button>
    </td>
  );
}

function fires(report: PromptReport, pos: number, feature: number): boolean {
  return report.tokens[pos]?.features.some((x) => x.feature === feature) === true;
}

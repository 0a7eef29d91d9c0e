import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useRef, useState } from 'react';
import type { FeatureTable } from '#engine/protocol/features.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { FeatureColumn, FeaturesViewRef } from '#share/view_ref.ts';
import { layerOf } from '#ui/format.ts';
import { useApp } from '#ui/state/store.ts';
import { placeOf } from '#ui/state/view.ts';
import { FeatureRow } from './FeatureRow.tsx';

/** Height of a row, px. */
const ROW = 26;
const COLUMNS: readonly { readonly id: FeatureColumn; readonly text: string; readonly title: string }[] = [
  { id: 'feature', text: 'feature', title: 'index in the SAE' },
  { id: 'density', text: 'density', title: 'share of indexed tokens with act > 0' },
  { id: 'maxAct', text: 'max act', title: 'largest act over the indexed tokens, model units' },
  { id: 'headShare', text: 'heads', title: 'share of each head in the decoder row; sorted by the largest' },
];

export interface FeatureRowsProps {
  readonly view: FeaturesViewRef;
  readonly sae: SaeInfo;
  readonly table: FeatureTable;
  /** Feature indices in the order shown. */
  readonly rows: Uint32Array;
  readonly sort: FeatureColumn;
  readonly desc: boolean;
  readonly effect: Float32Array | undefined;
  /** What features track, where it is known. */
  readonly truth: TruthTable | undefined;
}

/** A virtual list of rows: only those in sight are in the document, however large the SAE. Arrows move, Enter opens. */
export function FeatureRows({ view, sae, table, rows, sort, desc, effect, truth }: FeatureRowsProps) {
  const go = useApp((s) => s.go);
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const open = (feature: number) => go({ kind: 'feature', feature, ...placeOf(view) });
  const move = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget) return;
    const next = stepTo(e.key, at, rows.length);
    if (next === undefined) {
      if (e.key === 'Enter' && rows[at] !== undefined) open(rows[at]);
      return;
    }
    e.preventDefault();
    e.stopPropagation();
    setAt(next);
    list.scrollToIndex(next);
  };
  const here = Math.min(at, rows.length - 1);
  return (
    <div
      className={['feature-table', effect && 'with-effect', truth && 'with-truth'].filter(Boolean).join(' ')}
    >
      <Header view={view} sort={sort} desc={desc} hasEffect={effect !== undefined} truth={truth} />
      {rows.length === 0 && <p className="empty">No feature passes the filters.</p>}
      <div
        ref={box}
        className="rows"
        role="listbox"
        aria-label="Features"
        aria-activedescendant={rows[here] === undefined ? undefined : `feature-${rows[here]}`}
        tabIndex={0}
        onKeyDown={move}
      >
        <div className="space" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const feature = rows[item.index] as number;
            return (
              <FeatureRow
                key={feature}
                top={item.start}
                {...{ feature, table, view, effect, truth, place: item.index, count: rows.length }}
                layer={layerOf(sae.site) ?? 0}
                isActive={item.index === here}
                onOpen={() => open(feature)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function stepTo(key: string, at: number, n: number): number | undefined {
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -n, End: n }[key];
  return step === undefined || n === 0 ? undefined : Math.max(0, Math.min(n - 1, at + step));
}

function Header(o: {
  readonly view: FeaturesViewRef;
  readonly sort: FeatureColumn;
  readonly desc: boolean;
  readonly hasEffect: boolean;
  readonly truth: TruthTable | undefined;
}) {
  const patch = useApp((s) => s.patchView);
  const columns = o.hasEffect
    ? [
        ...COLUMNS,
        { id: 'effect' as const, text: 'effect', title: `logits of ${o.view.promotes} per unit act` },
      ]
    : COLUMNS;
  return (
    <div className="head">
      {columns.map((c) => (
        <SortButton
          key={c.id}
          column={c}
          sorted={o.sort === c.id ? (o.desc ? 'descending' : 'ascending') : undefined}
          onSort={(desc) => patch('features', { sort: c.id, desc })}
        />
      ))}
      <span title="token whose logit one unit of act raises most">promotes</span>
      {o.truth && (
        <SortButton
          column={TRACKS}
          sorted={o.sort === 'tracks' ? (o.desc ? 'descending' : 'ascending') : undefined}
          onSort={(desc) => patch('features', { sort: 'tracks', desc })}
        />
      )}
    </div>
  );
}

const TRACKS = {
  id: 'tracks',
  text: 'tracks',
  title: 'fact of Storyland that predicts best where the feature fires, and its F1; sorted by F1',
} as const;

function SortButton(o: {
  readonly column: { readonly text: string; readonly title: string };
  readonly sorted: 'ascending' | 'descending' | undefined;
  readonly onSort: (desc: 0 | 1) => void;
}) {
  const { text, title } = o.column;
  return (
    <button
      type="button"
      className="quiet"
      title={title}
      aria-pressed={o.sorted !== undefined}
      aria-label={`sort by ${text}${o.sorted ? `, now ${o.sorted}` : ''}`}
      onClick={() => o.onSort(o.sorted === 'descending' ? 0 : 1)}
    >
      {text} {o.sorted && (o.sorted === 'descending' ? '▼' : '▲')}
    </button>
  );
}

import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useRef, useState } from 'react';
import type { FeatureTable, SaeInfo } from '#engine/protocol.ts';
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
}

/** A virtual list of rows: only those in sight are in the document, however large the SAE. Arrows move, Enter opens. */
export function FeatureRows({ view, sae, table, rows, sort, desc, effect }: FeatureRowsProps) {
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
    <div className={effect ? 'feature-table with-effect' : 'feature-table'}>
      <Header view={view} sort={sort} desc={desc} hasEffect={effect !== undefined} />
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
                {...{ feature, table, view, effect, place: item.index, count: rows.length }}
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
        <button
          key={c.id}
          type="button"
          className="quiet"
          title={c.title}
          aria-pressed={o.sort === c.id}
          aria-label={`sort by ${c.text}${o.sort === c.id ? (o.desc ? ', now descending' : ', now ascending') : ''}`}
          onClick={() => patch('features', { sort: c.id, desc: o.sort === c.id && o.desc ? 0 : 1 })}
        >
          {c.text} {o.sort === c.id ? (o.desc ? '▼' : '▲') : ''}
        </button>
      ))}
      <span title="token whose logit one unit of act raises most">promotes</span>
    </div>
  );
}

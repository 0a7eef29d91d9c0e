import type { FeatureTable } from '#engine/protocol/features.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import type { FeaturesViewRef } from '#share/view_ref.ts';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { formatAct, formatPercent } from '#ui/plots/numbers.ts';
import { factWords } from '../feature/fact_words.ts';
import { dominantHead } from './feature_rows.ts';

export interface FeatureRowProps {
  readonly feature: number;
  readonly table: FeatureTable;
  readonly view: FeaturesViewRef;
  readonly effect: Float32Array | undefined;
  readonly truth: TruthTable | undefined;
  readonly layer: number;
  /** Pixels from the top of the list. */
  readonly top: number;
  readonly place: number;
  readonly count: number;
  readonly isActive: boolean;
  readonly onOpen: () => void;
}

/** One feature: index, density, max act, share of each head, the token it promotes most. */
export function FeatureRow(o: FeatureRowProps) {
  const { feature, table } = o;
  const density = table.density[feature] ?? 0;
  const heads = dominantHead(table, feature);
  const label = `${o.layer}.${heads.head}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list holds the focus and opens rows by Enter
    <div
      id={`feature-${feature}`}
      role="option"
      tabIndex={-1}
      aria-selected={o.isActive}
      aria-posinset={o.place + 1}
      aria-setsize={o.count}
      className={density === 0 ? 'feature-row dead' : 'feature-row'}
      style={{ transform: `translateY(${o.top}px)` }}
      onClick={o.onOpen}
    >
      <span className="num mono link">{feature}</span>
      <span className="num mono">{density === 0 ? 'never' : formatPercent(density)}</span>
      <span className="num mono">{formatAct(table.maxAct[feature] ?? 0)}</span>
      <span className="heads-cell" title={`largest share: head ${label}`}>
        <HeadBars table={table} feature={feature} />
        <span className="mono">
          {label} {heads.share.toFixed(2)}
        </span>
      </span>
      {o.effect && <span className="num mono">{formatAct(o.effect[feature] ?? 0)}</span>}
      <span>
        <TokenChip piece={table.topToken[feature] ?? ''} />
      </span>
      {o.truth && <Tracks truth={o.truth} feature={feature} />}
    </div>
  );
}

/** The fact that the feature tracks, with its F1; empty where it has none. */
function Tracks({ truth, feature }: { readonly truth: TruthTable; readonly feature: number }) {
  const facts = truth.facts[feature] ?? [];
  if (facts.length === 0) return <span />;
  const words = factWords(facts);
  return (
    <span className="tracks-cell" title={words}>
      <span className="num mono">{(truth.f1[feature] ?? 0).toFixed(2)}</span>
      <span className="words">{words}</span>
    </span>
  );
}

/** One small column per head, height = share. */
function HeadBars({ table, feature }: { readonly table: FeatureTable; readonly feature: number }) {
  const n = table.n_heads;
  const width = n > 16 ? 3 : 6;
  return (
    <svg width={n * width} height={16} aria-hidden="true">
      {Array.from({ length: n }, (_, h) => {
        const share = table.headShare[feature * n + h] ?? 0;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a head is its index
          <g key={h}>
            <rect className="share-track" x={h * width} width={width - 1} height={16} />
            <rect
              className="share-bar"
              x={h * width}
              width={width - 1}
              y={16 - 16 * share}
              height={16 * share}
            />
          </g>
        );
      })}
    </svg>
  );
}

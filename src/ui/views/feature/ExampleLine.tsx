import { TokenChip } from '#ui/components/TokenChip.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { formatAct3 } from '#ui/format.ts';
import { actAlpha } from '#ui/plots/act_scale.ts';
import { formatAct } from '#ui/plots/numbers.ts';
import { actAt, type ExampleRow } from './example_rows.ts';

export interface ExampleLineProps {
  readonly row: ExampleRow;
  /** Maximum act of the feature: the fill of every row is comparable. */
  readonly max: number;
  /** Its text is the test text now. */
  readonly isCurrent: boolean;
  readonly onOpen: () => void;
}

/** One example: firing token and act at the left, the text with acts at the right. */
export function ExampleLine({ row, max, isCurrent, onOpen }: ExampleLineProps) {
  const { example, from, to, duplicates } = row;
  const act = actAt(example);
  return (
    <li className="example" aria-current={isCurrent || undefined}>
      <button
        type="button"
        className="quiet"
        onClick={onOpen}
        title="Run this text above and explain this token"
      >
        <TokenChip piece={example.pieces[example.at] ?? ''} rgb="var(--act-rgb)" alpha={actAlpha(act, max)} />
        <span className="num mono act-ink">{formatAct(act)}</span>
      </button>
      <div className="example-text">
        <TokenStrip
          label={`Example, act ${formatAct(act)}`}
          pieces={example.pieces.slice(from, to)}
          acts={example.acts.subarray(from, to)}
          max={max}
          lit={new Set([example.at - from])}
          onSelect={onOpen}
          card={(i) => (
            <>
              <span className="mono">id {example.ids[from + i]}</span>, position {example.start + from + i},
              act <span className="act-ink mono">{formatAct3(example.acts[from + i] ?? 0)}</span>
            </>
          )}
        />
        {duplicates > 0 && (
          <span className="muted">
            and {duplicates} duplicate{duplicates > 1 ? 's' : ''}
          </span>
        )}
      </div>
    </li>
  );
}

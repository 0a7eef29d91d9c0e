import './plots.css';
import { type KeyboardEvent, useId } from 'react';
import { maxAbs, signedFill } from './act_scale.ts';
import { formatValue } from './numbers.ts';
import { pointerAt } from './pointer_at.ts';

const DEFAULTS = { cellWidth: 16, cellHeight: 20 } as const;
/** Room for row labels and for the sideways column labels, px. */
const LEFT = 34;
const TOP = 62;
/** Cells weaker than this share of the maximum look white; leaving them out keeps the SVG under 5,000 marks. */
const FAINT = 1 / 255;

/** A cell by row and column. */
export interface Cell {
  readonly row: number;
  readonly col: number;
}
export interface HeatmapProps {
  /** [rows, cols], row-major, signed. */
  readonly values: ArrayLike<number>;
  readonly rowLabels: readonly string[];
  readonly colLabels: readonly string[];
  /** For the aria-label: 'DFA of feature 7 at token 12, head by source token'. */
  readonly label: string;
  /** |value| of the full colour; default: the largest of the values. */
  readonly max?: number | undefined;
  readonly cellWidth?: number;
  readonly cellHeight?: number;
  readonly active: Cell | undefined;
  readonly onActive: (cell: Cell | undefined) => void;
  readonly onPick?: ((cell: Cell) => void) | undefined;
}

/** Signed matrix on one diverging scale, white at zero, negative cells hatched; arrow keys walk the cells. */
export function Heatmap({
  values,
  rowLabels,
  colLabels,
  label,
  active,
  onActive,
  onPick,
  ...rest
}: HeatmapProps) {
  const o = { ...DEFAULTS, ...rest };
  const hatch = useId();
  const size = { rows: rowLabels.length, cols: colLabels.length };
  const max = o.max ?? maxAbs(values);
  const at = ({ x, y }: { x: number; y: number }): Cell | undefined => {
    const cell = { row: Math.floor((y - TOP) / o.cellHeight), col: Math.floor((x - LEFT) / o.cellWidth) };
    return cell.row >= 0 && cell.col >= 0 && cell.row < size.rows && cell.col < size.cols ? cell : undefined;
  };
  const says = active
    ? `head ${rowLabels[active.row]}, source ${active.col} ${colLabels[active.col]}: ${formatValue(values[active.row * size.cols + active.col] ?? Number.NaN)}`
    : 'arrow keys walk the cells; the table below holds the same numbers';
  return (
    <div
      className="plot heatmap"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a matrix is one tab stop, walked by arrow keys
      tabIndex={0}
      aria-label={`${label}. ${says}`}
      onKeyDown={(e) => onKey(e, { ...size, active, onActive, onPick })}
      onPointerMove={(e) => onActive(at(pointerAt(e)))}
      onPointerLeave={() => onActive(undefined)}
      onClick={(e) => {
        const cell = at(pointerAt(e));
        if (cell) onPick?.(cell);
      }}
    >
      <svg
        width={LEFT + size.cols * o.cellWidth + 8}
        height={TOP + size.rows * o.cellHeight + 2}
        aria-hidden="true"
      >
        <defs>
          <pattern
            id={hatch}
            width={4}
            height={4}
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <line className="hatch" x1={0} x2={0} y1={0} y2={4} />
          </pattern>
        </defs>
        <Labels {...{ rowLabels, colLabels, active, w: o.cellWidth, h: o.cellHeight }} />
        <rect
          className="matrix"
          x={LEFT}
          y={TOP}
          width={size.cols * o.cellWidth}
          height={size.rows * o.cellHeight}
        />
        <Cells {...{ values, cols: size.cols, max, w: o.cellWidth, h: o.cellHeight, hatch }} />
        {active && (
          <rect
            className="cursor"
            x={LEFT + active.col * o.cellWidth}
            y={TOP + active.row * o.cellHeight}
            width={o.cellWidth}
            height={o.cellHeight}
          />
        )}
      </svg>
    </div>
  );
}

function onKey(
  e: KeyboardEvent,
  o: {
    readonly rows: number;
    readonly cols: number;
    readonly active: Cell | undefined;
    readonly onActive: (cell: Cell | undefined) => void;
    readonly onPick?: ((cell: Cell) => void) | undefined;
  },
): void {
  if (e.key === 'Escape') o.onActive(undefined);
  if (e.key === 'Enter' && o.active) o.onPick?.(o.active);
  const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[e.key];
  if (!move || o.rows === 0 || o.cols === 0) return;
  e.preventDefault();
  e.stopPropagation();
  const from = o.active ?? { row: 0, col: o.cols - 1 };
  const step = o.active ? move : [0, 0];
  const wrap = (v: number, n: number) => Math.max(0, Math.min(n - 1, v));
  o.onActive({
    row: wrap(from.row + (step[0] as number), o.rows),
    col: wrap(from.col + (step[1] as number), o.cols),
  });
}

function Labels(p: {
  readonly rowLabels: readonly string[];
  readonly colLabels: readonly string[];
  readonly active: Cell | undefined;
  readonly w: number;
  readonly h: number;
}) {
  return (
    <g className="plot-labels">
      {p.rowLabels.map((text, row) => (
        <text
          key={text}
          className={p.active?.row === row ? 'on' : ''}
          x={LEFT - 5}
          y={TOP + row * p.h + p.h / 2 + 4}
          textAnchor="end"
        >
          {text}
        </text>
      ))}
      {p.colLabels.map((text, col) => {
        const x = LEFT + col * p.w + p.w / 2 + 3;
        return (
          <text
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its position
            key={col}
            className={p.active?.col === col ? 'on' : ''}
            transform={`translate(${x} ${TOP - 4}) rotate(-60)`}
          >
            {text.length > 9 ? `${text.slice(0, 8)}…` : text}
          </text>
        );
      })}
    </g>
  );
}

function Cells(p: {
  readonly values: ArrayLike<number>;
  readonly cols: number;
  readonly max: number;
  readonly w: number;
  readonly h: number;
  readonly hatch: string;
}) {
  return Array.from(p.values, (v, i) => {
    const fill = signedFill(v, p.max);
    if (fill.alpha < FAINT) return null;
    const place = {
      x: LEFT + (i % p.cols) * p.w + 0.5,
      y: TOP + Math.floor(i / p.cols) * p.h + 0.5,
      width: p.w - 1,
      height: p.h - 1,
    };
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
      <g key={i}>
        <rect className={fill.negative ? 'cell neg' : 'cell pos'} {...place} fillOpacity={fill.alpha} />
        {fill.negative && <rect {...place} fill={`url(#${p.hatch})`} opacity={Math.max(0.2, fill.alpha)} />}
      </g>
    );
  });
}

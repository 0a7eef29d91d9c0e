import './plots.css';
import { scaleLinear, scaleLog } from 'd3';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type AxisScale, domainOf } from './line_path.ts';
import { formatShort } from './numbers.ts';
import { useWidth } from './use_width.ts';

const DEFAULTS = { width: 360, height: 220, xScale: 'log', yScale: 'linear', radius: 2 } as const;
const LEFT = 40;
const BOTTOM = 28;
const TOP = 18;
const RIGHT = 10;
/** The pointer picks the nearest mark within this many pixels. */
const REACH = 14;

export interface ScatterProps {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** Marks to draw strongly; the others are faint. */
  readonly shown: (i: number) => boolean;
  /** For the aria-label: 'Density by maximum act of 1,024 features'. */
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  /** What a mark is, for the read-out. */
  readonly nameOf: (i: number) => string;
  readonly onPick?: ((i: number) => void) | undefined;
  readonly width?: number;
  readonly height?: number;
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
}

/** Marks on a canvas (there may be tens of thousands), axes in SVG. The table beside it is its keyboard twin. */
export function Scatter({ xs, ys, shown, label, xName, yName, nameOf, onPick, ...rest }: ScatterProps) {
  const o = { ...DEFAULTS, ...rest };
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(box, o.width);
  const [near, setNear] = useState<number>();
  const { x, y } = useMemo(() => {
    const kind = (s: AxisScale) => (s === 'log' ? scaleLog() : scaleLinear());
    return {
      x: kind(o.xScale)
        .domain(domainOf([xs], o.xScale))
        .range([LEFT, width - RIGHT]),
      y: kind(o.yScale)
        .domain(domainOf([ys], o.yScale))
        .nice()
        .range([o.height - BOTTOM, TOP]),
    };
  }, [xs, ys, o.xScale, o.yScale, o.height, width]);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, { xs, ys, x, y, shown, near, radius: o.radius });
  }, [xs, ys, x, y, shown, near, o.radius]);
  return (
    <div className="plot scatter" ref={box}>
      <div className="layers">
        <canvas
          ref={canvas}
          width={width}
          height={o.height}
          role="img"
          aria-label={`${label}: ${yName} over ${xName}`}
          onPointerMove={(e) => setNear(nearest(e.nativeEvent, { xs, ys, x, y, shown }))}
          onPointerLeave={() => setNear(undefined)}
          onClick={() => near !== undefined && onPick?.(near)}
        />
        <Axes {...{ x, y, width, xName, yName }} height={o.height} isLog={o.xScale === 'log'} />
      </div>
      <div className="plot-foot">
        <output>{near === undefined ? 'Hover a mark to read it, click to open it.' : nameOf(near)}</output>
      </div>
    </div>
  );
}

interface Ticked {
  (v: number): number;
  ticks(n: number): number[];
}

function Axes(p: {
  readonly x: Ticked;
  readonly y: Ticked;
  readonly width: number;
  readonly height: number;
  readonly xName: string;
  readonly yName: string;
  readonly isLog: boolean;
}) {
  const { x, y, width, height } = p;
  // Between powers of ten a log axis has more ticks than room.
  const xTicks = x.ticks(5).filter((t) => !p.isLog || Number.isInteger(Math.log10(t)));
  return (
    <svg width={width} height={height} aria-hidden="true">
      <g className="plot-grid">
        {y.ticks(4).map((t) => (
          <text key={t} x={LEFT - 4} y={y(t) + 3} textAnchor="end">
            {formatShort(t)}
          </text>
        ))}
        {xTicks.map((t) => (
          <text key={t} x={x(t)} y={height - BOTTOM + 12} textAnchor="middle">
            {formatShort(t)}
          </text>
        ))}
        <text x={width - RIGHT} y={height - 3} textAnchor="end">
          {p.xName}
        </text>
        <text x={4} y={10}>
          {p.yName}
        </text>
      </g>
    </svg>
  );
}

interface Marks {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  readonly x: (v: number) => number;
  readonly y: (v: number) => number;
  readonly shown: (i: number) => boolean;
}

function paint(
  el: HTMLCanvasElement,
  m: Marks & { readonly near: number | undefined; readonly radius: number },
): void {
  const g = el.getContext('2d');
  if (!g) return;
  const style = getComputedStyle(el);
  g.clearRect(0, 0, el.width, el.height);
  for (let i = 0; i < m.xs.length; i++) {
    const px = m.x(m.xs[i] as number);
    const py = m.y(m.ys[i] as number);
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    const on = i === m.near;
    g.globalAlpha = on ? 1 : m.shown(i) ? 0.7 : 0.12;
    g.fillStyle = on ? style.getPropertyValue('--dfa-ink') : style.getPropertyValue('--act-ink');
    g.beginPath();
    g.arc(px, py, on ? m.radius + 2 : m.radius, 0, 2 * Math.PI);
    g.fill();
  }
}

function nearest(e: { readonly offsetX: number; readonly offsetY: number }, m: Marks): number | undefined {
  let best: number | undefined;
  let least = REACH * REACH;
  for (let i = 0; i < m.xs.length; i++) {
    if (!m.shown(i)) continue;
    const dx = m.x(m.xs[i] as number) - e.offsetX;
    const dy = m.y(m.ys[i] as number) - e.offsetY;
    const d = dx * dx + dy * dy;
    if (d < least) {
      least = d;
      best = i;
    }
  }
  return best;
}

import './plots.css';
import { scaleLinear, scaleLog } from 'd3';
import { type KeyboardEvent, useRef } from 'react';
import { type AxisScale, type Curve, domainOf, pathOf } from './line_path.ts';
import { formatShort, formatValue } from './numbers.ts';
import { pointerAt } from './pointer_at.ts';
import { nearestIndex, smoothSeries } from './smoothing.ts';
import { useWidth } from './use_width.ts';

const DEFAULTS = { width: 320, height: 120, yScale: 'linear', xScale: 'linear', smooth: 0 } as const;
/** Room for tick labels, px. */
const LEFT = 40;
const BOTTOM = 16;
const TOP = 6;
const RIGHT = 8;
/** Curves of at most this many points show them. */
const FEW = 24;

/** A curve with its place in the legend: tone 0..5 gives colour and dash pattern. */
export interface Series extends Curve {
  readonly label: string;
  readonly tone: number;
}
export interface LinesProps {
  readonly series: readonly Series[];
  /** For the aria-label: 'Loss over tokens'. */
  readonly label: string;
  readonly xName: string;
  /** Unit of y, '' when it has none. */
  readonly unit: string;
  readonly width?: number;
  readonly height?: number;
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
  /** EMA smoothing 0..0.99; the raw curve stays, faint. */
  readonly smooth?: number;
  /** Fixed ends of x, so that neighbouring charts line up; default: those of the curves. */
  readonly xDomain?: readonly [number, number] | undefined;
  /** Fixed lower and upper end of y. */
  readonly yDomain?: readonly [number, number] | undefined;
  /** Crosshair shared with other charts, in x units. */
  readonly at: number | undefined;
  readonly onAt: (x: number | undefined) => void;
}

/** Curves over one x axis, smoothed over the faint raw ones, with a crosshair that neighbouring charts share. */
export function Lines({ series, label, xName, unit, at, onAt, ...rest }: LinesProps) {
  const o = { ...DEFAULTS, ...rest };
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, o.width);
  const smoothed = series.map((s) => ({ ...s, smooth: smoothSeries(s.ys, o.smooth) }));
  const xs = series.map((s) => s.xs);
  const [x0, x1] = o.xDomain ?? domainOf(xs, o.xScale);
  const [y0, y1] =
    o.yDomain ??
    domainOf(
      series.map((s) => s.ys),
      o.yScale,
    );
  const x = (o.xScale === 'log' ? scaleLog() : scaleLinear()).domain([x0, x1]).range([LEFT, width - RIGHT]);
  const y = (o.yScale === 'log' ? scaleLog() : scaleLinear())
    .domain([y0, y1])
    .range([o.height - BOTTOM, TOP]);
  const reads = smoothed.map((s) => readAt(s, at));
  const spoken = reads.map((r) => `${r.label} ${formatValue(r.y)}${unit && ` ${unit}`}`).join(', ');
  return (
    <div className="plot lines" ref={box}>
      <div
        className="plot-area"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={x0}
        aria-valuemax={x1}
        aria-valuenow={at ?? x1}
        aria-valuetext={`${spoken || 'no values yet'} at ${formatShort(at ?? x1)} ${xName}`}
        onPointerMove={(e) => onAt(clampTo(x.invert(pointerAt(e).x), x0, x1))}
        onPointerLeave={() => onAt(undefined)}
        onKeyDown={(e) => onKey(e, xs[0] ?? [], at, onAt)}
      >
        <svg width={width} height={o.height} aria-hidden="true">
          <Grid x={x} y={y} width={width} height={o.height} />
          <Curves smoothed={smoothed} isSmooth={o.smooth > 0} x={x} y={y} />
          {at !== undefined && at >= x0 && at <= x1 && (
            <Crosshair reads={reads} x={x} y={y} at={at} height={o.height} />
          )}
        </svg>
      </div>
    </div>
  );
}

type Smoothed = Series & { readonly smooth: ArrayLike<number> };
type Scale = (v: number) => number;

function Curves(o: {
  readonly smoothed: readonly Smoothed[];
  readonly isSmooth: boolean;
  readonly x: Scale;
  readonly y: Scale;
}) {
  const { x, y } = o;
  return o.smoothed.map((s) => (
    <g key={s.id} className={`curve tone-${s.tone}`}>
      {o.isSmooth && <path className="raw" d={pathOf(s.xs, s.ys, x, y)} />}
      <path d={pathOf(s.xs, s.smooth, x, y)} />
      {s.xs.length <= FEW && <Points s={s} x={x} y={y} />}
    </g>
  ));
}

/** A curve of few points shows each, since one alone has no line. */
function Points({ s, x, y }: { readonly s: Smoothed; readonly x: Scale; readonly y: Scale }) {
  return Array.from(s.xs, (v, i) => {
    const at = { cx: x(v), cy: y(s.smooth[i] as number) };
    return Number.isFinite(at.cx) && Number.isFinite(at.cy) ? (
      <circle key={v} className="dot" {...at} r={2.5} />
    ) : null;
  });
}

function Crosshair(o: {
  readonly reads: readonly ReturnType<typeof readAt>[];
  readonly x: Scale;
  readonly y: Scale;
  readonly at: number;
  readonly height: number;
}) {
  const { reads, x, y, at, height } = o;
  const shown = reads.filter((r) => Number.isFinite(r.y) && Number.isFinite(y(r.y)));
  return (
    <>
      <line className="crosshair" x1={x(at)} x2={x(at)} y1={TOP} y2={height - BOTTOM} />
      {shown.map((r) => (
        <circle key={r.id} className={`dot tone-${r.tone}`} cx={x(r.x)} cy={y(r.y)} r={3} />
      ))}
    </>
  );
}

/** Value of a curve at x (its last one without x). */
export function readAt(s: Smoothed, at: number | undefined) {
  const i = at === undefined ? s.xs.length - 1 : nearestIndex(s.xs, at);
  const { id, label, tone } = s;
  if (i === undefined || i < 0) return { id, label, tone, x: 0, y: Number.NaN };
  return { id, label, tone, x: s.xs[i] as number, y: s.smooth[i] as number };
}

const clampTo = (v: number, low: number, high: number) => Math.max(low, Math.min(high, v));

function onKey(
  e: KeyboardEvent,
  xs: ArrayLike<number>,
  at: number | undefined,
  onAt: (x: number | undefined) => void,
) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 20, PageDown: -20 }[e.key];
  if (e.key === 'Escape') {
    onAt(undefined);
    return;
  }
  if (step === undefined || xs.length === 0) return;
  e.preventDefault();
  e.stopPropagation();
  const from = at === undefined ? xs.length - 1 : (nearestIndex(xs, at) ?? 0);
  onAt(xs[clampTo(from + step, 0, xs.length - 1)]);
}

interface GridProps {
  readonly x: { (v: number): number; ticks(n: number): number[] };
  readonly y: { (v: number): number; ticks(n: number): number[] };
  readonly width: number;
  readonly height: number;
}

function Grid({ x, y, width, height }: GridProps) {
  const every = <T,>(all: T[], most: number) => all.filter((_, i) => i % Math.ceil(all.length / most) === 0);
  return (
    <g className="plot-grid">
      {every(y.ticks(4), 5).map((t) => (
        <g key={t}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(t)} y2={y(t)} />
          <text x={LEFT - 4} y={y(t) + 3} textAnchor="end">
            {formatShort(t)}
          </text>
        </g>
      ))}
      {every(x.ticks(Math.max(2, Math.floor(width / 70))), 8).map((t) => (
        <text key={t} x={x(t)} y={height - 4} textAnchor="middle">
          {formatShort(t)}
        </text>
      ))}
    </g>
  );
}

import './plots.css';
import { interpolateRgb, max as maxOf, scaleLinear } from 'd3';
import { type KeyboardEvent, useRef, useState } from 'react';
import { binOf, type CountScale, countScale, countTicks } from './bin_scale.ts';
import { formatCount, formatShort, formatValue } from './numbers.ts';
import { pointerAt } from './pointer_at.ts';
import { useWidth } from './use_width.ts';

const DEFAULTS = { width: 360, height: 70, countScale: 'linear', tone: 'activation', gap: 0.05 } as const;
/** Height of the tick labels below the bars, px. */
const AXIS = 14;
/** Bar colour from low to high bins (Neuronpedia's activation histogram). */
const rampActivation = interpolateRgb('#ffd097', '#ff8c00');

/** A vertical line with its value. */
export interface Marker {
  readonly value: number;
  readonly text: string;
  readonly tone: 'act' | 'hover';
}
export interface HistogramProps {
  /** bins + 1 ascending edges. */
  readonly edges: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  /** What is shown, for the aria-label: 'Activation density of feature 7'. */
  readonly label: string;
  /** Name and unit of the x axis: 'activation', 'logits per unit act'. */
  readonly xName: string;
  /** What is counted: 'tokens'. */
  readonly countName: string;
  /** 'signed' colours bins above and below zero; 'density' is one colour, bins under `tintBelow` hatched. */
  readonly tone?: 'activation' | 'signed' | 'density';
  readonly tintBelow?: number | undefined;
  readonly width?: number;
  readonly height?: number;
  readonly countScale?: CountScale;
  readonly markers?: readonly Marker[];
  /** Bin that is picked; its bar is outlined. */
  readonly picked?: number | undefined;
  /** Click, Enter or Space on a bin; the picked bin again gives undefined. */
  readonly onPick?: ((bin: number | undefined) => void) | undefined;
}

/** Counts over bins, with a log-y switch, hover and arrow-key read-out, markers and a bin that can be picked. */
export function Histogram({ edges, counts, label, xName, countName, ...rest }: HistogramProps) {
  const o = { ...DEFAULTS, ...rest };
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, o.width);
  const [kind, setKind] = useState<CountScale>(o.countScale);
  const [active, setActive] = useState<number>();
  const bins = Math.max(0, edges.length - 1);
  const says = (bin: number) =>
    `${xName} ${formatValue(edges[bin] as number)} to ${formatValue(edges[bin + 1] as number)}: ${formatCount(counts[bin] as number)} ${countName}`;
  const pick = (bin: number) => o.onPick?.(bin === o.picked ? undefined : bin);
  const read = active ?? o.picked;
  return (
    <div className="plot histogram" ref={box}>
      <div
        className="plot-area"
        role="slider"
        tabIndex={0}
        aria-label={`${label}, histogram of ${countName} over ${xName}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bins - 1)}
        aria-valuenow={read ?? 0}
        aria-valuetext={read === undefined ? 'use the arrow keys to read bins' : says(read)}
        onKeyDown={(e) => onKey(e, bins, active ?? o.picked, setActive, pick)}
        onPointerMove={(e) => setActive(binAt(pointerAt(e).x, width, bins))}
        onPointerLeave={() => setActive(undefined)}
        onBlur={() => setActive(undefined)}
        onClick={(e) => pick(binAt(pointerAt(e).x, width, bins))}
      >
        <svg width={width} height={o.height + AXIS} aria-hidden="true">
          <Bars {...{ ...o, edges, counts, width, kind, active, bins }} />
          <Markers edges={edges} markers={o.markers ?? []} width={width} height={o.height} />
          <Axis edges={edges} width={width} top={o.height} />
        </svg>
      </div>
      <div className="plot-foot">
        <output>{read === undefined ? xName : says(read)}</output>
        <label className="plot-switch">
          <input
            type="checkbox"
            checked={kind === 'log'}
            onChange={(e) => setKind(e.target.checked ? 'log' : 'linear')}
          />
          log y
        </label>
      </div>
    </div>
  );
}

const binAt = (x: number, width: number, bins: number): number =>
  Math.min(bins - 1, Math.max(0, Math.floor((x / Math.max(1, width)) * bins)));

function onKey(
  e: KeyboardEvent,
  bins: number,
  at: number | undefined,
  go: (bin: number) => void,
  pick: (bin: number) => void,
): void {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[e.key];
  const jump = { Home: 0, End: bins - 1 }[e.key];
  if (step === undefined && jump === undefined && e.key !== 'Enter' && e.key !== ' ') return;
  e.preventDefault();
  e.stopPropagation();
  if (step !== undefined) go(Math.min(bins - 1, Math.max(0, (at ?? (step > 0 ? -1 : bins)) + step)));
  else if (jump !== undefined) go(jump);
  else if (at !== undefined) pick(at);
}

interface BarsProps {
  readonly edges: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly bins: number;
  readonly kind: CountScale;
  readonly tone: 'activation' | 'signed' | 'density';
  readonly gap: number;
  readonly active: number | undefined;
  readonly picked?: number | undefined;
  readonly tintBelow?: number | undefined;
}

function Bars({ edges, counts, width, height, bins, kind, tone, gap, active, picked, tintBelow }: BarsProps) {
  const most = maxOf(Array.from({ length: bins }, (_, i) => counts[i] as number)) ?? 1;
  const y = countScale(kind, most, height);
  const step = width / Math.max(1, bins);
  return (
    <>
      {countTicks(kind, most).map((t) => (
        <g key={t} className="plot-grid">
          <line x1={0} x2={width} y1={height - y(t)} y2={height - y(t)} />
          <text x={1} y={height - y(t) - 1}>
            {formatShort(t)}
          </text>
        </g>
      ))}
      {Array.from({ length: bins }, (_, bin) => {
        const h = y(counts[bin] as number);
        const mid = ((edges[bin] as number) + (edges[bin + 1] as number)) / 2;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its index
            key={bin}
            className={barClass(tone, mid, tintBelow, bin === picked || bin === active)}
            {...(tone === 'activation' ? { fill: rampActivation(bins > 1 ? bin / (bins - 1) : 1) } : {})}
            x={bin * step + (step * gap) / 2}
            width={Math.max(0.5, step * (1 - gap))}
            y={height - h}
            height={h}
          />
        );
      })}
    </>
  );
}

function barClass(tone: BarsProps['tone'], mid: number, tintBelow: number | undefined, on: boolean): string {
  const sign = tone === 'signed' ? (mid < 0 ? ' neg' : ' pos') : '';
  const sparse = tintBelow !== undefined && mid < tintBelow ? ' sparse' : '';
  return `bar ${tone}${sign}${sparse}${on ? ' on' : ''}`;
}

/** x in pixels of a value on an axis whose bins are equally wide on screen. */
function pixelOf(edges: ArrayLike<number>, value: number, width: number): number | undefined {
  const bin = binOf(edges, value);
  if (bin === undefined) return undefined;
  const low = edges[bin] as number;
  const high = edges[bin + 1] as number;
  const part = high > low ? (value - low) / (high - low) : 0;
  return ((bin + part) / (edges.length - 1)) * width;
}

function Markers(p: {
  readonly edges: ArrayLike<number>;
  readonly markers: readonly Marker[];
  readonly width: number;
  readonly height: number;
}) {
  return p.markers.map((m) => {
    const x = pixelOf(p.edges, m.value, p.width);
    if (x === undefined) return null;
    const right = x > p.width / 2;
    return (
      <g key={`${m.tone} ${m.text}`} className={`marker ${m.tone}`}>
        <line x1={x} x2={x} y1={0} y2={p.height} />
        <text x={right ? x - 4 : x + 4} y={m.tone === 'act' ? 10 : 22} textAnchor={right ? 'end' : 'start'}>
          {m.text}
        </text>
      </g>
    );
  });
}

function Axis({
  edges,
  width,
  top,
}: {
  readonly edges: ArrayLike<number>;
  readonly width: number;
  readonly top: number;
}) {
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? 1;
  const ticks = scaleLinear()
    .domain([low, high])
    .ticks(Math.max(2, Math.floor(width / 80)));
  return (
    <g className="plot-axis">
      <line x1={0} x2={width} y1={top} y2={top} />
      {ticks.map((t) => {
        const x = pixelOf(edges, t, width);
        if (x === undefined) return null;
        const anchor = x < 12 ? 'start' : x > width - 12 ? 'end' : 'middle';
        return (
          <text key={t} x={x} y={top + 11} textAnchor={anchor}>
            {formatShort(t)}
          </text>
        );
      })}
    </g>
  );
}

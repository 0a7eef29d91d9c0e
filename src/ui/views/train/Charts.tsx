import { useState } from 'react';
import { VIEW_DEFAULTS } from '#share/codec.ts';
import type { TrainViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Histogram } from '#ui/plots/Histogram.tsx';
import { Lines, readAt, type Series } from '#ui/plots/Lines.tsx';
import { domainOf } from '#ui/plots/line_path.ts';
import { formatShort, formatValue } from '#ui/plots/numbers.ts';
import type { LiveRun } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { CHARTS, type ChartSpec } from './definitions.ts';
import { runTitle } from './run_title.ts';

const TONES = 6;

/** All charts of the shown run and of those ticked beside it, with one crosshair and one smoothing. */
export function Charts({ view, run }: { readonly view: TrainViewRef; readonly run: LiveRun }) {
  const patch = useApp((s) => s.patchView);
  const compared = useApp((s) => s.comparedRuns);
  const runs = useApp((s) => s.runs);
  const [at, setAt] = useState<number>();
  const smooth = view.smooth ?? VIEW_DEFAULTS.smooth;
  const others = compared.flatMap((id) => (id === run.info.id ? [] : (runs.get(id) ?? [])));
  const shown = [run, ...others].slice(0, TONES);
  const tokens = shown.map((r) => r.steps.tokens);
  const xDomain = tokens.some((t) => t.length > 0) ? domainOf(tokens, 'linear') : undefined;
  return (
    <section aria-label="Charts" className="charts-box">
      <div className="spread">
        <RunLegend runs={shown} />
        <label className="row tight">
          smoothing
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smooth}
            onChange={(e) => patch('train', { smooth: Number(e.target.value) })}
          />
          <span className="mono">{smooth.toFixed(2)}</span>
          <HelpHint term="Smoothing." formula="m_t = s·m_(t−1) + (1 − s)·y_t, shown as m_t ÷ (1 − s^t)">
            Exponential moving average, corrected at the start. The faint line is the raw value.
          </HelpHint>
        </label>
        <span className="muted mono">
          {at === undefined ? 'x: tokens seen' : `at ${formatShort(at)} tokens`}
        </span>
      </div>
      <div className="charts">
        {CHARTS.map((spec) => (
          <Chart key={spec.id} {...{ spec, smooth, xDomain, at }} runs={shown} onAt={setAt} />
        ))}
        <DensityChart run={run} />
      </div>
    </section>
  );
}

function RunLegend({ runs }: { readonly runs: readonly LiveRun[] }) {
  return (
    <ul className="legend">
      {runs.map((r, tone) => (
        <li key={r.info.id} className={`tone-${tone}`}>
          <RunSwatch /> {runTitle(r.info)}
        </li>
      ))}
    </ul>
  );
}

/** Colour and dash of the surrounding tone. */
export function RunSwatch() {
  return (
    <svg width={24} height={8} className="curve" aria-hidden="true">
      <path d="M0 4H24" />
    </svg>
  );
}

interface ChartProps {
  readonly spec: ChartSpec;
  readonly runs: readonly LiveRun[];
  readonly smooth: number;
  readonly xDomain: readonly [number, number] | undefined;
  readonly at: number | undefined;
  readonly onAt: (x: number | undefined) => void;
}

function Chart({ spec, runs, smooth, xDomain, at, onAt }: ChartProps) {
  const [isLog, setLog] = useState(false);
  const series = runs.map((r, tone) => seriesOf(r, spec, tone));
  const first = series[0];
  const isEmpty = series.every((s) => s.xs.length === 0);
  // Evaluations are few and already averages.
  const s = spec.from === 'evaluations' ? 0 : smooth;
  // The figure is the value itself, the drawn curve its average.
  const value = first ? readAt({ ...first, smooth: first.ys }, at).y : Number.NaN;
  return (
    <figure className="chart">
      <figcaption className="spread">
        <span className="row tight">
          <strong>{spec.title}</strong>
          <HelpHint term={spec.title} formula={spec.formula}>
            {spec.words}
          </HelpHint>
        </span>
        <span className="row tight">
          {spec.canLog && (
            <label className="plot-switch">
              <input type="checkbox" checked={isLog} onChange={(e) => setLog(e.target.checked)} />
              log y
            </label>
          )}
          <span className="mono">{Number.isFinite(value) ? `${formatValue(value)} ${spec.unit}` : ''}</span>
        </span>
      </figcaption>
      {isEmpty ? (
        <p className="muted no-values">
          {spec.from === 'evaluations' ? 'No evaluation in this tab yet.' : 'No step yet.'}
        </p>
      ) : (
        <Lines
          series={series}
          label={`${spec.title} over tokens`}
          xName="tokens"
          unit={spec.unit}
          smooth={s}
          xDomain={xDomain}
          yScale={isLog ? 'log' : 'linear'}
          at={at}
          onAt={onAt}
        />
      )}
    </figure>
  );
}

function seriesOf(run: LiveRun, spec: ChartSpec, tone: number): Series {
  const { tokens, columns } = spec.from === 'steps' ? run.steps : run.evaluations;
  const ys = (columns as Readonly<Record<string, readonly number[]>>)[spec.id] ?? [];
  return {
    id: run.info.id,
    label: runTitle(run.info),
    tone,
    xs: tokens,
    ys: spec.percent ? ys.map((v) => v * 100) : ys,
  };
}

function DensityChart({ run }: { readonly run: LiveRun }) {
  return (
    <figure className="chart">
      <figcaption className="row tight">
        <strong>Feature densities</strong>
        <HelpHint term="Feature densities." formula="log10(tokens with act > 0 ÷ tokens), −8 to 0">
          How many features fire how often, over recent tokens. Those below 1e-5 are ultra-sparse: hatched and
          tinted.
        </HelpHint>
      </figcaption>
      {run.density ? (
        <Histogram
          edges={run.density.edges}
          counts={run.density.counts}
          label="Feature densities"
          xName="log10 density"
          countName="features"
          tone="density"
          tintBelow={-5}
          height={92}
        />
      ) : (
        <p className="muted no-values">No evaluation in this tab yet.</p>
      )}
    </figure>
  );
}
